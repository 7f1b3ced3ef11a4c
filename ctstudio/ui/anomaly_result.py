"""Anomalies of the chosen sample: the slider colours them at once, the table follows, a click leads to each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from ctstudio.measure.anomaly import MOST, Finding
from ctstudio.session.anomaly_reading import AnomalyMap, with_findings
from ctstudio.session.document import Case
from ctstudio.ui.anomaly_panel import AnomalyPanel
from ctstudio.ui.chosen_sample import ChosenSample
from ctstudio.ui.panel_parts import rule

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ctstudio.ui.main_window import MainWindow

_STEP = "Take findings"


class AnomalyResult(QWidget):
    """Binds the panel of findings to what is drawn over the views."""

    def __init__(self, window: MainWindow, chosen: ChosenSample) -> None:
        super().__init__()
        self._window, self._chosen = window, chosen
        self._asked = 0
        self._told: tuple[AnomalyMap, float] | None = None
        self.panel = AnomalyPanel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        layout.addWidget(rule())
        window.layers.map_changed.connect(self.show_map)
        chosen.changed.connect(self.show_map)
        chosen.rested.connect(self._find)
        self.panel.threshold_asked.connect(self._set_threshold)
        self.panel.finding_asked.connect(self._look_at)
        self.panel.mask_asked.connect(self._take)
        self.show_map()

    def show_map(self) -> None:
        """Show the map of the chosen sample, or nothing."""
        shown = self._window.layers.anomaly if self._chosen.view is not None else None
        self.setVisible(shown is not None)
        if shown is not None and (self._told is None or self._told[0] is not shown):
            self.panel.show_map(shown, self._window.layers.threshold_hu)
            self._chosen.soon()

    def step(self, by: int) -> None:
        """Go to the next finding, or the one before."""
        self.panel.step(by)

    def _set_threshold(self, threshold_hu: float) -> None:
        self._window.layers.show_threshold(threshold_hu)
        self._chosen.soon()

    def _find(self) -> None:
        """Find again with another map or threshold, beside the window."""
        shown, threshold = self._window.layers.anomaly, self._window.layers.threshold_hu
        if shown is None or self._chosen.view is None or self._told == (shown, threshold):
            return
        self._told = shown, threshold
        self._asked += 1
        work = partial(shown.found, threshold)
        self._window.background.run(work, partial(self._tell, self._asked), self._window.notices.report)

    def _tell(self, asked: int, found: tuple[Finding, ...]) -> None:
        if asked == self._asked:
            self.panel.show_findings(found, more=len(found) == MOST)

    def _look_at(self, finding: Finding) -> None:
        shown, case = self._window.layers.anomaly, self._chosen.case
        if shown is not None and case is not None:
            case.viewing.crosshair = shown.place_of(finding)

    def _take(self) -> None:
        """Put the findings into the mask, as lesions, as one step of undo."""
        shown, case = self._window.layers.anomaly, self._chosen.case
        if shown is None or case is None:
            return
        work = partial(with_findings, shown, self._window.layers.threshold_hu, case.mask.snapshot())
        self._window.background.run(work, partial(self._taken, case), self._window.notices.report)

    def _taken(self, case: Case, array: NDArray[np.uint8]) -> None:
        if case in self._window.document.cases:
            case.mask.replace(array, _STEP, case.mask.synthetic)
            self._window.notices.say(
                f"The findings are lesions of the mask of {case.name} now.", "Undo (Ctrl+Z) takes them out again."
            )
