"""Ties TotalSegmentator to the window: the scan in sight goes out beside it, its organs come back as the mask."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ctstudio.core.errors import CtStudioError
from ctstudio.core.labels import LESIONS
from ctstudio.jobs.total_segmentator import TotalSegmentator, find, load_weights
from ctstudio.jobs.watched_process import HowFar
from ctstudio.session.document import Case
from ctstudio.session.mask_import import ImportedMask
from ctstudio.session.organ_finding import check_scan, joined, organs_of, own_home
from ctstudio.ui.background import Background, reporting

if TYPE_CHECKING:
    from ctstudio.ui.main_window import MainWindow
    from ctstudio.ui.organ_sheet import OrganSheet

_STEP = "Organs of this scan"


class OrganLink(QObject):
    """One search at a time; it ends with the window, because TotalSegmentator cannot go on by itself.

    Signals:
        changed: Something that the sheet shows is another.
    """

    changed = Signal()
    _told = Signal(HowFar)

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._cancelled = threading.Event()
        self._background = Background(self, threads=1)
        self.found: TotalSegmentator | None = None
        self.looked = False
        self.case: Case | None = None
        self.how_far = HowFar("")
        self.trouble: CtStudioError | None = None
        self.sheet: OrganSheet | None = None
        self._told.connect(self._hear)
        window.document.active_changed.connect(lambda _: self.changed.emit())

    @property
    def running(self) -> bool:
        """Whether organs are being looked for."""
        return self.case is not None

    @property
    def active(self) -> Case | None:
        """The case whose organs would be looked for."""
        case = self._window.document.active
        return case if case is not None and case.has_scan else None

    def open(self) -> None:
        """Show the sheet."""
        if self.sheet is None:
            from ctstudio.ui.organ_sheet import OrganSheet

            self.sheet = OrganSheet(self, self._window)
        self.look()
        self.sheet.show()
        self.sheet.raise_()

    def look(self) -> None:
        """Look for TotalSegmentator on this machine, again."""
        self._window.background.run(find, self._take_found, self._window.notices.report)

    def start(self, fast: bool, may_load: bool) -> None:
        """Look for the organs of the case in sight.

        Args:
            fast: With the network of 3 mm.
            may_load: Whether a person said yes to loading the weights, when they are not there.
        """
        case, found = self.active, self.found
        if case is None or found is None or self.running:
            return
        try:
            check_scan(case.volume)
        except CtStudioError as error:
            self._fail(error)
            return
        self.case, self.how_far, self.trouble = case, HowFar("Starting TotalSegmentator …"), None
        cancelled = self._cancelled = threading.Event()

        def work() -> ImportedMask:
            if not found.has_weights(fast) and may_load:
                load_weights(found, own_home(), fast, self._told.emit, cancelled)
            organs = organs_of(case.volume, found, own_home(), fast, self._told.emit, cancelled)
            return joined(organs, case.mask.snapshot())

        self._background.run(work, partial(self._take, case), reporting(self._fail, self._done))
        self.changed.emit()

    def cancel(self) -> None:
        """End the search within a second; the mask stays as it was."""
        if self.running:
            self._cancelled.set()

    def close(self) -> None:
        """End the search with the window."""
        self._cancelled.set()
        self._background.close()

    def _take_found(self, found: TotalSegmentator | None) -> None:
        self.found, self.looked = found, True
        self.changed.emit()

    def _hear(self, how_far: HowFar) -> None:
        if self.running:
            self.how_far = how_far
            self.changed.emit()

    def _take(self, case: Case, organs: ImportedMask) -> None:
        self._done()
        if case not in self._window.document.cases:
            return
        had = not case.mask.empty
        self._window.document.apply_mask(case, organs, step=_STEP)
        remedy = "Undo (Ctrl+Z) brings your mask back." if had else "Correct them with the brush where needed."
        table = organs.labels.table
        count = sum(table.by_value(value).name not in LESIONS for value in organs.labels.present())
        self._window.notices.say(f"Found {count} organs in {case.name}.", remedy)
        if self.sheet is not None:
            self.sheet.close()

    def _fail(self, error: CtStudioError) -> None:
        self.trouble = error
        self._window.notices.report(error)
        self.changed.emit()

    def _done(self, _error: CtStudioError | None = None) -> None:
        self.case = None
        self.look()
        self.changed.emit()
