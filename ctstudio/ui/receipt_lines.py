"""The receipt of lesion work: what changed, that nothing else did, and HU before and after."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from ctstudio.session.edit_receipt import EditReceipt
from ctstudio.ui import theme
from ctstudio.ui.panel_parts import Paragraph, heading

_COLUMNS = ("", "before", "after")


class ReceiptLines(QWidget):
    """A sentence about what changed, and a small table of the lesion's HU."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words, self.untouched = Paragraph(), Paragraph()
        self.cells: dict[tuple[int, int], QLabel] = {}
        self._table = QWidget()
        grid = QGridLayout(self._table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(4)
        grid.setHorizontalSpacing(18)
        rows = (_COLUMNS, ("mean in the lesion", "", ""), ("SD in the lesion", "", ""))
        for line, texts in enumerate(rows):
            for column, text in enumerate(texts):
                label = self.cells[line, column] = QLabel(text)
                label.setObjectName("value" if line and column else "muted")
                grid.addWidget(
                    label, line, column, Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
                )
        grid.setColumnStretch(0, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for widget in (heading("Receipt"), self.words, self.untouched, self._table):
            layout.addWidget(widget)
        self.show_receipt(None)

    def show_receipt(self, receipt: EditReceipt | None, waiting: bool = False) -> None:
        """Show what an edit did; None while it is counted, or when there is nothing to count."""
        self._table.setVisible(receipt is not None)
        self.untouched.setVisible(receipt is not None)
        if receipt is None:
            self.words.setText("Counting …" if waiting else "There is no scan to compare with.")
            return
        self.words.setText(
            f"{_spaced(receipt.changed_voxels)} voxels changed, {receipt.changed_ml:.2f} mL; the lesion has "
            f"{receipt.lesion_ml:.2f} mL. The farthest lies {receipt.farthest_mm:.1f} mm from it."
        )
        self.untouched.setText(f"✓  The other {_spaced(receipt.unchanged_voxels)} have every bit that they had.")
        self.untouched.setStyleSheet(f"color: {theme.GREEN};")
        for line, pair in ((1, receipt.mean_hu), (2, receipt.sd_hu)):
            for column, value in enumerate(pair, start=1):
                self.cells[line, column].setText(f"{value:.0f} HU".replace("-", "−"))


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")
