"""The panel of the Generate page: the choice of the task, and under it what that task needs."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QStackedWidget, QVBoxLayout, QWidget

from ctstudio.catalog.card import Card
from ctstudio.ui.panel_parts import MARGIN, PANEL_WIDTH

TaskKey = tuple[str, str]
"""System and task."""


class TaskPanels(QFrame):
    """A list of tasks over the panel of the chosen one.

    Signals:
        asked: The `TaskKey` that the user chose.
    """

    asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setFixedWidth(PANEL_WIDTH)
        self.chooser = QComboBox()
        self.chooser.setObjectName("task")
        self.chooser.setAccessibleName("Task")
        self.chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.chooser.activated.connect(lambda at: self.asked.emit(self.chooser.itemData(at)))
        self.stack = QStackedWidget()
        self._panels: dict[TaskKey, QWidget] = {}
        head = QWidget()
        top = QVBoxLayout(head)
        top.setContentsMargins(MARGIN, 12, MARGIN, 2)
        top.addWidget(self.chooser)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(head)
        layout.addWidget(self.stack, 1)

    @property
    def offered(self) -> tuple[TaskKey, ...]:
        """The tasks in the list."""
        return tuple(self.chooser.itemData(at) for at in range(self.chooser.count()))

    def offer(self, cards: tuple[Card, ...], chosen: TaskKey) -> None:
        """Offer these tasks; `chosen` is the one in sight."""
        self.chooser.clear()
        for place, card in enumerate(cards):
            self.chooser.addItem(card.title, (card.system, card.task))
            tip = f"{card.summary}\n{card.citation}"
            self.chooser.setItemData(place, tip, Qt.ItemDataRole.ToolTipRole)
        self._mark(chosen)

    def has(self, key: TaskKey) -> bool:
        """Whether a task's panel has been made."""
        return key in self._panels

    def add(self, key: TaskKey, panel: QWidget) -> None:
        """Take in the panel of a task."""
        self._panels[key] = panel
        self.stack.addWidget(panel)

    def show_task(self, key: TaskKey) -> None:
        """Put a task's panel in sight."""
        self.stack.setCurrentWidget(self._panels[key])
        self._mark(key)

    def _mark(self, key: TaskKey) -> None:
        if key in self.offered:
            at = self.offered.index(key)
            self.chooser.setCurrentIndex(at)
            self.chooser.setToolTip(str(self.chooser.itemData(at, Qt.ItemDataRole.ToolTipRole)))
