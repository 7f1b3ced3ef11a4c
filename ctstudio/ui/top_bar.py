"""The window's first line: menus, the pages, the case's name, search and help."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QMenuBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from ctstudio.ui import theme
from ctstudio.ui.icons import icon
from ctstudio.ui.notices_line import ShortLabel
from ctstudio.ui.panel_parts import icon_button

PAGES = ("View & Paint", "Generate", "Low dose", "Train")


class TopBar(QFrame):
    """`page_asked` carries the page's place in `PAGES`."""

    page_asked = Signal(int)
    search_asked = Signal()
    help_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("top")
        self.setFixedHeight(46)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 12, 0)
        layout.setSpacing(6)
        self.menus = QMenuBar()
        self.menus.setNativeMenuBar(False)
        self.menus.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.case_name = ShortLabel()
        self.case_name.setObjectName("muted")
        self.case_name.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.pages = QButtonGroup(self)
        search = QPushButton("Find an action   Ctrl+K")
        search.setIcon(icon("search", theme.MUTED, 16))
        search.setStyleSheet(f"color: {theme.MUTED};")
        search.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        search.clicked.connect(self.search_asked)
        layout.addWidget(self.menus)
        layout.addSpacing(10)
        for place, title in enumerate(PAGES):
            layout.addWidget(self._page_button(place, title))
        layout.addWidget(self.case_name, 1)
        layout.addWidget(search)
        layout.addWidget(icon_button("help", "Help (F1)", self.help_asked.emit))

    def show_page(self, place: int) -> None:
        """Mark a page as the one in sight."""
        self.pages.button(place).setChecked(True)

    def _page_button(self, place: int, title: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName("page")
        button.setText(title.replace("&", "&&"))
        button.setAccessibleName(title)
        button.setToolTip(f"{title} (Ctrl+{place + 1})")
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: self.page_asked.emit(place))
        self.pages.addButton(button, place)
        return button
