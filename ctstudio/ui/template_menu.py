"""The templates of a report in a menu, and a line to keep the present report as one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QPushButton, QToolButton, QWidget

from ctstudio.session.report_templates import BUILT_IN, LONGEST_NAME, Template
from ctstudio.session.report_text import ReportText
from ctstudio.ui.panel_parts import icon_button


class TemplateMenu(QToolButton):
    """A button with a menu; the program's templates first, then the user's own.

    Signals:
        taken: The `ReportText` that was chosen.
        keep_asked: The user wants to keep the report as a template.
        remove_asked: The name of the user's template that shall go.
    """

    taken = Signal(ReportText)
    keep_asked = Signal()
    remove_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText("Templates")
        self.setToolTip("Begin from a report that is there already (Ctrl+T)")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setObjectName("plain")
        self.list = QMenu(self)
        self.list.setToolTipsVisible(True)
        self.setMenu(self.list)

    def show_templates(self, templates: Sequence[Template]) -> None:
        """Offer these."""
        self.list.clear()
        groups: dict[str, QMenu] = {}
        for place, template in enumerate(templates):
            if place == len(BUILT_IN):
                self.list.addSeparator()
            menu = self.list
            if template.group:
                menu = groups[template.group] = groups.get(template.group) or self.list.addMenu(template.group)
                menu.setToolTipsVisible(True)
            action = menu.addAction(template.title, partial(self.taken.emit, template.text))
            action.setToolTip(template.text.whole)
        self.list.addSeparator()
        self.list.addAction("Keep this report as a template …", self.keep_asked.emit)
        own = [template for template in templates if template.own]
        remove = self.list.addMenu("Remove a template")
        remove.setEnabled(bool(own))
        for template in own:
            remove.addAction(template.name, partial(self.remove_asked.emit, template.name))


class KeepRow(QWidget):
    """A name and a button: Enter keeps, Esc or the cross goes back.

    Signals:
        named: The name that was given.
    """

    named = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = QLineEdit()
        self.name.setPlaceholderText("Name of the template")
        self.name.setAccessibleName("Name of the template")
        self.name.setMaxLength(LONGEST_NAME)
        self.keep = QPushButton("Keep")
        self.leave = icon_button("close", "Do not keep a template", self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.name, 1)
        layout.addWidget(self.keep)
        layout.addWidget(self.leave)
        self.keep.clicked.connect(self._tell)
        self.name.returnPressed.connect(self._tell)
        self.hide()

    def ask(self) -> None:
        """Show the line and wait for a name."""
        self.show()
        self.name.setFocus()
        self.name.selectAll()

    def _tell(self) -> None:
        self.named.emit(self.name.text())
