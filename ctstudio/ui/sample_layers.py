"""What is drawn over the views for the chosen sample: differences from the expected, swipe, what changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from psygnal import SignalInstance
from PySide6.QtCore import QObject, Signal

from ctstudio.core.volume import Volume
from ctstudio.session.document import Case
from ctstudio.session.results import CompareMode, SampleView
from ctstudio.ui.page_order import GENERATE_PAGE
from ctstudio.ui.slice_layers import DifferenceLayer, HeatLayer, SwipeLayer
from ctstudio.ui.swipe_hands import SwipeHands

if TYPE_CHECKING:
    from ctstudio.session.anomaly_reading import AnomalyMap
    from ctstudio.ui.main_window import MainWindow
    from ctstudio.ui.slice_view import SliceView

MODES: tuple[CompareMode, ...] = ("side by side", "swipe", "difference")


class SampleLayers(QObject):
    """Hears which sample is chosen and how it is compared.

    Signals:
        map_changed: Another map of differences is in sight, or none.
    """

    map_changed = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._case: Case | None = None
        self._of: SampleView | None = None
        self._heat: HeatLayer | None = None
        self._bonds: list[tuple[SignalInstance, Callable[..., Any]]] = []
        self._share = 0.5
        self._hands = SwipeHands(window.grid.generated)
        self.anomaly: AnomalyMap | None = None
        self.threshold_hu = 0.0
        window.document.active_changed.connect(self._show_case)

    def refresh(self, *_: object) -> None:
        """Draw what belongs over the views now."""
        case, chosen = self._case, None if self._case is None else self._case.results.chosen
        grid = self._window.grid
        share = next((one.share for one in grid.generated.layers if isinstance(one, SwipeLayer)), self._share)
        self._share = share
        for view in grid.views:
            view.layers = ()
        if case is not None and chosen is not None and self._window.page == GENERATE_PAGE:
            self._find_map(chosen)
            if self._heat is not None and self._of is chosen:
                for view in (grid.coronal, grid.sagittal, grid.generated):
                    view.layers = (self._heat,)
            elif case.has_scan:
                grid.generated.layers = _comparing(case, chosen, grid.generated, share)
        for view in grid.views:
            view.update()

    def show_threshold(self, threshold_hu: float) -> None:
        """Colour what differs by this much or more, at once."""
        self.threshold_hu = threshold_hu
        if self._heat is not None and self.anomaly is not None:
            sign = self.anomaly.sign
            self._heat.show(threshold_hu, low=sign != "brighter", high=sign != "darker")
            for view in self._window.grid.views:
                view.update()

    def set_mode(self, mode: CompareMode) -> None:
        """Compare the chosen sample with the original in another way."""
        if self._case is not None:
            self._case.results.compare = mode

    def cycle(self) -> None:
        """Go on to the next way of comparing: beside each other, swipe, difference."""
        if self._case is not None and self._case.results.chosen is not None:
            mode = self._case.results.compare
            self.set_mode(MODES[(MODES.index(mode) + 1) % len(MODES)] if mode in MODES else MODES[0])

    def _show_case(self, case: Case | None) -> None:
        for signal, slot in self._bonds:
            signal.disconnect(slot)
        self._bonds.clear()
        self._case = case
        for signal in () if case is None else (case.results.chosen_changed, case.results.compare_changed):
            signal.connect(self.refresh)
            self._bonds.append((signal, self.refresh))
        self.refresh()

    def _find_map(self, chosen: SampleView) -> None:
        """Make the map of a sample ready beside the window, once."""
        if self._of is chosen:
            return
        self._of, self._heat, self.anomaly = chosen, None, None
        self.map_changed.emit()
        if "anomaly" in chosen.sample.outputs:
            from ctstudio.session.anomaly_reading import anomaly_map

            work = partial(anomaly_map, chosen.sample)
            self._window.background.run(work, partial(self._take_map, chosen), self._window.notices.report)

    def _take_map(self, of: SampleView, found: AnomalyMap | None) -> None:
        if found is None or of is not self._of:
            return
        self.anomaly = found
        self._heat = HeatLayer(found.codes, found.step_hu)
        self.show_threshold(found.threshold_hu)
        self.refresh()
        self.map_changed.emit()


def _comparing(
    case: Case, chosen: SampleView, view: SliceView, share: float
) -> tuple[DifferenceLayer | SwipeLayer, ...]:
    ct = chosen.sample.outputs.get("ct")
    if not isinstance(ct, Volume) or ct.grid.shape != case.volume.grid.shape:
        return ()
    if case.results.compare == "difference":
        return (DifferenceLayer(case.volume),)
    return (SwipeLayer(case.volume, view, share),) if case.results.compare == "swipe" else ()
