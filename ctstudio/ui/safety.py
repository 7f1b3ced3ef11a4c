"""Keeps painted masks safe, and brings back what an earlier run could not save."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from ctstudio.core.errors import CtStudioError
from ctstudio.core.volume import Volume
from ctstudio.session.autosave import Autosave
from ctstudio.session.autosave_files import Record
from ctstudio.session.document import Case, Document
from ctstudio.session.mask_import import onto_scan
from ctstudio.session.recovery import Recovered, Recovery, recover
from ctstudio.session.results import HasResults
from ctstudio.ui.background import Background

TELL_MS = 2000
SECOND_TRY_SECONDS = 8.0


class Safety(QObject):
    """Watches every case of a document."""

    def __init__(self, document: Document, background: Background, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._background = background
        self._folder = folder
        self._found: Recovery | None = None
        self._warned_until = 0.0
        self._others: list[HasResults] = []
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
        """Open the masks that were found, each as a case of its own, on its scan where that still lies there."""
        found, self._found = self._found, None
        if found is None or not found.masks:
            self._document.notices.say("No unsaved mask of an earlier run was found.")
            return
        for mask in found.masks:
            without = partial(self._without_scan, mask)
            self._background.run(partial(_scan_of, mask.record), partial(self._open, mask), without)

    def guard(self, owner: HasResults) -> None:
        """Watch over the starred samples of something that is no case, too."""
        self._others.append(owner)

    def holds_back(self) -> bool:
        """Whether closing would lose starred samples; says so, and lets go when asked again within seconds."""
        count = sum(len(owner.results.unsaved) for owner in (*self._document.cases, *self._others))
        if not count or time.monotonic() < self._warned_until:
            return False
        self._warned_until = time.monotonic() + SECOND_TRY_SECONDS
        text = f"{count} starred sample{'s are' if count > 1 else ' is'} not saved."
        self._document.notices.say(text, "Save, or close again to let go.", "warning")
        return True

    def close(self) -> None:
        """Write what is not yet written, and stop."""
        self._timer.stop()
        self.autosave.close()

    def _watch(self, case: Case) -> None:
        self.autosave.watch(case)

    def _unwatch(self, case: Case) -> None:
        self.autosave.unwatch(case)

    def _open(self, mask: Recovered, scan: Volume | None) -> None:
        """Open one mask; its old files go only when this run keeps it safe."""
        record = mask.record
        try:
            if scan is None:
                case = self._document.open_mask(record.labels())
            else:
                case = self._document.open_volume(scan, Path(record.scan_path))
                self._document.apply_mask(case, onto_scan(record.labels(), scan.grid, case.mask.table))
        except CtStudioError as error:
            self._document.notices.report(error)
            return
        self._document.notices.say(f"Brought back the mask of {record.name}.", "Save it with Ctrl+S.")
        self.autosave.flush()
        if self.autosave.keeps(case):
            mask.forget()

    def _without_scan(self, mask: Recovered, error: CtStudioError) -> None:
        self._document.notices.report(error)
        self._open(mask, None)

    def _looked(self, found: Recovery) -> None:
        self._found = found
        for note in found.notes:
            self._document.notices.say(note, "", "warning")
        if found.masks:
            names = ", ".join(mask.record.name for mask in found.masks[:3])
            text = f"{len(found.masks)} unsaved mask(s) of an earlier run were found: {names}."
            self._document.notices.say(text, "Choose File, Bring back unsaved masks.", "warning")


def _scan_of(record: Record) -> Volume | None:
    """The scan a mask was painted on; None when it is gone or is another one now."""
    path = Path(record.scan_path)
    if not record.scan_path or not path.exists():
        return None
    from ctstudio.io.reading import read_volume

    scan = read_volume(path)
    return scan if scan.grid.matches(record.grid) else None
