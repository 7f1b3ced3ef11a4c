"""The line at the foot of the window that says what happened, why, and what to do."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from ctstudio.ui import theme
from ctstudio.ui.icons import icon, pixmap

_COLOURS = {"info": theme.ACCENT, "warning": theme.AMBER, "error": theme.RED}
_ICONS = {"info": "info", "warning": "warning", "error": "warning"}
_SECONDS = {"info": 12, "warning": 40, "error": 0}


class NoticesLine(QWidget):
    """Shows the newest notice; errors stay until they are closed, others fade by themselves."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self._mark = QLabel()
        self._text = ShortLabel(lines=2)
        self._text.setAccessibleName("Notice")
        self._close = QToolButton()
        self._close.setIcon(icon("close", theme.MUTED, 12))
        self._close.setToolTip("Close this notice")
        self._close.clicked.connect(self.clear)
        layout.addWidget(self._mark)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.clear)
        self.clear()

    @property
    def text(self) -> str:
        """What it says now."""
        return self._text.full

    def show_notice(self, level: str, message: str, remedy: str = "", detail: str = "") -> None:
        """Show a notice; the remedy follows the message, the detail is on the tooltip."""
        level = level if level in _COLOURS else "info"
        self._mark.setPixmap(pixmap(_ICONS[level], _COLOURS[level], 16, self.devicePixelRatioF()))
        self._text.show_text(f"{message} {remedy}".strip())
        self._text.setToolTip("\n".join(part for part in (message, remedy, detail) if part))
        for widget in (self._mark, self._close):
            widget.show()
        self._timer.stop()
        if _SECONDS[level]:
            self._timer.start(_SECONDS[level] * 1000)

    def clear(self) -> None:
        """Say nothing."""
        self._text.show_text("")
        self._text.setToolTip("")
        for widget in (self._mark, self._close):
            widget.hide()


class ShortLabel(QLabel):
    """A label that ends with an ellipsis when its text is longer than its place.

    A place of several lines takes one line more, in smaller letters, before it shortens the text.
    """

    def __init__(self, text: str = "", lines: int = 1, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.full = text
        self._lines = lines
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.show_text(text)

    def show_text(self, text: str) -> None:
        """Show a text, shortened to the label's width."""
        self.full = text
        self._shorten()

    def resizeEvent(self, event: object) -> None:
        self._shorten()

    def _shorten(self) -> None:
        width = max(self.width(), 20)
        lines, whole = _in_lines(self.full, theme.BODY, self._lines, width)
        small = self._lines > 1 and not whole
        if small:
            lines, _ = _in_lines(self.full, theme.SMALL, self._lines + 1, width)
        if small != bool(self.styleSheet()):
            self.setStyleSheet(f"font-size: {theme.SMALL}px;" if small else "")
        self.setText("\n".join(lines))


def _in_lines(text: str, size: int, most: int, width: int) -> tuple[list[str], bool]:
    """A text in lines of a width, pixels, and whether they hold all of it."""
    metrics = QFontMetrics(theme.font(size))
    words, lines = text.split(" "), []
    for _ in range(most - 1):
        fit = [n for n in range(1, len(words) + 1) if metrics.horizontalAdvance(" ".join(words[:n])) <= width]
        if not fit or len(fit) == len(words):
            break
        lines.append(" ".join(words[: fit[-1]]))
        words = words[fit[-1] :]
    rest = " ".join(words)
    last = metrics.elidedText(rest, Qt.TextElideMode.ElideRight, width)
    return [*lines, last], last == rest
