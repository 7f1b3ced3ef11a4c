"""Follows the chosen sample of the open case, for one task."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from psygnal import SignalInstance
from PySide6.QtCore import QObject, QTimer, Signal

from ctstudio.catalog.card import Card
from ctstudio.session.document import Case
from ctstudio.session.results import SampleView

if TYPE_CHECKING:
    from ctstudio.ui.main_window import MainWindow

QUIET_MS = 150


class ChosenSample(QObject):
    """The chosen sample, when it is one of the task's.

    Signals:
        changed: Another sample is chosen, or another case is open, or it is compared in another way.
        rested: Nothing moved for a moment: time to measure.
    """

    changed = Signal()
    rested = Signal()

    def __init__(self, window: MainWindow, card: Card) -> None:
        super().__init__(window)
        self._key = card.system, card.task
        self._bonds: list[tuple[SignalInstance, Callable[..., Any]]] = []
        self.case: Case | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(QUIET_MS)
        self._timer.timeout.connect(self.rested)
        window.document.active_changed.connect(self._show_case)
        self._show_case(window.document.active)

    @property
    def view(self) -> SampleView | None:
        """The sample; None when another task's is chosen, or none."""
        view = None if self.case is None else self.case.results.chosen
        told = None if view is None else view.sample.provenance
        return view if told is not None and (told.system, told.task) == self._key else None

    def soon(self, *_: object) -> None:
        """Say `rested` in a moment."""
        self._timer.start()

    def _show_case(self, case: Case | None) -> None:
        for signal, slot in self._bonds:
            signal.disconnect(slot)
        self._bonds.clear()
        self.case = case
        if case is not None:
            results = case.results
            self._bonds = [
                (results.chosen_changed, self._change),
                (results.compare_changed, self._change),
                (case.viewing.crosshair_changed, self.soon),
            ]
            for signal, slot in self._bonds:
                signal.connect(slot)
        self._change()

    def _change(self, *_: object) -> None:
        self.changed.emit()
        self.soon()
