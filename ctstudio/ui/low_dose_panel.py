"""The panel of the Low dose page: the dial, what the scan's noise tells, the scanner, SD and spectrum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QLabel, QPushButton, QScrollArea, QToolButton, QVBoxLayout, QWidget

from ctstudio.catalog.low_dose import CARD
from ctstudio.core.errors import ParameterError
from ctstudio.measure.scanner import Exposure
from ctstudio.session.low_dose import LowDose
from ctstudio.session.low_dose_request import trouble_of
from ctstudio.ui import theme
from ctstudio.ui.dose_dial import DoseDial
from ctstudio.ui.icons import icon
from ctstudio.ui.panel_parts import MARGIN, PANEL_WIDTH, heading, muted, quietly
from ctstudio.ui.parameter_form import ParameterForm

if TYPE_CHECKING:
    from ctstudio.session.noise_reading import NoiseReading


class LowDosePanel(QFrame):
    """Shows the settings of a live low dose and sets them."""

    whole_asked = Signal()
    reading_asked = Signal()
    trouble = Signal(ParameterError)

    def __init__(self, low_dose: LowDose, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setFixedWidth(PANEL_WIDTH)
        self._low_dose = low_dose
        self.live = QCheckBox("Live preview of the slice in sight")
        self.dial = DoseDial()
        self.words = muted("")
        self.found = muted("")
        self.fold = QToolButton()
        self.scanner = ParameterForm([field for field in CARD.fields() if not field.widget])
        self.crosshair = QCheckBox("Measure at the crosshair")
        self.measured = QLabel()
        self.plots: Any = None
        self.whole = QPushButton("Simulate whole scan   Ctrl+Enter")
        self._prepare()
        self._lay_out()
        self._bind()
        self.show_settings()

    def show_settings(self, _name: str = "") -> None:
        """Show the settings as they are."""
        values = self._low_dose.values
        self.dial.set_dose(float(values["dose"]))
        quietly(self.live, self._low_dose.on)
        for name, value in values.items():
            self.scanner.show_value(name, value)

    def show_words(self, words: str) -> None:
        """Say what goes on, and what was found about the scan."""
        found = self._low_dose.found
        self.words.setText(words)
        self.words.setVisible(bool(words))
        self.found.setText("" if found is None else _in_short(found.exposure))
        self.found.setToolTip("" if found is None else found.words)
        self.whole.setEnabled(self._low_dose.case is not None and not trouble_of(self._low_dose.case))

    def show_reading(self, reading: NoiseReading | None) -> None:
        """Show what was measured in the slice in sight."""
        self.dial.show_noise(None if reading is None else reading.simulated_sd_hu)
        if reading is None:
            known = self._low_dose.on and self._low_dose.noise is not None
            self.measured.setText("No even tissue in this slice." if known else "")
        else:
            own, made = f"scan {reading.own_sd_hu:.1f} HU", f"simulated {reading.simulated_sd_hu:.1f} HU"
            tint = "<span style='color:{}'>{}</span>".format
            self.measured.setText(f"{tint(theme.ACCENT, own)} &nbsp; {tint(theme.SYNTHETIC, made)}")
        if self.plots is not None:
            self.plots.show_reading(reading, float(self._low_dose.values["dose"]))

    # Building.

    def _prepare(self) -> None:
        self.dial.unknown = "noise not measured"
        self.dial.noise_name = "simulated noise"
        self.live.setToolTip("Show the slice as it would have been at the dial's dose, beside the original (V)")
        self.crosshair.setToolTip("Measure in a disc of 40 mm about the crosshair, not where the tissue is most even")
        self.whole.setObjectName("primary")
        self.whole.setToolTip("Simulate every slice and put the scan among the results, to compare and to save")
        self.measured.setObjectName("value")
        self.fold.setObjectName("fold")
        self.fold.setText("Scanner")
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setCheckable(True)
        self._unfold(False)

    def _lay_out(self) -> None:
        inside = QWidget()
        self._rows = QVBoxLayout(inside)
        self._place_of_plots = QVBoxLayout()
        self._rows.setContentsMargins(MARGIN, 10, MARGIN, 10)
        self._rows.setSpacing(6)
        title = QLabel(CARD.title)
        title.setObjectName("title")
        title.setToolTip(f"{CARD.summary}\n{CARD.citation}")
        for above in (title, self.live, self.dial, self.words, self.found):
            self._rows.addWidget(above)
        self._rows.addSpacing(4)
        self._rows.addWidget(heading("Noise measured"))
        self._rows.addWidget(self.measured)
        self._rows.addLayout(self._place_of_plots)
        for below in (self.crosshair, self.fold, self.scanner):
            self._rows.addWidget(below)
        self._rows.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        foot = QVBoxLayout()
        foot.setContentsMargins(MARGIN, 8, MARGIN, 14)
        foot.addWidget(self.whole)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(area, 1)
        outer.addLayout(foot)

    def _bind(self) -> None:
        self._low_dose.changed.connect(self.show_settings)
        self._low_dose.words.connect(self.show_words)
        self.dial.changed.connect(lambda dose: self._set("dose", dose))
        self.scanner.changed.connect(self._set)
        self.live.toggled.connect(lambda on: setattr(self._low_dose, "on", on))
        self.crosshair.toggled.connect(lambda _: self.reading_asked.emit())
        self.fold.toggled.connect(self._unfold)
        self.whole.clicked.connect(self.whole_asked)

    # Events.

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.plots is None:
            from ctstudio.ui.low_dose_plots import LowDosePlots

            self.plots = LowDosePlots()
            self._place_of_plots.addWidget(self.plots)
            self.plots.fit(self.height())
            self.reading_asked.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.plots is not None:
            self.plots.fit(self.height())

    def _set(self, name: str, value: Any) -> None:
        try:
            self._low_dose.set(name, value)
        except ParameterError as error:
            self.show_settings()
            self.trouble.emit(error)
            return
        self._low_dose.on = True

    def _unfold(self, unfolded: bool) -> None:
        self.fold.setIcon(icon("fold_open" if unfolded else "fold_closed", theme.MUTED, 14))
        self.scanner.setVisible(unfolded)


def _in_short(exposure: Exposure) -> str:
    if exposure.noise_free:
        return "The scan counts as noise-free: it gets all the noise of the dose."
    held = "" if exposure.held_sd_hu is None else f" of {exposure.held_sd_hu:.0f} HU"
    return f"The scan keeps its own noise{held} and gets only what it lacks at the dose."
