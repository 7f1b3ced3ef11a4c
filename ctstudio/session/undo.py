"""Named steps back and forth, within a budget of bytes."""

from __future__ import annotations

from dataclasses import dataclass

from psygnal import Signal

from ctstudio.session.delta import Delta

DEFAULT_BUDGET_BYTES = 256 << 20


@dataclass(frozen=True)
class Step:
    """One thing that was done.

    Attributes:
        name: What the user sees: "Brush liver".
        delta: The voxels that changed.
        made_synthetic: Whether the labels became something made rather than acquired by this step.
    """

    name: str
    delta: Delta
    made_synthetic: bool = False


class History:
    """What can be undone and done again.

    The oldest steps go when the budget is full; the newest always stays.

    Signals:
        changed: The lists of steps or the bytes used changed.
    """

    changed = Signal()

    def __init__(self, budget_bytes: int = DEFAULT_BUDGET_BYTES) -> None:
        self.budget_bytes = budget_bytes
        self._done: list[Step] = []
        self._undone: list[Step] = []

    @property
    def bytes_used(self) -> int:
        """Memory of all steps, bytes."""
        return sum(step.delta.nbytes for step in (*self._done, *self._undone))

    @property
    def undo_names(self) -> tuple[str, ...]:
        """Names of what can be undone, the next one last."""
        return tuple(step.name for step in self._done)

    @property
    def redo_names(self) -> tuple[str, ...]:
        """Names of what can be done again, the next one last."""
        return tuple(step.name for step in self._undone)

    def push(self, step: Step) -> None:
        """Remember what was just done; what was undone before it is gone."""
        self._undone.clear()
        self._done.append(step)
        used = self.bytes_used
        while used > self.budget_bytes and len(self._done) > 1:
            used -= self._done.pop(0).delta.nbytes
        self.changed.emit()

    def back(self) -> Step | None:
        """The step to take back, moved to the steps that can be done again; None when there is none."""
        return self._move(self._done, self._undone)

    def forth(self) -> Step | None:
        """The step to do again, moved back to the steps that can be undone; None when there is none."""
        return self._move(self._undone, self._done)

    def clear(self) -> None:
        """Forget everything."""
        self._done.clear()
        self._undone.clear()
        self.changed.emit()

    def _move(self, source: list[Step], target: list[Step]) -> Step | None:
        if not source:
            return None
        step = source.pop()
        target.append(step)
        self.changed.emit()
        return step
