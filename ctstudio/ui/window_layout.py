"""Where everything stands in the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from ctstudio.ui.main_window import MainWindow

_CASES_WIDTH = 200


def lay_out(window: MainWindow) -> None:
    """Put the window's parts together: top bar; cases, views, panel; results; jobs."""
    window.panels.addWidget(window.paint)
    window.panels.addWidget(window.pages.tasks.panels)
    window.panels.addWidget(window.pages.low_dose.panel)
    window.panels.setFixedWidth(window.paint.width())
    middle = QSplitter(Qt.Orientation.Horizontal)
    middle.setHandleWidth(1)
    middle.setChildrenCollapsible(False)
    window.cases.setMinimumWidth(140)
    middle.addWidget(window.cases)
    middle.addWidget(window.stage)
    middle.setStretchFactor(1, 1)
    middle.setSizes([_CASES_WIDTH, 1000])
    body = QHBoxLayout()
    body.setContentsMargins(0, 0, 0, 0)
    body.setSpacing(0)
    left = QVBoxLayout()
    left.setContentsMargins(0, 0, 0, 0)
    left.setSpacing(0)
    left.addWidget(middle, 1)
    left.addWidget(window.strip)
    body.addLayout(left, 1)
    body.addWidget(window.panels)
    whole = QWidget()
    rows = QVBoxLayout(whole)
    rows.setContentsMargins(0, 0, 0, 0)
    rows.setSpacing(0)
    rows.addWidget(window.top)
    case_pages = QWidget()
    case_pages.setLayout(body)
    window.pages.show_body(case_pages)
    rows.addWidget(window.pages, 1)
    rows.addWidget(window.bar)
    window.setCentralWidget(whole)
    window.grid.axial.hint = "Open a scan with Ctrl+O, or drop files here:\nNIfTI, NRRD, MHA, or a DICOM folder"
    for view in (window.grid.coronal, window.grid.sagittal):
        view.hint = ""
