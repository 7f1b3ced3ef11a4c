"""An image that a task made of the open case: how it is compared, and its receipt or its noise."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from ctstudio.catalog.card import Card
from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume
from ctstudio.session.edit_receipt import EditReceipt, edit_receipt
from ctstudio.session.results import SampleView
from ctstudio.ui.chosen_sample import ChosenSample
from ctstudio.ui.compare_row import CompareRow
from ctstudio.ui.panel_parts import heading, rule
from ctstudio.ui.receipt_lines import ReceiptLines
from ctstudio.ui.slice_layers import SPAN_HU

if TYPE_CHECKING:
    from ctstudio.session.noise_compared import NoiseCompared
    from ctstudio.ui.main_window import MainWindow
    from ctstudio.ui.noise_lines import NoiseLines


class ImageResult(QWidget):
    """Seen while the chosen sample is one of the task's."""

    def __init__(self, window: MainWindow, chosen: ChosenSample, card: Card) -> None:
        super().__init__()
        self._window, self._chosen = window, chosen
        self._asked = 0
        self._lesions: dict[str, LabelMap] = {}
        self._receipts: dict[SampleView, EditReceipt | None] = {}
        inputs = {one.name for one in card.inputs}
        self.compare = CompareRow(SPAN_HU)
        self.receipt = ReceiptLines() if {"scan", "lesion"} <= inputs else None
        self.noise: NoiseLines | None = None
        self._denoises = card.task == "denoise"
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(9)
        self._rows.addWidget(heading("Compare"))
        self._rows.addWidget(self.compare)
        if self.receipt is not None:
            self._rows.addWidget(self.receipt)
        self._rows.addWidget(rule())
        self.compare.asked.connect(window.layers.set_mode)
        chosen.changed.connect(self.show_sample)
        chosen.rested.connect(self._measure)
        self.show_sample()

    def remember(self, request_id: str, lesion: LabelMap) -> None:
        """The lesion that a request asked for: its receipt counts from there."""
        self._lesions[request_id] = lesion

    def show_sample(self) -> None:
        """Show how the chosen sample is compared, and its receipt; nothing when it is another task's."""
        case, view = self._chosen.case, self._chosen.view
        self.setVisible(view is not None)
        if case is None or view is None:
            self._show_region(None)
            return
        self.compare.show_mode(case.results.compare)
        if self._denoises and self.noise is None:
            self._make_noise()
        if self.receipt is not None and view in self._receipts:
            self.receipt.show_receipt(self._receipts[view])
        elif self.receipt is not None:
            self._count(view)

    def leave(self) -> None:
        """Another task or page came into sight: nothing is measured there."""
        self._asked += 1
        self._show_region(None)

    # The receipt.

    def _count(self, view: SampleView) -> None:
        case, ct = self._chosen.case, view.sample.outputs.get("ct")
        lesion = self._lesions.get(view.request_id) or view.sample.outputs.get("labels")
        if self.receipt is None or case is None:
            return
        if not (case.has_scan and isinstance(ct, Volume) and isinstance(lesion, LabelMap)):
            self.receipt.show_receipt(None)
            return
        self.receipt.show_receipt(None, waiting=True)
        work = partial(edit_receipt, case.volume, ct, lesion)
        self._window.background.run(work, partial(self._counted, view), self._window.notices.report)

    def _counted(self, view: SampleView, receipt: EditReceipt | None) -> None:
        self._receipts[view] = receipt
        if self.receipt is not None and view is self._chosen.view:
            self.receipt.show_receipt(receipt)

    # Noise.

    def _make_noise(self) -> None:
        from ctstudio.ui.noise_lines import NoiseLines

        self.noise = NoiseLines()
        self._rows.insertWidget(2, self.noise)
        self.noise.crosshair.toggled.connect(self._chosen.soon)

    def _measure(self) -> None:
        case, view = self._chosen.case, self._chosen.view
        ct = None if view is None else view.sample.outputs.get("ct")
        if self.noise is None or case is None or not isinstance(ct, Volume) or not self.isVisible():
            return
        if ct.grid.shape != case.volume.grid.shape:
            return
        from ctstudio.session.noise_compared import compare_noise

        self._asked += 1
        z, y, x = case.viewing.crosshair
        at = (float(y), float(x)) if self.noise.crosshair.isChecked() else None
        before, after, pixel_mm = case.volume.array[z], ct.array[z], min(case.volume.grid.spacing_mm[:2])
        work = partial(compare_noise, before, after, pixel_mm, at)
        self._window.background.run(work, partial(self._tell, self._asked), self._window.notices.report)

    def _tell(self, asked: int, noise: NoiseCompared | None) -> None:
        if asked == self._asked and self.noise is not None and self._chosen.view is not None:
            self.noise.show_noise(noise)
            self._show_region(noise)

    def _show_region(self, noise: NoiseCompared | None) -> None:
        """Draw what was measured into both views of the slice."""
        case, grid = self._chosen.case, self._window.grid
        if not self._denoises:
            return
        region = None
        if noise is not None and case is not None:
            region = (float(case.viewing.crosshair[0]), *noise.centre), noise.radius
        for view in (grid.axial, grid.generated):
            view.region = region
            view.update()
