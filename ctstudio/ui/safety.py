"""Keeps painted masks safe, and brings back what an earlier run could not save."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from ctstudio.session.autosave import Autosave
from ctstudio.session.document import Case, Document
from ctstudio.session.recovery import Recovery, recover
from ctstudio.ui.background import Background

TELL_MS = 2000


class Safety(QObject):
    """Watches every case of a document."""

    def __init__(self, document: Document, background: Background, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._background = background
        self._folder = folder
        self._found: Recovery | None = None
        self.autosave = Autosave(folder, document.notices)
        document.case_added.connect(self._watch)
        document.case_removed.connect(self._unwatch)
        self._timer = QTimer(self)
        self._timer.setInterval(TELL_MS)
        self._timer.timeout.connect(self.autosave.tell_troubles)
        self._timer.start()

    def look_back(self) -> None:
        """Look for masks of earlier runs, and say so when there are any."""
        self._background.run(lambda: recover(self._folder), self._looked, self._document.notices.report)

    def bring_back(self) -> None:
        """Open the masks that were found, each as a case of its own."""
        if self._found is None or not self._found.masks:
            self._document.notices.say("No unsaved mask of an earlier run was found.")
            return
        for mask in self._found.masks:
            self._document.open_mask(mask.record.labels())
            mask.forget()
        self._found = None

    def close(self) -> None:
        """Write what is not yet written, and stop."""
        self._timer.stop()
        self.autosave.close()

    def _watch(self, case: Case) -> None:
        self.autosave.watch(case)

    def _unwatch(self, case: Case) -> None:
        self.autosave.unwatch(case)

    def _looked(self, found: Recovery) -> None:
        self._found = found
        if found.masks:
            names = ", ".join(mask.record.name for mask in found.masks[:3])
            text = f"{len(found.masks)} unsaved mask(s) of an earlier run were found: {names}."
            self._document.notices.say(text, "Choose File, Bring back unsaved masks.", "warning")
