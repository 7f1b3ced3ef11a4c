"""What keeps a run from being started, one line a problem."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ctstudio.session.training_check import Problem
from ctstudio.ui import theme
from ctstudio.ui.fit_lines import LevelMark
from ctstudio.ui.panel_parts import MARGIN, PANEL_WIDTH, muted, row

_MOST = 3
_MARK = 26


class TrainProblems(QWidget):
    """The first few problems."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.findings: tuple[Problem, ...] = ()
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(8)
        self.hide()

    def show_problems(self, found: Sequence[Problem]) -> None:
        """Show problems in place of the ones before."""
        self.findings = tuple(found)
        while (item := self._rows.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for problem in self.findings[:_MOST]:
            self._rows.addWidget(_line(problem))
        self.setVisible(bool(found))


def _line(problem: Problem) -> QWidget:
    line = QWidget()
    text = muted(str(problem))
    text.setStyleSheet(f"color: {theme.TEXT};")
    mark = LevelMark("red")
    layout = row(mark, text)
    layout.setStretch(1, 1)
    layout.setAlignment(mark, Qt.AlignmentFlag.AlignTop)
    text.ensurePolished()
    text.setMinimumHeight(text.heightForWidth(PANEL_WIDTH - 2 * MARGIN - _MARK))  # or a long one is cut
    line.setLayout(layout)
    return line
