"""Opens files beside the window: scans become cases, label files become the mask of the case looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from ctstudio.core.errors import CtStudioError
from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume
from ctstudio.session.document import Case, Document
from ctstudio.session.mask_import import ImportedMask, onto_scan
from ctstudio.ui.background import Background

DEMO_SEED = 10_007
_DEMO_OPACITY = 0.25


@dataclass(frozen=True)
class Read:
    """What a file held."""

    content: Volume | LabelMap
    path: Path
    notes: tuple[str, ...] = ()


class Opening(QObject):
    """Reads files one after the other and hands them to the document; errors become notices.

    Signals:
        labels_taken: The `Case` whose mask came from a file.
    """

    labels_taken = Signal(object)

    def __init__(self, document: Document, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._background = background
        self._waiting: list[tuple[Path, bool]] = []
        self.busy = False

    def open(self, paths: Sequence[Path], as_mask: bool = False) -> None:
        """Open files and folders, in this order. With `as_mask` each is taken as labels, whatever it looks like."""
        self._waiting += [(Path(path), as_mask) for path in paths]
        self._next()

    def open_demo(self) -> None:
        """Make the demo case: a phantom's CT with its labels as the mask."""
        self._document.notices.say("Making the demo case …")
        self._background.run(_demo, self._demo_made, self._document.notices.report)

    def _next(self) -> None:
        if self.busy or not self._waiting:
            return
        path, as_mask = self._waiting.pop(0)
        self.busy = True
        self._document.notices.say(f"Opening {path.name} …")
        self._background.run(partial(_read, path, as_mask), self._take, self._failed)

    def _failed(self, error: CtStudioError) -> None:
        self._document.notices.report(error)
        self._done()

    def _done(self) -> None:
        self.busy = False
        self._next()

    def _take(self, read: Read) -> None:
        case = self._document.active
        if isinstance(read.content, LabelMap) and case is not None:
            self._import(case, read.content, read.path, read.notes)
            return
        try:
            self._show(read)
        except CtStudioError as error:
            self._document.notices.report(error)
        finally:
            self._done()

    def _show(self, read: Read) -> None:
        if isinstance(read.content, LabelMap):
            self.labels_taken.emit(self._document.open_mask(read.content, read.path))
        else:
            case = self._document.open_volume(read.content, read.path)
            self._document.notices.say(f"Opened {case.name}.")
        for note in read.notes:
            self._document.notices.say(note)

    def _import(self, case: Case, labels: LabelMap, path: Path, notes: tuple[str, ...] = ()) -> None:
        work = partial(onto_scan, labels, case.volume.grid, case.mask.table)
        self._background.run(work, partial(self._imported, case, path, notes), self._failed)

    def _imported(self, case: Case, path: Path, notes: tuple[str, ...], mask: ImportedMask) -> None:
        try:
            if case in self._document.cases:
                for note in (f"Imported {path.name} as the mask of {case.name}.", *notes):
                    self._document.notices.say(note)
                self._document.apply_mask(case, mask, path)
                self.labels_taken.emit(case)
            else:
                text = f"{path.name} was not imported: {case.name} was closed meanwhile."
                self._document.notices.say(text, "Open it again, then import the labels.", "warning")
        finally:
            self._done()

    def _demo_made(self, made: tuple[Volume, LabelMap]) -> None:
        volume, labels = made
        case = self._document.open_volume(volume)
        self._document.apply_mask(case, onto_scan(labels, volume.grid, case.mask.table))
        liver = labels.table.by_name("liver").value
        if liver in case.mask.present():
            case.mask.active = liver
            where = np.argwhere(case.mask.array[::2, ::4, ::4] == liver)
            case.viewing.crosshair = tuple(where.mean(axis=0) * (2, 4, 4))
        case.viewing.mask_opacity = _DEMO_OPACITY
        case.mask.history.clear()
        case.mask.mark_saved()
        self._document.notices.say("This is the demo case, a procedural phantom.", "Open a scan with Ctrl+O.")


def _read(path: Path, as_mask: bool) -> Read:
    from ctstudio.io.reading import looks_like_labels, read_labels_with_notes, read_volume_with_notes

    if as_mask or (path.exists() and looks_like_labels(path)):
        labels, notes = read_labels_with_notes(path)
        return Read(labels, path, notes)
    volume, notes = read_volume_with_notes(path)
    return Read(volume, path, notes)


def _demo() -> tuple[Volume, LabelMap]:
    from dataclasses import replace

    from ctstudio.core.grid import Grid
    from ctstudio.phantom.patient import make_patient
    from ctstudio.phantom.render import render

    grid = Grid.centred((60, 192, 192), (2.0, 2.0, 4.0))
    phantom = render(make_patient(DEMO_SEED, "abdomen"), grid, pet=False, mr=False)
    return replace(phantom.ct, name="Demo phantom", synthetic=True), phantom.labels
