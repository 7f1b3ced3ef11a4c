"""The MedDiff-FM paper's tables as Markdown and CSV: what was measured here, beside what the paper prints."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from ctstudio.evaluation.meddiff_rows import Row
from ctstudio.evaluation.report import rounded, table

TITLES = {
    "synthesis": "CT from anatomy (table 3)",
    "position embedding": "Gain by position embedding (table 3)",
    "denoising": "Denoising (table 4)",
    "detection": "Anomalies (table 5)",
    "lesions": "Lesions from anatomy (table 6)",
    "inpainting": "Lesions put into healthy scans (table 6)",
    "removal": "Lesions taken out",
}
HEADS = ("", "figure", "value [95 %]", "n", "beside", "beside is", "the paper's", "measured by", "note")
Facts = Mapping[str, Any]


def as_markdown(facts: Facts) -> str:
    """All tables of an evaluation (`facts`: what the JSON file holds)."""
    parts = [f"# {facts['title']}: {facts['model']}", "\n".join(f"- {note}" for note in facts["notes"])]
    rows = rows_of(facts)
    for part in dict.fromkeys(row.part for row in rows):
        found = [row for row in rows if row.part == part]
        parts += [f"## {TITLES.get(part, part)}", "\n".join(table(HEADS, [_cells(row, found) for row in found]))]
    return "\n\n".join(parts) + "\n"


def as_csv(facts: Facts) -> str:
    """Every row, one line each, numbers in full; empty where there is none."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    names = [field.name for field in fields(Row)]
    writer.writerow(names)
    for row in rows_of(facts):
        values = [getattr(row, name) for name in names]
        writer.writerow(["" if isinstance(v, float) and not math.isfinite(v) else v for v in values])
    return written.getvalue()


def rows_of(facts: Facts) -> list[Row]:
    """The rows of an evaluation; null is no number again."""
    numbers = ("value", "low", "high", "sd", "beside")
    return [Row(**{**each, **{n: math.nan if each[n] is None else each[n] for n in numbers}}) for each in facts["rows"]]


def with_interval(row: Row) -> str:
    """The value, with its interval where there is one."""
    unit = f" {row.unit}" if row.unit and math.isfinite(row.value) else ""
    if not math.isfinite(row.low):
        return f"{rounded(row.value)}{unit}"
    return f"{rounded(row.value)} [{rounded(row.low)}, {rounded(row.high)}]{unit}"


def _cells(row: Row, among: Sequence[Row]) -> list[str]:
    """A row as text; the model is named where a part has more than one."""
    several = len({each.model for each in among}) > 1
    subject = f"{row.region.replace('_', ' ')}, {row.model}" if several else row.region.replace("_", " ")
    by = row.measured_by if row.published else f"{row.measured_by}; not comparable with published figures"
    title = f"{row.title} {'↓' if row.better == 'lower' else '↑'}"
    beside = rounded(row.beside) if math.isfinite(row.beside) else ""
    return [subject, title, with_interval(row), str(row.count), beside, row.beside_is, row.paper, by, row.note]
