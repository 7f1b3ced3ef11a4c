"""Noise before and after denoising, in words and as spectra. Imports pyqtgraph: made when it is first shown."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from ctstudio.session.noise_compared import NoiseCompared
from ctstudio.ui import theme
from ctstudio.ui.panel_parts import Paragraph, add_all, heading
from ctstudio.ui.train_plots import Plot

BEFORE, AFTER = theme.ACCENT, theme.SYNTHETIC
_HEIGHT = 170


class NoiseLines(QWidget):
    """The scan blue, what came of it amber."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = Paragraph()
        self.spectrum = Plot("Noise power, HU² mm², over 1/mm", lambda v: "", log=True)
        self.spectrum.setFixedHeight(_HEIGHT)
        self.spectrum.setToolTip(
            "Noise power spectra of the dashed circle over frequency: coarse grain left, fine grain right.\n"
            "Blue: the scan. Amber: denoised. Lower everywhere alike is noise taken; lower at the right alone is blur."
        )
        self.crosshair = QCheckBox("Measure at the crosshair")
        self.crosshair.setToolTip("Measure in a disc of 40 mm about the crosshair, not where the tissue is most even")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        add_all(layout, heading("Noise in this slice"), self.words, self.spectrum, self.crosshair)

    def show_noise(self, noise: NoiseCompared | None) -> None:
        """Show what was measured; None when no tissue is even."""
        self.spectrum.begin()
        if noise is None:
            self.words.setText("No even tissue in this slice.")
        else:
            (before, after), (mean_before, mean_after) = noise.sd_hu, noise.mean_hu
            tint = "<span style='color:{}'>{}</span>".format
            self.words.setText(
                f"SD {tint(BEFORE, f'{before:.1f}')} → {tint(AFTER, f'{after:.1f} HU')}, "
                f"mean {tint(BEFORE, f'{mean_before:.0f}')} → {tint(AFTER, f'{mean_after:.0f} HU')}"
            )
            for curve, colour in zip(noise.spectra, (BEFORE, AFTER), strict=True):
                if curve is not None:
                    self.spectrum.add(curve.frequency[1:], curve.power[1:], colour)  # the first holds the anatomy
        self.spectrum.end()
