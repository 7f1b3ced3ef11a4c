"""What a chest is made to follow: the report, and the anatomy of the open case, each on or off."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QWidget

from ctstudio.catalog.card import InputSpec
from ctstudio.session.report_form import REPORT, ReportForm
from ctstudio.ui.panel_parts import quietly

_WITHOUT = (
    "The open case has no such labels: paint or import them, look at a generated chest, or read them from a CT with "
    "the task 'Structures of a chest CT'."
)


class FollowRow(QWidget):
    """Ticks in two columns; those without labels in the open case rest.

    Signals:
        asked: A name and whether it shall be followed.
    """

    asked = Signal(str, bool)

    def __init__(self, inputs: tuple[InputSpec, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._help = {REPORT: "Follow the words. Turn it off to follow anatomy alone."}
        self._help |= {one.name: f"{one.help} Taken from the labels of the open case." for one in inputs}
        titles = {REPORT: "Report"} | {one.name: one.title for one in inputs}
        self.ticks = {name: QCheckBox(title) for name, title in titles.items()}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(6)
        for place, (name, tick) in enumerate(self.ticks.items()):
            grid.addWidget(tick, place // 2, place % 2)
            tick.toggled.connect(lambda on, name=name: self.asked.emit(name, on))

    def show_state(self, form: ReportForm, there: tuple[str, ...]) -> None:
        """Show what the form follows, where the open case has the parts `there`."""
        for name, tick in self.ticks.items():
            able = name == REPORT or name in there
            tick.setEnabled(able)
            quietly(tick, able and form.follows(name))
            tick.setToolTip(self._help[name] if able else _WITHOUT)
