"""What was generated from a case: the strip of samples, the chosen one, and how it is compared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from psygnal import Signal

from ctstudio.protocol.result import Result, Sample
from ctstudio.session.notices import Notices

CompareMode = Literal["side by side", "swipe", "difference", "generated only"]
DEFAULT_BUDGET_BYTES = 2 << 30


@dataclass(eq=False)
class SampleView:
    """A sample as the user sees it.

    Attributes:
        sample: What came from the engine.
        request_id: The request that made it.
        starred: Kept when memory runs short.
        saved_path: Where it was saved, or None.
    """

    sample: Sample
    request_id: str
    starred: bool = False
    saved_path: Path | None = None

    @property
    def nbytes(self) -> int:
        """Memory of its outputs, bytes."""
        return sum(output.array.nbytes for output in self.sample.outputs.values())


class Results:
    """The samples of one case, oldest first.

    The oldest samples without a star go when the budget is full; a notice says which. The newest request's
    samples and the chosen one always stay.

    Signals:
        added: A new `SampleView`.
        removed: A `SampleView` that is gone.
        changed: A `SampleView` was starred or saved.
        chosen_changed: The `SampleView` compared with the original, or None.
        compare_changed: The new mode.
    """

    added = Signal(SampleView)
    removed = Signal(SampleView)
    changed = Signal(SampleView)
    chosen_changed = Signal(object)
    compare_changed = Signal(str)

    def __init__(self, notices: Notices, budget_bytes: int = DEFAULT_BUDGET_BYTES) -> None:
        self.budget_bytes = budget_bytes
        self._notices = notices
        self._items: list[SampleView] = []
        self._chosen: SampleView | None = None
        self._compare: CompareMode = "side by side"

    @property
    def items(self) -> tuple[SampleView, ...]:
        """All samples, oldest first."""
        return tuple(self._items)

    @property
    def bytes_used(self) -> int:
        """Memory of all samples, bytes."""
        return sum(view.nbytes for view in self._items)

    @property
    def unsaved(self) -> tuple[SampleView, ...]:
        """Starred samples that are not on disk."""
        return tuple(view for view in self._items if view.starred and view.saved_path is None)

    @property
    def chosen(self) -> SampleView | None:
        """The sample beside the original."""
        return self._chosen

    @chosen.setter
    def chosen(self, view: SampleView | None) -> None:
        if view is not self._chosen and (view is None or view in self._items):
            self._chosen = view
            self.chosen_changed.emit(view)

    @property
    def chosen_index(self) -> int | None:
        """Place of the chosen sample in `items`."""
        return None if self._chosen is None else self._items.index(self._chosen)

    @property
    def compare(self) -> CompareMode:
        """How original and sample are shown together."""
        return self._compare

    @compare.setter
    def compare(self, mode: CompareMode) -> None:
        if mode != self._compare:
            self._compare = mode
            self.compare_changed.emit(mode)

    def add(self, result: Result) -> tuple[SampleView, ...]:
        """Take in all samples of a result, choose its first, say its notes, and make room when it is too much."""
        views = tuple(SampleView(sample, result.request_id) for sample in result.samples)
        for view in views:
            self._items.append(view)
            self.added.emit(view)
        if views:
            self.chosen = views[0]
        for note in result.notes:
            self._notices.say(note)
        self._make_room(views)
        return views

    def star(self, view: SampleView, starred: bool = True) -> None:
        """Keep a sample when memory runs short, or no longer."""
        view.starred = starred
        self.changed.emit(view)

    def mark_saved(self, view: SampleView, path: Path) -> None:
        """A sample is safe on disk."""
        view.saved_path = path
        self.changed.emit(view)

    def remove(self, view: SampleView) -> None:
        """Let a sample go."""
        place = self._items.index(view)
        self._items.remove(view)
        if self._chosen is view:
            self.chosen = self._items[min(place, len(self._items) - 1)] if self._items else None
        self.removed.emit(view)

    def _make_room(self, newest: tuple[SampleView, ...]) -> None:
        gone = []
        for view in tuple(self._items):
            if self.bytes_used <= self.budget_bytes:
                break
            if not view.starred and view not in newest and view is not self._chosen:
                self.remove(view)
                gone.append(str(view.sample.seed))
        size = f"{self.budget_bytes / (1 << 30):.1f} GiB"
        if gone:
            text = f"Older samples were let go to stay within {size}: seed {', '.join(gone)}."
            self._notices.say(text, "Star the samples to keep. The same seed and settings make them again.", "warning")
        if self.bytes_used > self.budget_bytes:
            text = f"The samples take more than {size}."
            self._notices.say(text, "Save them and take away stars.", "warning")


class HasResults(Protocol):
    """Whatever samples belong to: a case, or the chests made of reports."""

    results: Results
