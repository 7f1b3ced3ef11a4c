"""`report.md`: what a data set holds and what was left out, for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from ctstudio.catalog.dataset import PARTS, Case, DatasetInfo, leaking_patients
from ctstudio.core.labels import standard_table

FILE_NAME = "report.md"


def report_text(info: DatasetInfo, told_apart: Sequence[str]) -> str:
    """The report, in Markdown.

    Args:
        info: The data set.
        told_apart: How patients were told apart, a sentence each.
    """
    blocks = [
        [f"# {info.name}", "", f"Made from `{info.source}`, split with seed {info.seed}."],
        ["## Parts", "", *_parts(info)],
        ["## Patients", "", *_items(told_apart)],
        ["## Leakage", "", *_items(_leakage(info))],
        ["## Warnings", "", *_items(info.warnings)],
        ["## Left out", "", *_items(left_out(info))],
        ["## Cases", "", *_cases(info.cases)],
        ["## Labels", "", *_labels(info)],
        ["## What was done", "", *_items(f"{_code(c.name)}: {note}" for c in info.cases for note in c.notes)],
    ]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def summary(info: DatasetInfo) -> list[str]:
    """The data set in a few lines."""
    lines = [f"{info.name}: {_size(info.cases)}."]
    for part in PARTS:
        cases = info.of(part)
        lines.append(f"  {part:<11} {_size(cases)}")
    kinds = sorted({kind for case in info.cases for kind in case.files})
    held = ", ".join(f"{kind} {sum(kind in case.files for case in info.cases)}" for kind in kinds)
    lines.append(f"  holds       {held}")
    scans = [case for case in info.cases if case.hu]
    if scans:
        low, high = min(c.hu.low for c in scans if c.hu), max(c.hu.high for c in scans if c.hu)
        lines.append(f"  HU          {low:.0f} to {high:.0f} (0.5th to 99.5th percentile)")
    lines.append(f"  voxels      {_spacings(info.cases)}")
    lines.append(f"  labels      {len(_label_names(info))} of {len(standard_table())}")
    return lines


def left_out(info: DatasetInfo) -> list[str]:
    """What was skipped, a line each."""
    return [f"{_code(one.path)}: {one.why} {one.remedy}".rstrip() for one in info.skipped]


def _parts(info: DatasetInfo) -> list[str]:
    rows = [
        [part, str(len(info.of(part))), str(_patients(info.of(part))), _spacings(info.of(part)) or "-"]
        for part in PARTS
    ]
    return _table(["part", "cases", "patients", "voxels, least to greatest"], rows)


def _leakage(info: DatasetInfo) -> list[str]:
    leaks = leaking_patients(info.cases)
    digests = [case.digest for case in info.cases]
    same = len(digests) - len(set(digests))
    return [
        f"Patients in more than one part: {len(leaks)}.",
        f"Scans with the same voxels: {same}.",
        "The same scan in other voxels (resampled, cropped) is not recognised when its name hides the patient.",
    ]


def _cases(cases: Iterable[Case]) -> list[str]:
    rows = []
    for case in cases:
        z, y, x = case.shape
        spacing = " x ".join(f"{s:.3g}" for s in case.spacing_mm)
        hu = f"{case.hu.low:.0f} to {case.hu.high:.0f}" if case.hu else "-"
        kinds = " ".join(case.files)
        rows.append(
            [case.name, case.patient, case.part, kinds, f"{x} x {y} x {z}", spacing, hu, str(len(case.label_voxels))]
        )
    return _table(["case", "patient", "part", "holds", "voxels", "mm", "HU", "labels"], rows)


def _labels(info: DatasetInfo) -> list[str]:
    """For each label the cases of each part that hold it, and its median volume."""
    names = _label_names(info)
    if not names:
        return ["There are no labels."]
    rows = []
    for name in names:
        holders = [case for case in info.cases if name in case.label_voxels]
        counts = [str(sum(case.part == part for case in holders)) for part in PARTS]
        middle = median(case.label_voxels[name] * case.grid.voxel_volume_mm3 / 1000 for case in holders)
        rows.append([name.replace("_", " "), *counts, f"{middle:.1f}"])
    return _table(["label", *(f"cases, {part}" for part in PARTS), "median ml"], rows)


def _label_names(info: DatasetInfo) -> list[str]:
    held = {name for case in info.cases for name in case.label_voxels}
    return [label.name for label in standard_table() if label.name in held]


def _spacings(cases: Sequence[Case]) -> str:
    if not cases:
        return ""
    ranges = [(min(values), max(values)) for values in zip(*(case.spacing_mm for case in cases), strict=True)]
    return " x ".join(f"{low:.3g}" if high - low < 1e-3 else f"{low:.3g}..{high:.3g}" for low, high in ranges) + " mm"


def _patients(cases: Iterable[Case]) -> int:
    return len({case.patient for case in cases})


def _size(cases: Sequence[Case]) -> str:
    people = _patients(cases)
    return f"{len(cases)} case{'s' * (len(cases) != 1)} of {people} patient{'s' * (people != 1)}"


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def _items(lines: Iterable[str]) -> list[str]:
    return [f"- {line}" for line in lines] or ["None."]


def _code(text: str) -> str:
    return f"`{text}`"
