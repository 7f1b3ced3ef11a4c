"""The paper's tables as Markdown and as a drawing: what was measured here, beside what the paper prints."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.evaluation.chart import Panel, drawn
from ctstudio.evaluation.metrics import METRICS, Figure
from ctstudio.evaluation.na_diff import DOSES
from ctstudio.evaluation.na_diff_paper import REFERENCE
from ctstudio.evaluation.published import (
    DOWNSTREAM_DICE,
    IQA_BY_DOSE,
    VARIANTS,
    published,
)
from ctstudio.evaluation.report import arrow, rounded, shown, table

ROWS = ("clean-fid", "kid", "cmmd", "lpips", "iqa", "iqa-gap", "dice", "iou", "hd", "recall", "precision", "hd95")
MORE_ROWS = ("ssim", "psnr", "mae")
PAPER = "the paper's"


def variant_of(name: str) -> str:
    """The paper's letter for a model that is named after it, for example "na-diff-demo-c"; else empty."""
    found = re.search(r"na-diff-(?:demo-)?([a-f])(?:-|$)", name.lower())
    return found.group(1).upper() if found else ""


def as_markdown(facts: Mapping[str, Any]) -> str:
    """All tables of an evaluation (`facts`: what the JSON file holds)."""
    parts = [
        f"# {facts['title']}",
        "\n".join(f"- {note}" for note in facts["notes"]),
        "## Images and masks (tables 2, 3, 5)",
        "\n".join(_main_table(facts["columns"])),
        _footnotes(facts["columns"]),
        "## Dose (table 4, figure 7)",
        "\n".join(_dose_table(facts["columns"], facts["real"])),
        "## Organs",
        "\n".join(_organ_table(facts["columns"])),
    ]
    if facts.get("downstream"):
        parts += ["## Downstream segmentation (table 6)", "\n".join(_downstream_table(facts["downstream"]))]
    return "\n\n".join(part for part in parts if part) + "\n"


def as_drawing(facts: Mapping[str, Any]) -> NDArray[np.uint8]:
    """The curves of quality over dose: ours on the left, the paper's on the right, (y, x, 3) RGB."""
    quality = facts["quality"]
    ours = {name: _series(curves["quality_by_dose"]) for name, curves in facts["real"].items()}
    ours |= {name: _series(c["quality_by_dose"]) for name, c in facts["columns"].items() if REFERENCE not in name}
    theirs = {f"{name}, {PAPER}": curve for name, curve in IQA_BY_DOSE.items()}
    panels = [Panel("Quality by dose", f"{quality['name']}, {quality['unit']}", ours, DOSES)]
    note = "LDCT-IQA, 0 to 4" if quality["published"] else "LDCT-IQA, 0 to 4: another measure"
    return drawn([*panels, Panel("As the paper prints it", note, theirs, DOSES)])


def _main_table(columns: Mapping[str, Any]) -> list[str]:
    letters = [variant_of(name) for name in columns]
    paper = list(VARIANTS) if not any(letters) else sorted({letter for letter in letters if letter})
    heads = ["", "unit", *(_head(name) for name in columns), *(f"{PAPER} {letter}" for letter in paper)]
    rows = []
    for metric in (*ROWS, *MORE_ROWS):
        found = {name: _figure(column, metric) for name, column in columns.items()}
        first = next((figure for figure in found.values() if figure is not None), None)
        if first is None:
            continue
        cells = [shown(figure) if figure else "-" for figure in found.values()]
        rows.append(
            [f"{first.heading} {arrow(first)}", first.unit, *cells, *(published(metric, each) for each in paper)]
        )
    return table(heads, rows)


def _footnotes(columns: Mapping[str, Any]) -> str:
    """What is to be said of single figures, model by model, and once what is to be said of all."""
    said: dict[str, list[str]] = {}
    for name, column in columns.items():
        for figure in (Figure(**each) for each in column["figures"]):
            if figure.note:
                said.setdefault(f"{figure.name}: {figure.note}", []).append(name)
    lines = [
        f"- {line}." if len(names) == len(columns) else f"- {line} ({', '.join(names)})."
        for line, names in said.items()
    ]
    lines.append("- The paper's Hausdorff distance has no unit; it used other scans, encoders and a liver mask alone.")
    return "\n".join(lines)


def _dose_table(columns: dict[str, Any], real: dict[str, Any]) -> list[str]:
    heads = ["", *(f"{dose:.0%}" for dose in DOSES), "slope of noise"]
    rows = []
    for name, column in (real | columns).items():
        rows.append([f"quality, {_head(name)}", *map(rounded, _series(column["quality_by_dose"])), ""])
    for name, curve in IQA_BY_DOSE.items():
        rows.append([f"LDCT-IQA, {name}, {PAPER}", *map(rounded, curve), ""])
    for name, column in (real | columns).items():
        noise = map(rounded, _series(column["noise_sd_hu_by_dose"]))
        rows.append([f"noise SD in the liver, HU, {_head(name)}", *noise, _slope(column)])
    return table(heads, rows)


def _organ_table(columns: Mapping[str, Any]) -> list[str]:
    organs = list(dict.fromkeys(organ for column in columns.values() for organ in column["organs"]))
    wanted = ("dice", "iou", "hd", "recall", "precision")
    heads = ["organ", "model", "slices", *(METRICS[name].title for name in wanted)]
    rows = []
    for organ in organs:
        for name, column in columns.items():
            figures = {f["metric"]: Figure(**f) for f in column["organs"].get(organ, [])}
            if figures:
                cells = [shown(figures[each]) if each in figures else "-" for each in wanted]
                count = str(next(iter(figures.values())).count)
                rows.append([organ.replace("_", " "), _head(name), count, *cells])
    return table(heads, rows)


def _downstream_table(found: Mapping[str, Any]) -> list[str]:
    heads = ["liver segmenter trained on", "slices", "Dice", "IoU", "gain in Dice"]
    rows = []
    for how in ("plain", "augmented"):
        for name, arm in found[how]["arms"].items():
            gain = found[how]["gains"].get(name)
            title = f"{name.replace('_', ' ')}{', augmented' if how == 'augmented' else ''}"
            figures = [_mean(arm["dice"]), _mean(arm["iou"]), _mean(gain, sign=True) if gain else ""]
            rows.append([title, str(arm["slices"]), *figures])
    for network, (alone, mixed) in DOWNSTREAM_DICE.items():
        rows.append([f"real, {network}, {PAPER}", "", f"{alone:.3f}", "", ""])
        rows.append([f"real and synthetic, {network}, {PAPER}", "", f"{mixed:.3f}", "", f"{mixed - alone:+.3f}"])
    return table(heads, rows)


def _mean(value: Mapping[str, Any], sign: bool = False) -> str:
    mean = f"{value['mean']:+.3f}" if sign else f"{value['mean']:.3f}"
    return f"{mean} ± {value['sd']:.3f}"


def _figure(column: Mapping[str, Any], metric: str) -> Figure | None:
    return next((Figure(**each) for each in column["figures"] if each["metric"] == metric), None)


def _head(name: str) -> str:
    letter = variant_of(name)
    return f"{name} ({letter})" if letter else name


def _slope(column: Mapping[str, Any]) -> str:
    return rounded(column["dose_slope"])


def _series(by_dose: Mapping[str, float]) -> Sequence[float]:
    return [by_dose[f"{dose:.2f}"] for dose in DOSES]
