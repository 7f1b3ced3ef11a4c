"""The open cases: each with its scan, its mask and its samples."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QMenu, QPushButton, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from ctstudio.session.document import Case, Document
from ctstudio.ui import theme
from ctstudio.ui.icons import icon
from ctstudio.ui.panel_parts import heading

_CASE = Qt.ItemDataRole.UserRole


class CaseList(QFrame):
    """A tree of cases; clicking one looks at it."""

    open_asked = Signal()
    close_asked = Signal(Case)

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self._document = document
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 14, 12, 14)
        layout.setSpacing(8)
        self.tree = QTreeWidget()
        self.tree.setHeaderHidden(True)
        self.tree.setIndentation(12)
        self.tree.setRootIsDecorated(False)
        self.tree.setItemsExpandable(False)
        self.tree.setAccessibleName("Cases")
        self.tree.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.tree.customContextMenuRequested.connect(self._menu)
        self.tree.itemClicked.connect(self._clicked)
        self.open_button = QPushButton("Open …")
        self.open_button.setIcon(icon("open", theme.TEXT, 16))
        self.open_button.setToolTip("Open a scan (Ctrl+O), or drop files on the window")
        self.open_button.clicked.connect(self.open_asked)
        layout.addWidget(heading("Cases"))
        layout.addWidget(self.tree, 1)
        layout.addWidget(self.open_button)
        document.case_added.connect(self._added)
        document.case_removed.connect(self._removed)
        document.active_changed.connect(self._activated)

    def refresh(self, case: Case) -> None:
        """Write a case's parts again."""
        item = self._item(case)
        if item is None:
            return
        for child, text in zip(range(3), _parts(case), strict=True):
            part = item.child(child)
            if part is None:
                continue
            part.setText(0, text)
            part.setHidden(not text)

    def _added(self, case: Case) -> None:
        item = QTreeWidgetItem([case.name])
        item.setData(0, _CASE, case)
        item.setToolTip(0, str(case.path or case.name))
        for name, text in zip(("scan", "mask", "sample"), _parts(case), strict=True):
            part = QTreeWidgetItem([text])
            part.setIcon(0, icon(name, theme.MUTED, 16))
            part.setForeground(0, self.palette().placeholderText())
            part.setData(0, _CASE, case)
            item.addChild(part)
        self.tree.addTopLevelItem(item)
        item.setExpanded(True)
        self.refresh(case)  # a line can be hidden only once it is in the tree
        case.mask.history.changed.connect(lambda: QTimer.singleShot(0, lambda: self.refresh(case)))
        case.results.added.connect(lambda _: self.refresh(case))
        case.results.removed.connect(lambda _: self.refresh(case))

    def _removed(self, case: Case) -> None:
        item = self._item(case)
        if item is not None:
            self.tree.takeTopLevelItem(self.tree.indexOfTopLevelItem(item))

    def _activated(self, case: Case | None) -> None:
        item = None if case is None else self._item(case)
        if item is not None:
            self.tree.setCurrentItem(item)

    def _clicked(self, item: QTreeWidgetItem) -> None:
        self._document.active = item.data(0, _CASE)

    def _menu(self, at: QPoint) -> None:
        item = self.tree.itemAt(at)
        if item is not None:
            menu = QMenu(self)
            menu.addAction("Close this case", lambda: self.close_asked.emit(item.data(0, _CASE)))
            menu.popup(self.tree.viewport().mapToGlobal(at))

    def _item(self, case: Case) -> QTreeWidgetItem | None:
        for row in range(self.tree.topLevelItemCount()):
            item = self.tree.topLevelItem(row)
            if item is not None and item.data(0, _CASE) is case:
                return item
        return None


def _parts(case: Case) -> tuple[str, str, str]:
    """What stands under a case: its scan, its mask, its samples; "" hides a line."""
    z, y, x = case.volume.grid.shape
    labels, samples = len(case.mask.present()), len(case.results.items)
    scan = f"{x} × {y} × {z}" if case.has_scan else "no scan"
    mask = f"{labels} label{'s' if labels != 1 else ''}" if labels else "no mask yet"
    return scan, mask, f"{samples} sample{'s' if samples != 1 else ''}" if samples else ""
