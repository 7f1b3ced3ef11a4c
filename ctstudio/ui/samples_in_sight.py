"""The samples that the strip shows: those of the active case, or those made of reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctstudio.session.results import HasResults, SampleView
from ctstudio.ui.result_cards import key_of

if TYPE_CHECKING:
    from ctstudio.ui.main_window import MainWindow


class SamplesInSight:
    """What keys and clicks on samples act on."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    @property
    def owner(self) -> HasResults | None:
        """Whose samples they are; None when there is no case."""
        return self._window.pages.tasks.owner or self._window.document.active

    def of(self, key: str) -> SampleView | None:
        """The sample of a card in the strip."""
        owner = self.owner
        return None if owner is None else next((v for v in owner.results.items if key_of(v) == key), None)

    def choose(self, key: str) -> None:
        """Look at a sample: beside the original, or as a case of its own when it has no original."""
        view, owner = self.of(key), self.owner
        if view is not None and owner is not None:
            self._window.pages.low_dose.rest()
            self._window.pages.tasks.rest()
            owner.results.chosen = view
            self._window.pages.tasks.look(view)

    def step(self, by: int) -> None:
        """Choose the next sample, or the one before."""
        owner = self.owner
        if owner is not None and owner.results.items:
            at = ((owner.results.chosen_index or 0) + by) % len(owner.results.items)
            self.choose(key_of(owner.results.items[at]))

    def star(self, view: SampleView | None = None) -> None:
        """Mark a sample, by default the chosen one, or take the mark away."""
        owner = self.owner
        view = view or (owner.results.chosen if owner is not None else None)
        if owner is not None and view is not None:
            owner.results.star(view, not view.starred)
