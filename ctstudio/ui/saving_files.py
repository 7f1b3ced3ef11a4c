"""Asks where to save, and writes beside the window. Nothing here blocks: dialogs answer when they are done."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from ctstudio.session.autosave import Autosave
from ctstudio.session.document import Case
from ctstudio.session.notices import Notices
from ctstudio.session.results import HasResults, SampleView
from ctstudio.session.saving import save_mask, save_sample
from ctstudio.ui.background import Background

MASK_FILTER = "NIfTI (*.nii.gz *.nii);;NRRD (*.nrrd);;MetaImage (*.mha)"


class SavingFiles:
    """Saves masks and samples; what goes wrong becomes a notice and nothing in memory is lost."""

    def __init__(self, window: QWidget, notices: Notices, background: Background, autosave: Autosave) -> None:
        self._window = window
        self._notices = notices
        self._background = background
        self._autosave = autosave

    def ask_mask(self, case: Case) -> None:
        """Ask for a file, then save the mask."""
        dialog = self._dialog("Save mask", f"{_as_file_name(case.name)}_mask.nii.gz")
        dialog.setNameFilter(MASK_FILTER)
        dialog.setDefaultSuffix("nii.gz")
        self._open(dialog, lambda path: self.mask(case, path))

    def ask_sample(self, owner: HasResults, view: SampleView) -> None:
        """Ask for a folder, then save a sample with its provenance in the next numbered folder there."""
        dialog = QFileDialog(self._window, "Save the sample in a numbered folder of …")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
        self._open(dialog, lambda folder: self.sample(owner, view, folder))

    def mask(self, case: Case, path: Path) -> None:
        """Save the mask."""
        work = partial(save_mask, case, path, self._autosave)
        self._background.run(work, lambda saved: self._say(f"Mask saved as {saved}."), self._notices.report)

    def sample(self, owner: HasResults, view: SampleView, folder: Path) -> None:
        """Save a sample: CT and whatever else was made with it, provenance, preview."""
        work = partial(save_sample, owner, view, folder)
        self._background.run(work, partial(self._sample_saved, owner, view), self._notices.report)

    def _sample_saved(self, owner: HasResults, view: SampleView, folder: Path) -> None:
        if view in owner.results.items:
            owner.results.mark_saved(view, folder)
        self._say(f"Sample saved in {folder}.")

    def _say(self, text: str) -> None:
        self._notices.say(text)

    def _dialog(self, title: str, name: str) -> QFileDialog:
        dialog = QFileDialog(self._window, title)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(name)
        return dialog

    def _open(self, dialog: QFileDialog, then: Callable[[Path], None]) -> None:
        dialog.fileSelected.connect(lambda chosen: then(Path(chosen)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def _as_file_name(text: str) -> str:
    """A name without what means a folder or is forbidden on some system, as in series called "ABD/PELVIS"."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]+', "_", text).strip(" .") or "case"
