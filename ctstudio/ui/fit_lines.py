"""How well a request fits what the model has seen: one line a finding, marked by colour, shape and letter."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ctstudio.catalog.fit import Fit, Level
from ctstudio.ui import theme
from ctstudio.ui.panel_parts import muted

_WORDS = {"green": "In range", "amber": "Partly outside what was trained", "red": "Outside what was trained"}
_ORDER: tuple[Level, ...] = ("green", "amber", "red")


class LevelMark(QWidget):
    """A level as a shape: green disc with a tick, amber triangle with "!", red square with a cross."""

    def __init__(self, level: Level, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.level: Level = level
        self.setFixedSize(QSize(18, 18))
        self.setAccessibleName(_WORDS[level])

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.LEVELS[self.level]))
        box = QRectF(1.5, 1.5, 15, 15)
        if self.level == "green":
            painter.drawEllipse(box)
        elif self.level == "amber":
            painter.drawPolygon(QPolygonF([QPointF(9, 1), QPointF(17.5, 16.5), QPointF(0.5, 16.5)]))
            box.translate(0, 2)
        else:
            painter.drawRoundedRect(box, 3, 3)
        painter.setPen(QColor("#10141a"))
        painter.setFont(theme.font(11, QFont.Weight.Bold))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, {"green": "✓", "amber": "!", "red": "×"}[self.level])


class FitLines(QWidget):
    """The worst level in words first; every finding that is not green is written out, the rest on the tooltip.

    Args:
        waits_for: What is said as long as there are no findings.
        parent: In which it stands.
    """

    def __init__(self, waits_for: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._waits_for = waits_for
        self.findings: tuple[Fit, ...] = ()
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(6)
        self.show_findings(())

    def show_findings(self, findings: Iterable[Fit]) -> None:
        """Show findings, or what is waited for when there are none."""
        self.findings = tuple(findings)
        while (row := self._rows.takeAt(0)) is not None:
            widget = row.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        if not self.findings:
            self._rows.addWidget(_sentence(self._waits_for))
            return
        worst = max((f.level for f in self.findings), key=_ORDER.index)
        self._rows.addWidget(_line(worst, _WORDS[worst], self._green_text()))
        for finding in self.findings:
            if finding.level != "green":
                self._rows.addWidget(_line(finding.level, f"{finding.what}: {finding.reason}", finding.reason))
        self.setAccessibleDescription("; ".join(f"{f.level}: {f.what}: {f.reason}" for f in self.findings))

    def _green_text(self) -> str:
        return "\n".join(f"{f.level.upper()}  {f.what}: {f.reason}" for f in self.findings)


def _line(level: Level, text: str, tip: str) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(8)
    layout.addWidget(LevelMark(level), 0, Qt.AlignmentFlag.AlignTop)
    layout.addWidget(_sentence(text), 1)
    row.setToolTip(tip)
    return row


def _sentence(text: str) -> QLabel:
    return muted(text)
