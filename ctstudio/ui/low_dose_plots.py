"""Noise of the scan beside that of its simulated twin. Imported, with pyqtgraph, when the Low dose page is shown."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ctstudio.session.noise_reading import DOSES, NoiseReading
from ctstudio.ui import theme
from ctstudio.ui.train_plots import Plot

OWN, SIMULATED = theme.ACCENT, theme.SYNTHETIC
_LOW, _HIGH = 108, 240
_ABOVE_AND_BELOW = 490


class LowDosePlots(QWidget):
    """SD over dose, and the noise power spectrum: the scan blue, simulated amber."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sd = Plot("SD, HU, over dose, %", lambda v: f"{v:.1f} HU")
        self.spectrum = Plot("Noise power, HU² mm², over 1/mm", lambda v: "", log=True)
        self.sd.setToolTip(
            "Noise SD in the region that is measured, over the dose in percent.\n"
            "Blue: the scan as it is. Amber: foretold for every dose, and measured at the dial's."
        )
        self.spectrum.setToolTip(
            "Noise power spectrum of that region over frequency: coarse grain left, fine grain right.\n"
            "Blue: the scan. Amber: simulated. The area under the whole spectrum is the variance."
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for plot in (self.sd, self.spectrum):
            layout.addWidget(plot)

    def fit(self, panel_height: int) -> None:
        """Take the height that a panel of this height has left, so that both are seen without scrolling."""
        height = min(max((panel_height - _ABOVE_AND_BELOW) // 2, _LOW), _HIGH)
        for plot in (self.sd, self.spectrum):
            plot.setFixedHeight(height)

    def show_reading(self, reading: NoiseReading | None, dose: float) -> None:
        """Draw what was measured at a dose; None draws nothing."""
        for plot in (self.sd, self.spectrum):
            plot.begin()
        if reading is not None:
            percent = 100 * np.array(DOSES)
            self.sd.add(np.array([100.0]), np.array([reading.own_sd_hu]), OWN, marks=True)
            self.sd.add(percent, reading.sd_of_dose_hu, SIMULATED)
            self.sd.add(np.array([100 * dose]), np.array([reading.simulated_sd_hu]), SIMULATED, marks=True)
            for curve, colour in ((reading.own, OWN), (reading.simulated, SIMULATED)):
                if curve is not None:
                    self.spectrum.add(curve.frequency[1:], curve.power[1:], colour)  # the first holds the anatomy
        for plot in (self.sd, self.spectrum):
            plot.end()
