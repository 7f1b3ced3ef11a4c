"""Figures as text: JSON, CSV, Markdown."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from ctstudio.evaluation.metrics import Figure

COLUMNS = tuple(field.name for field in fields(Figure))


@dataclass(frozen=True)
class Report:
    """What an evaluation found.

    Attributes:
        figures: One a row.
        notes: What a reader should know of all of them.
        settings: What was evaluated, and how.
    """

    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()
    settings: Mapping[str, Any] | None = None

    def facts(self) -> dict[str, Any]:
        """Everything, as JSON values."""
        return {
            "settings": dict(self.settings or {}),
            "notes": list(self.notes),
            "figures": [asdict(figure) for figure in self.figures],
        }

    def text(self, suffix: str) -> str:
        """The report as ".json", ".csv" or ".md"."""
        if suffix == ".json":
            return as_json(self.facts())
        return self._csv() if suffix == ".csv" else self._markdown()

    def _csv(self) -> str:
        written = io.StringIO()
        writer = csv.writer(written, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([["" if v is None else v for v in asdict(one).values()] for one in self.figures])
        return written.getvalue()

    def _markdown(self) -> str:
        rows = [
            [f"{one.heading} {arrow(one)}", shown(one), one.unit, str(one.count), one.measured_by, one.note]
            for one in self.figures
        ]
        lines = table(["metric", "value", "unit", "n", "measured by", "note"], rows)
        return "\n".join([*lines, *(["", *(f"- {note}" for note in self.notes)] if self.notes else [])]) + "\n"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table, a line each."""
    lines = [list(heads), ["---"] * len(heads), *rows]
    return ["| " + " | ".join(cell.replace("|", "/") for cell in line) + " |" for line in lines]


def shown(figure: Figure) -> str:
    """The value with its spread, or a dash."""
    if figure.value is None:
        return "-"
    spread = f" ± {rounded(figure.sd)}" if figure.sd is not None else ""
    return f"{rounded(figure.value)}{spread}"


def arrow(figure: Figure) -> str:
    """Which way is better."""
    return "↓" if figure.better == "lower" else "↑"


def rounded(value: float) -> str:
    """Three or so digits that matter; a dash for what is no number."""
    if not math.isfinite(value):
        return "-"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) >= 10 else f"{value:.3f}"


def as_json(facts: Mapping[str, Any]) -> str:
    """JSON with null for what is no number."""
    return json.dumps(_plain(facts), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
