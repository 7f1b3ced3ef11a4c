"""The labels one can paint: common ones on top, all of them by typing, each with its colour."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from ctstudio.core.labels import Label, LabelTable
from ctstudio.ui import theme
from ctstudio.ui.icons import icon
from ctstudio.ui.label_eyes import Index, LabelEyes

COMMON = (
    "body",
    "bone",
    "lung",
    "liver",
    "spleen",
    "kidney",
    "aorta",
    "lesion",
    "liver_lesion",
    "kidney_right",
    "kidney_left",
    "vein",
    "bowel",
    "stomach",
    "pancreas",
    "gallbladder",
    "heart",
    "urinary_bladder",
)
"""What is painted most comes first: eight fit at once into the least window. Source: ours."""
_VALUE = Qt.ItemDataRole.UserRole


class LabelList(QWidget):
    """A search line over a list of labels; `chosen` carries the value to paint with.

    `hide_asked` carries a value that the mask holds, and whether it is to be hidden.
    """

    chosen = Signal(int)
    hide_asked = Signal(int, bool)

    def __init__(self, table: LabelTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels = _ordered(table)
        self._present: frozenset[int] = frozenset()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self.search = QLineEdit()
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("search", theme.MUTED, 16), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self._take_first)
        self.search.setToolTip("Type a part of a name; Enter takes the first label found")
        self.list = QListWidget()
        self.list.setAccessibleName("Labels")
        self.list.setIconSize(QSize(14, 14))
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentItemChanged.connect(self._choose)
        self.eyes = LabelEyes(self.list, self._value_with_eye)
        self.eyes.toggled.connect(self.hide_asked)
        layout.addWidget(self.search)
        layout.addWidget(self.list, 1)
        self._table = table
        self._fill()

    def show_table(self, table: LabelTable) -> None:
        """List the labels of another table."""
        if table is not self._table:
            self._table, self._labels, self._present = table, _ordered(table), frozenset()
            self._fill()
            self._filter(self.search.text())

    def show_chosen(self, value: int) -> None:
        """Mark the label that is painted with."""
        for row in range(self.list.count()):
            item = self.list.item(row)
            if item.data(_VALUE) == value:
                if item is not self.list.currentItem():
                    self.list.setCurrentItem(item)
                return

    def show_present(self, values: frozenset[int]) -> None:
        """Write the labels that the mask holds in bold."""
        if values == self._present:
            return
        self._present = values
        for row in range(self.list.count()):
            item = self.list.item(row)
            face = item.font()
            face.setBold(item.data(_VALUE) in values)
            item.setFont(face)

    def _value_with_eye(self, index: Index) -> int:
        """The label of a row when the mask holds it; 0 otherwise."""
        value = int(index.data(_VALUE) or 0)
        return value if value in self._present else 0

    def step(self, by: int) -> None:
        """Choose the next visible label down (1) or up (-1)."""
        row = self.list.currentRow() + by
        while 0 <= row < self.list.count() and self.list.item(row).isHidden():
            row += by
        if 0 <= row < self.list.count():
            self.list.setCurrentRow(row)

    def _fill(self) -> None:
        self.search.setPlaceholderText(f"Find one of {len(self._labels)} labels")
        self.list.blockSignals(True)
        self.list.clear()
        for label in self._labels:
            item = QListWidgetItem(QIcon(_swatch(label.colour)), label.title)
            item.setData(_VALUE, label.value)
            item.setToolTip(f"{label.name}, value {label.value}")
            self.list.addItem(item)
        self.list.blockSignals(False)

    def _choose(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.chosen.emit(int(item.data(_VALUE)))

    def _take_first(self) -> None:
        """Choose the label that stands on top of what was found, and show all again."""
        found = (self.list.item(row) for row in range(self.list.count()) if not self.list.item(row).isHidden())
        first = next(found, None)
        if first is not None and self.search.text():
            self.search.clear()
            self.list.setCurrentItem(first)
            self.list.scrollToItem(first)

    def _filter(self, text: str) -> None:
        words = text.lower().replace("_", " ").split()
        for row, label in enumerate(self._labels):
            self.list.item(row).setHidden(not all(word in label.title.lower() for word in words))


def _ordered(table: LabelTable) -> list[Label]:
    """Common labels first, then the rest by name."""
    rank = {name: place for place, name in enumerate(COMMON)}
    return sorted(table, key=lambda label: (rank.get(label.name, len(rank)), label.title))


def _swatch(colour: tuple[int, int, int]) -> QPixmap:
    picture = QPixmap(28, 28)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(*colour))
    painter.drawRoundedRect(QRectF(2, 2, 24, 24), 7, 7)
    painter.end()
    picture.setDevicePixelRatio(2.0)
    return picture
