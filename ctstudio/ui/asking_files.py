"""Asks for files. Nothing here blocks: a dialog answers when it is done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

from ctstudio.session.results import SampleView

if TYPE_CHECKING:
    from ctstudio.ui.main_window import MainWindow


class AskingFiles:
    """The window's file dialogs."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def open(self) -> None:
        """Ask for scans or label files."""
        dialog = self._dialog("Open scans or labels", QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda names: self._window.opening.open([Path(name) for name in names]))

    def folder(self) -> None:
        """Ask for a DICOM folder."""
        dialog = self._dialog("Open a DICOM folder", QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda name: self._window.opening.open([Path(name)]))

    def labels(self) -> None:
        """Ask for a label file to take as the mask."""
        dialog = self._dialog("Import labels as the mask", QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self._window.opening.open([Path(name)], as_mask=True))

    def save_mask(self) -> None:
        """Ask where to save the mask."""
        case = self._window.document.active
        if case is None or case.mask.empty:
            self._window.notices.say("There is no mask to save.", "Paint a label, or import a mask.")
            return
        self._window.saving.ask_mask(case)

    def save_sample(self, view: SampleView | None = None) -> None:
        """Ask where to save a sample, by default the chosen one."""
        owner = self._window.samples.owner
        view = view or (owner.results.chosen if owner is not None else None)
        if owner is None or view is None:
            self._window.notices.say("No sample is chosen.", "Generate one, then click it in the strip.")
            return
        self._window.saving.ask_sample(owner, view)

    def _dialog(self, title: str, mode: QFileDialog.FileMode) -> QFileDialog:
        dialog = QFileDialog(self._window, title)
        dialog.setFileMode(mode)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog
