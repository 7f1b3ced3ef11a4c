"""How a batch is put in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctstudio.core.spoken import amount, duration
from ctstudio.jobs.training_status import RunStatus

if TYPE_CHECKING:  # brings the readers of all files, which the window's start must not wait for
    from ctstudio.session.batch_check import BatchCheck

_MOST_LABELS = 8


def amounts_line(check: BatchCheck) -> str:
    """Masks, samples and cases: "3 masks × 15 = 45 samples, 45 cases"."""
    counts = check.counts
    line = f"{_counted(counts.masks, 'mask')} × {check.plan.samples_each} = {_counted(counts.samples, 'sample')}"
    if counts.cases != counts.samples:
        line += f", {_counted(counts.cases, 'case')}"
    if counts.groups != counts.masks:
        line += f", {_counted(counts.groups, 'patient')}"
    return f"{line}; {counts.samples_done} of them done" if counts.samples_done else line


def room_line(check: BatchCheck) -> str:
    """Room on the disk."""
    counts = check.counts
    return f"At most {amount(counts.disk_bytes_at_most)} on disk; {amount(counts.free_bytes)} are free"


def time_line(check: BatchCheck, seconds: float | None) -> str:
    """How long it takes."""
    slices = _counted(check.counts.slices, "slice")
    if not check.counts.slices:
        return "Nothing is left to be made"
    return f"{slices}: measuring the time …" if seconds is None else f"{slices}: about {duration(seconds)}"


def labels_line(check: BatchCheck) -> str:
    """The labels of the data set."""
    labels = [name.replace("_", " ") for name in check.plan.labels]
    more = f" and {len(labels) - _MOST_LABELS} more" if len(labels) > _MOST_LABELS else ""
    return f"Labels: {', '.join(labels[:_MOST_LABELS])}{more}"


def mind_lines(check: BatchCheck) -> list[str]:
    """What to mind, and what is left out."""
    left_out = check.plan.left_out
    lines = list(check.to_mind)
    if left_out:
        more = f" (and {len(left_out) - 1} more)" if len(left_out) > 1 else ""
        lines.append(f"Left out: {left_out[0]}{more}")
    return lines


def state_line(status: RunStatus) -> str:
    """How a batch stands, in a line."""
    info = status.info
    done = f"{info.step} of {info.steps} samples" if info.steps else "looking at the masks"
    if not status.over:
        left = f", {duration(info.seconds_left)} left" if info.seconds_left is not None else ""
        return f"{info.title}: {done}{left}"
    if info.state == "finished":
        return f"{info.title}: finished, {_counted(info.steps, 'sample')}"
    words = "stopped" if info.state == "stopped" else "failed"
    return f"{info.title}: {words}, {done} done" if info.steps else f"{info.title}: {words}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count:,} {what}s".replace(",", "\u202f")
