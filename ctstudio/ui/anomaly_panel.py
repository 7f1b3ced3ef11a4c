"""What differs from the expected in the chosen sample: the threshold, and a table of findings that leads to each."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ctstudio.measure.anomaly import Finding
from ctstudio.session.anomaly_reading import AnomalyMap
from ctstudio.ui.diverging_colours import DifferenceLegend
from ctstudio.ui.panel_parts import LabelledSlider, add_all, heading

_COLUMNS = (
    ("mL", "Volume"),
    ("mean", "Mean difference from the expected, HU"),
    ("peak", "Largest difference from the expected, HU"),
    ("⌀ mm", "Longest extent"),
)
_ROWS_SEEN = 6


class AnomalyPanel(QWidget):
    """Shows a map's threshold and findings.

    Signals:
        threshold_asked: HU, while the slider moves.
        finding_asked: The `Finding` to look at.
        mask_asked: The findings shall become lesions of the mask.
    """

    threshold_asked = Signal(float)
    finding_asked = Signal(object)
    mask_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.findings: tuple[Finding, ...] = ()
        self.slider = LabelledSlider("Threshold", 1, 500, lambda hu: f"{hu} HU", self._ask)
        self.slider.slider.setToolTip("Difference from which on a voxel is coloured and counts as a finding")
        self.legend = DifferenceLegend()
        self.words = QLabel()
        self.words.setObjectName("value")
        self.table = QTableWidget(0, len(_COLUMNS))
        self.take = QPushButton("Take the findings into the mask")
        self.take.setToolTip("As the label lesion, as one step of undo; correct them there with the brush")
        self._prepare_table()
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(7)
        add_all(rows, heading("Difference from expected"), self.slider, self.legend)
        add_all(rows, self.words, self.table, self.take)
        self.table.itemSelectionChanged.connect(self._look)
        self.take.clicked.connect(self.mask_asked)

    def show_map(self, shown: AnomalyMap, threshold_hu: float) -> None:
        """Show another map."""
        self.slider.slider.setRange(1, max(2, round(shown.span_hu)))
        self.slider.show_value(round(threshold_hu))
        self.legend.show_span(shown.span_hu)
        self.legend.setToolTip("Blue: darker than expected. Amber: brighter.")
        self.words.setText("Looking for findings …")

    def show_findings(self, findings: Sequence[Finding], more: bool = False) -> None:
        """List findings, the largest first."""
        self.findings = tuple(findings)
        self.table.blockSignals(True)
        self.table.setRowCount(len(self.findings))
        for place, one in enumerate(self.findings):
            cells = (f"{one.volume_ml:.2f}", f"{one.mean_hu:+.0f}", f"{one.peak_hu:+.0f}", f"{one.diameter_mm:.0f}")
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setTextAlignment(int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter))
                self.table.setItem(place, column, item)
        self.table.clearSelection()
        self.table.blockSignals(False)
        count = len(self.findings)
        least = "At least " if more else ""
        self.words.setText("Nothing differs that much." if not count else f"{least}{count} finding{'s' * (count != 1)}")
        self.table.setVisible(bool(count))
        self.table.setFixedHeight(30 + 26 * min(count, _ROWS_SEEN) + 4)
        self.take.setEnabled(bool(count))

    def step(self, by: int) -> None:
        """Go to the next finding, or the one before."""
        if self.findings:
            now = self.table.currentRow() if self.table.selectedItems() else (-1 if by > 0 else 0)
            self.table.selectRow((now + by) % len(self.findings))

    def _prepare_table(self) -> None:
        for column, (title, tip) in enumerate(_COLUMNS):
            head = QTableWidgetItem(title)
            head.setToolTip(tip)
            self.table.setHorizontalHeaderItem(column, head)
        self.table.setAccessibleName("Findings")
        self.table.setToolTip("Click a finding to look at it (J the next, K the one before)")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.verticalHeader().setDefaultSectionSize(26)
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)

    def _ask(self, hu: int) -> None:
        self.threshold_asked.emit(float(hu))

    def _look(self) -> None:
        rows = self.table.selectionModel().selectedRows()
        if rows and rows[0].row() < len(self.findings):
            self.finding_asked.emit(self.findings[rows[0].row()])
