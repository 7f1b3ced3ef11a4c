"""How a training run is put in words and colours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ctstudio.core.spoken import amount, duration
from ctstudio.jobs.training_errands import Estimate
from ctstudio.jobs.training_status import RunStatus
from ctstudio.protocol.training_run import State
from ctstudio.ui import theme

COLOURS = ("#56b4e9", "#e69f00", "#2fbf93", "#f0e442", "#cc79a7", "#ff7f50", "#b8a9ff", "#c9d1d9")
"""Told apart by the colour-blind too (Okabe and Ito 2008, lightened for a dark ground)."""

STATE_WORDS: dict[State, str] = {
    "starting": "Starting",
    "running": "Running",
    "paused": "Paused",
    "stopped": "Stopped",
    "finished": "Finished",
    "failed": "Failed",
}
STATE_COLOURS: dict[State, str] = {
    "starting": theme.ACCENT,
    "running": theme.ACCENT,
    "paused": theme.AMBER,
    "stopped": theme.MUTED,
    "finished": theme.GREEN,
    "failed": theme.RED,
}


def colours_of(shown: Sequence[RunStatus]) -> dict[Path, str]:
    """The colour of every run that is drawn."""
    return {status.folder: COLOURS[place % len(COLOURS)] for place, status in enumerate(shown)}


def short_state(status: RunStatus) -> str:
    """The list's second line: state, and how long it still takes."""
    info, word = status.info, STATE_WORDS[status.info.state]
    if info.state == "running" and info.seconds_left is not None:
        return f"{info.stage or word}, {duration(info.seconds_left)} left"
    if info.state == "finished" and info.seconds:
        return f"{word} in {duration(info.seconds)}"
    if info.state in ("paused", "stopped", "failed") and info.steps:
        return f"{word} at {status.progress:.0%}"
    return word


def long_state(status: RunStatus) -> str:
    """Everything about where a run stands, in one line."""
    info = status.info
    parts = [STATE_WORDS[info.state]]
    if info.steps:
        parts.append(f"{info.stage or 'step'}: step {info.step:,} of {info.steps:,}".replace(",", "\u202f"))
    if info.seconds:
        parts.append(f"{duration(info.seconds)} so far" if not status.over else f"took {duration(info.seconds)}")
    if info.seconds_left is not None and not status.over:
        parts.append(f"{duration(info.seconds_left)} left in this stage")
    parts += [part for part in (info.device, f"from {info.base}" if info.base else "", info.data) if part]
    return "  ·  ".join(parts)


def estimate_lines(found: Estimate) -> list[str]:
    """An estimate, one line for each thing it takes."""
    lines = [f"About {duration(found.seconds)}"]
    lines.append(f"Memory {amount(found.memory_bytes)}, disk {amount(found.disk_bytes)}")
    if found.cost is not None:
        lines.append(f"Cost {found.cost:,.2f}")
    if len(found.stages) > 1:
        lines += [f"{one.stage}: {one.steps} steps, {duration(one.seconds)}" for one in found.stages]
    return lines
