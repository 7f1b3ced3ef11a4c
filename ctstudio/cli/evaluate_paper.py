"""`ctstudio evaluate --paper`: a paper's tables as JSON, Markdown and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ctstudio.cli.answer import answer
from ctstudio.cli.progress import late_bar

JSON, TABLES, CURVES = "na-diff.json", "na-diff.md", "dose-iqa.png"


def evaluate_paper(
    out: Path,
    names: Sequence[str],
    judge_name: str,
    data: Path | None,
    weights: Path | None,
    slices: int,
    mask: str,
    downstream: bool,
    as_json: bool,
) -> None:
    """Evaluate models as the NA-Diff paper does, and write its tables into a folder.

    Args:
        out: The folder; what was generated is kept in it, so that a stopped evaluation goes on.
        names: Models by name or folder; none for all of NA-Diff on the shelf.
        judge_name: Model whose encoder and segmenter measure; the usual one when empty.
        data: A prepared data set to test on; None for phantoms.
        weights: Folder with published networks, or None.
        slices: Held-out slices.
        mask: "all" or "liver".
        downstream: Whether the downstream task is done, with the first model.
        as_json: Print one line for programs.
    """
    from ctstudio.cli.evaluation_models import judge_with, judging_model, loaded, models_named
    from ctstudio.evaluation.na_diff_downstream import DownstreamSettings
    from ctstudio.evaluation.na_diff_evaluation import evaluate_models
    from ctstudio.evaluation.na_diff_paper import PaperSettings
    from ctstudio.io.storage import check_place

    settings = PaperSettings(slices, mask)  # type: ignore[arg-type]
    task = DownstreamSettings() if downstream else None
    check_place(out)
    models = models_named(names)
    judge = judge_with(judging_model(judge_name), weights)
    candidates = [loaded(each) for each in models]
    with late_bar("Evaluating NA-Diff") as bar:
        facts = evaluate_models(candidates, judge, settings, task, data, out, bar.at)
    _write(facts, out)
    wrote = [str(out / name) for name in (JSON, TABLES, CURVES)]
    answer(as_json, {"out": str(out), "files": wrote, **facts}, [*_lines(facts), f"The tables are in {out / TABLES}."])


def _write(facts: dict[str, Any], out: Path) -> None:
    from ctstudio.evaluation.na_diff_tables import as_drawing, as_markdown
    from ctstudio.evaluation.report import as_json
    from ctstudio.io.pictures import write_png
    from ctstudio.io.storage import write_text

    write_text(as_json(facts), out / JSON)
    write_text(as_markdown(facts), out / TABLES)
    write_png(as_drawing(facts), out / CURVES)


def _lines(facts: dict[str, Any]) -> list[str]:
    """The most telling figures, a line a model."""
    from ctstudio.evaluation.metrics import Figure

    lines = []
    for name, column in facts["columns"].items():
        of = {each["metric"]: Figure(**each) for each in column["figures"]}
        told = [f"{of[key].name} {of[key].value:.3g}" for key in _TOLD if key in of and of[key].value is not None]
        lines.append(f"{name}: {', '.join(told)}, slope of noise over dose {column['dose_slope']:.2f}")
    for how in ("plain", "augmented") if facts["downstream"] else ():
        gain = facts["downstream"][how]["gains"]["real_and_synthetic"]["mean"]
        lines.append(f"Downstream, {how} training, real and synthetic against real: Dice of the liver {gain:+.3f}")
    return lines


_TOLD = ("kid", "lpips", "iqa-gap", "dice")
"""Metrics that are said on the terminal; the rest is in the files."""
