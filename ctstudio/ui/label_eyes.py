"""An eye at the end of each label's row: it hides the label over the scan and in 3D, and shows it again."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QIcon, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from ctstudio.ui import theme
from ctstudio.ui.icons import icon

_WIDTH, _ICON = 30, 16
Index = QModelIndex | QPersistentModelIndex


class LabelEyes(QStyledItemDelegate):
    """Draws the eyes of a list, and hears clicks on them.

    Args:
        list_widget: Whose rows; it must outlive this.
        value_of: The label of a row, 0 where there is no eye.
    """

    toggled = Signal(int, bool)

    def __init__(self, list_widget: QListWidget, value_of: Callable[[Index], int]) -> None:
        super().__init__(list_widget)
        self._list = list_widget
        self._value_of = value_of
        self._open, self._closed = icon("eye", theme.MUTED, _ICON), icon("eye_off", theme.AMBER, _ICON)
        self.hidden: frozenset[int] = frozenset()
        list_widget.setItemDelegate(self)
        list_widget.viewport().installEventFilter(self)

    def show_hidden(self, values: frozenset[int]) -> None:
        """Draw the eyes of these labels closed."""
        if values != self.hidden:
            self.hidden = values
            self._list.viewport().update()

    def eye_rect(self, index: QModelIndex) -> QRect:
        """Where a row's eye lies in the list's viewport."""
        row = self._list.visualRect(index)
        return QRect(row.right() - _WIDTH, row.top(), _WIDTH, row.height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        value = self._value_of(index)
        if value:
            picture: QIcon = self._closed if value in self.hidden else self._open
            row: QRect = option.rect
            place = QRect(QPoint(0, 0), QSize(_ICON, _ICON))
            place.moveCenter(QPoint(row.right() - _WIDTH // 2, row.center().y()))
            picture.paint(painter, place)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A press on an eye hides or shows, and does not choose the label."""
        presses = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick)
        if event.type() in presses and isinstance(event, QMouseEvent) and event.button() == Qt.MouseButton.LeftButton:
            value = self._value_at(event.position().toPoint())
            if value:
                self.toggled.emit(value, value not in self.hidden)
                return True
        return super().eventFilter(watched, event)

    def helpEvent(self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index) -> bool:
        """What the eye does."""
        if self._value_at(event.pos()):
            owner: QWidget = view
            QToolTip.showText(event.globalPos(), "Hide or show this label, over the scan and in 3D (H)", owner)
            return True
        return super().helpEvent(event, view, option, index)

    def _value_at(self, point: QPoint) -> int:
        index = self._list.indexAt(point)
        return self._value_of(index) if index.isValid() and self.eye_rect(index).contains(point) else 0
