"""The editor of a report: findings and impression, with a count of words under each."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from ctstudio.catalog.parameters import Parameter
from ctstudio.session.report_text import ReportText, count_words
from ctstudio.ui.panel_parts import heading

_FINDINGS_HINT = "What is seen. For example:\nThere is a large left pleural effusion. The heart is normal in size."
_IMPRESSION_HINT = "What it comes to. For example:\nLarge left pleural effusion."


class _Lines(QPlainTextEdit):
    """An editor that asks for little height, and takes what there is."""

    def __init__(self, height: int) -> None:
        super().__init__()
        self._height = height
        self.setMinimumHeight(height)

    def sizeHint(self) -> QSize:
        return QSize(240, self._height)


class ReportPart(QWidget):
    """A text of several lines under its name; as it was typed, no word corrected."""

    changed = Signal()

    def __init__(self, name: str, hint: str, least_height: int, tip: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = heading(name)
        self.count = QLabel()
        self.count.setObjectName("small")
        self.text = _Lines(least_height)
        self.text.setPlaceholderText(hint)
        self.text.setAccessibleName(name)
        self.text.setToolTip(tip)
        self.text.setTabChangesFocus(True)
        self.text.setInputMethodHints(
            Qt.InputMethodHint.ImhMultiLine
            | Qt.InputMethodHint.ImhNoPredictiveText
            | Qt.InputMethodHint.ImhNoAutoUppercase
        )
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.count)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.text, 1)
        self.text.textChanged.connect(self._tell)
        self._tell()

    def show_text(self, text: str) -> None:
        """Put another text in, as one step of the editor's own undo; the same text leaves the cursor alone."""
        if text != self.text.toPlainText():
            cursor = self.text.textCursor()
            cursor.select(QTextCursor.SelectionType.Document)
            cursor.insertText(text)

    def _tell(self) -> None:
        words = count_words(self.text.toPlainText())
        self.count.setText("1 word" if words == 1 else f"{words} words" if words else "")
        self.changed.emit()


class ReportEditor(QWidget):
    """Findings over impression.

    Signals:
        changed: The `ReportText` as it is now.
    """

    changed = Signal(ReportText)

    def __init__(self, findings: Parameter, impression: Parameter, mark: str = "", short: bool = False) -> None:
        super().__init__()
        self._names = findings.title, impression.title
        self._showing = False
        self.findings = ReportPart(findings.title, _FINDINGS_HINT, 64 if short else 96, findings.help)
        self.impression = ReportPart(impression.title, _IMPRESSION_HINT, 44 if short else 54, impression.help)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.findings, 5)
        layout.addWidget(self.impression, 2)
        for part in (self.findings, self.impression):
            part.changed.connect(self._tell)
        self.show_mark(mark)

    @property
    def report(self) -> ReportText:
        """What is written."""
        return ReportText(self.findings.text.toPlainText(), self.impression.text.toPlainText())

    def show_report(self, text: ReportText) -> None:
        """Show a report."""
        self._showing = True
        self.findings.show_text(text.findings)
        self.impression.show_text(text.impression)
        self._showing = False

    def show_mark(self, mark: str) -> None:
        """Write "A" or "B" before the names, or nothing."""
        for part, name in zip((self.findings, self.impression), self._names, strict=True):
            part.title.setText(f"{mark}   {name}".strip().upper())
            part.text.setAccessibleName(f"{name} {mark}".strip())

    def _tell(self) -> None:
        if not self._showing:
            self.changed.emit(self.report)
