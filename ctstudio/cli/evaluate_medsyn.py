"""`ctstudio evaluate --paper medsyn`: that paper's tables as JSON and Markdown."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctstudio.cli.answer import answer
from ctstudio.cli.progress import late_bar
from ctstudio.core.errors import ModelNotFound, ParameterError

if TYPE_CHECKING:
    from ctstudio.catalog.shelf import Model

JSON, TABLES = "medsyn.json", "medsyn.md"
DECIDED = ("text", "impression", "seed", "count")
"""Parameters that the evaluation sets itself."""


def evaluate_medsyn_paper(
    out: Path,
    names: Sequence[str],
    judge_name: str,
    weights: Path | None,
    volumes: int,
    parts: str,
    changed: Sequence[str],
    as_json: bool,
) -> None:
    """Evaluate a model as the MedSyn paper does, and write its tables into a folder.

    Args:
        out: The folder; volumes that were made are kept in it, so that a stopped evaluation goes on.
        names: One model by name or folder; none for the first of MedSyn on the shelf.
        judge_name: Model whose reader reads all volumes; the evaluated one's own when empty.
        weights: Folder with MedicalNet, or None.
        volumes: Of each prompt.
        parts: What is evaluated, names with commas between, or "all".
        changed: Parameters of the sampling as "key=value".
        as_json: Print one line for programs.
    """
    from ctstudio.cli.evaluation_engine import engine_here
    from ctstudio.evaluation.medsyn_evaluation import evaluate_medsyn
    from ctstudio.evaluation.medsyn_paper import PARTS, MedsynSettings
    from ctstudio.evaluation.volume_encoders import reader_encoder, volume_encoder
    from ctstudio.io.storage import check_place
    from ctstudio.systems.medsyn.reading import load_reader

    chosen = PARTS if parts == "all" else tuple(name.strip().lower() for name in parts.split(",") if name.strip())
    settings = MedsynSettings(volumes, chosen, min(16, volumes), parameters=sampling_parameters(changed))
    check_place(out)
    model = _model_named(names)
    reader = load_reader(_judge(judge_name, model).folder)
    encoder = volume_encoder(weights, reader_encoder(reader))
    with late_bar("Evaluating MedSyn") as bar:
        facts = evaluate_medsyn(model, reader, encoder, engine_here(), settings, out, bar.at)
    _write(facts, out)
    wrote = [str(out / name) for name in (JSON, TABLES)]
    answer(as_json, {"out": str(out), "files": wrote, **facts}, [*_lines(facts), f"The tables are in {out / TABLES}."])


def sampling_parameters(changed: Sequence[str]) -> dict[str, Any]:
    """Parameters of the card from "key=value".

    Raises:
        ParameterError: Not of that form, unknown, out of range, or one that the evaluation sets itself.
    """
    from ctstudio.catalog.medsyn import GENERATE

    found: dict[str, Any] = {}
    for text in changed:
        key, separator, value = text.partition("=")
        if not separator or key in DECIDED:
            raise ParameterError(f"{text!r} sets nothing here.", "Give for example --set upscale_steps=5.")
        try:
            found[key] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            found[key] = value
    checked = GENERATE.validated({"text": "x", **found})
    return {key: checked[key] for key in found}


def _model_named(names: Sequence[str]) -> Model:
    from ctstudio.catalog.shelf import find_model
    from ctstudio.cli.running import default_model

    if len(names) > 1:
        raise ParameterError("One model of MedSyn is evaluated at a time.", "Name one with --model.")
    model = find_model(names[0] if names else default_model("medsyn"))
    if model.info.system != "medsyn":
        raise ParameterError(f"{model.info.name} is no model of MedSyn.", "See 'ctstudio models list'.")
    return model


def _judge(name: str, model: Model) -> Model:
    """The model whose reader reads: the one named, the evaluated one, or any other of MedSyn with a reader."""
    from ctstudio.catalog.shelf import find_model, look
    from ctstudio.systems.medsyn.reading import has_reader

    wanted = [find_model(name)] if name else [model, *(m for m in look().models if m.info.system == "medsyn")]
    found = next((each for each in wanted if has_reader(each.folder)), None)
    if found is None:
        raise ModelNotFound(
            f"{wanted[0].info.name} comes with no reader of chest CTs.",
            "Name a model that has one with --judge, such as the bundled demo.",
        )
    return found


def _write(facts: dict[str, Any], out: Path) -> None:
    from ctstudio.evaluation.medsyn_tables import as_markdown
    from ctstudio.evaluation.report import as_json
    from ctstudio.io.storage import write_text

    write_text(as_json(facts), out / JSON)
    write_text(as_markdown(facts), out / TABLES)


def _lines(facts: dict[str, Any]) -> list[str]:
    """The answers, a line each."""
    return [
        f"{each['title']}: {each['answer']['hits']} of {each['answer']['count']} "
        f"({each['answer']['low']:.0%} to {each['answer']['high']:.0%}; goal {each['goal']:.0%})"
        for each in facts["questions"]["model"]
    ]
