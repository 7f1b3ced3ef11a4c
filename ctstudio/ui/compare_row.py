"""How a sample is compared with the original: beside it, up to a line, or what changed."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QToolButton, QVBoxLayout, QWidget

from ctstudio.session.results import CompareMode
from ctstudio.ui.diverging_colours import DifferenceLegend
from ctstudio.ui.panel_parts import row

_WORDS: dict[CompareMode, tuple[str, str]] = {
    "side by side": ("Beside", "The original on the left, what came of it on the right (C goes on)"),
    "swipe": ("Swipe", "The original left of a line that the mouse moves (C goes on)"),
    "difference": ("Difference", "After minus before: amber rose, blue fell (C goes on)"),
}


class CompareRow(QWidget):
    """Three buttons, one of them pressed.

    Signals:
        asked: The `CompareMode` that was chosen.
    """

    asked = Signal(str)

    def __init__(self, span_hu: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[CompareMode, QToolButton] = {}
        group = QButtonGroup(self)
        for mode, (title, tip) in _WORDS.items():
            button = self.buttons[mode] = QToolButton()
            button.setText(title)
            button.setToolTip(tip)
            button.setObjectName("page")
            button.setCheckable(True)
            button.clicked.connect(lambda _=False, mode=mode: self.asked.emit(mode))
            group.addButton(button)
        self.legend = DifferenceLegend()
        self.legend.show_span(span_hu)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(row(*self.buttons.values(), None, spacing=4))
        layout.addWidget(self.legend)
        self.show_mode("side by side")

    def show_mode(self, mode: CompareMode) -> None:
        """Show how samples are compared now."""
        self.buttons.get(mode, self.buttons["side by side"]).setChecked(True)
        self.legend.setVisible(mode == "difference")
