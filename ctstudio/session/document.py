"""The open document: its cases, and which of them is looked at."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from psygnal import Signal

from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume
from ctstudio.session.mask_import import ImportedMask, onto_scan
from ctstudio.session.notices import Notices
from ctstudio.session.painting import Painting
from ctstudio.session.results import Results
from ctstudio.session.scene import Scene
from ctstudio.session.undo import DEFAULT_BUDGET_BYTES
from ctstudio.session.viewing import Viewing

AIR_HU = -1000
NO_SCAN = "no scan"


@dataclass(eq=False)
class Case:
    """One patient's scan with its mask, its views and what was generated from it.

    Attributes:
        id: Unique in this run of the program.
        name: What the user calls it.
        volume: The scan; air when only a mask was opened.
        path: Where the scan came from, or None.
        mask: The labels being painted, on the scan's grid.
        viewing: Crosshair, window, overlay.
        results: What was generated.
        has_scan: False when only a mask was opened.
        scene: How it is seen in 3D.
    """

    id: str
    name: str
    volume: Volume
    path: Path | None
    mask: Painting
    viewing: Viewing
    results: Results
    has_scan: bool = True
    mask_path: Path | None = field(default=None)
    scene: Scene = field(default_factory=Scene)


class Document:
    """All open cases.

    Signals:
        case_added: The new `Case`.
        case_removed: The `Case` that was closed.
        active_changed: The `Case` now looked at, or None.
    """

    case_added = Signal(Case)
    case_removed = Signal(Case)
    active_changed = Signal(object)

    def __init__(self, notices: Notices | None = None, undo_budget_bytes: int = DEFAULT_BUDGET_BYTES) -> None:
        self.notices = Notices() if notices is None else notices
        self._undo_budget_bytes = undo_budget_bytes
        self._cases: list[Case] = []
        self._active: Case | None = None

    @property
    def cases(self) -> tuple[Case, ...]:
        """Open cases, oldest first."""
        return tuple(self._cases)

    @property
    def active(self) -> Case | None:
        """The case looked at."""
        return self._active

    @active.setter
    def active(self, case: Case | None) -> None:
        if case is not self._active and (case is None or case in self._cases):
            self._active = case
            self.active_changed.emit(case)

    def open_volume(self, volume: Volume, path: Path | None = None) -> Case:
        """Open a scan as a new case and look at it."""
        name = volume.name or (path.name if path is not None else f"case {len(self._cases) + 1}")
        return self._open(volume, path, name, has_scan=True)

    def open_mask(self, labels: LabelMap, path: Path | None = None) -> Case:
        """Open a mask without a scan: the case shows air.

        Raises:
            MaskError: No voxel has a label.
        """
        air = Volume(
            np.full(labels.grid.shape, AIR_HU, np.int16), labels.grid, synthetic=labels.synthetic, name=NO_SCAN
        )
        blank = Painting(labels.grid)
        imported = onto_scan(labels, labels.grid, blank.table)
        case = self._open(air, None, labels.name or (path.name if path is not None else "mask"), has_scan=False)
        self.apply_mask(case, imported, path)
        return case

    def import_mask(self, labels: LabelMap, path: Path | None = None, as_label: int | None = None) -> Case:
        """Put labels in place of the active case's mask; opens them as a case of their own when none is open.

        Args:
            labels: The labels, on any grid.
            path: Where they came from.
            as_label: Give every labelled voxel this one value instead.

        Raises:
            MaskError: No voxel has a label.
            GeometryError: The labels lie outside the scan.
        """
        case = self._active
        if case is None:
            return self.open_mask(labels, path)
        self.apply_mask(case, onto_scan(labels, case.volume.grid, case.mask.table, as_label), path)
        return case

    def apply_mask(
        self, case: Case, imported: ImportedMask, path: Path | None = None, step: str = "Import mask"
    ) -> None:
        """Put labels that `onto_scan` made in place of a case's mask, as one step of undo, and say what was done.

        `onto_scan` may take seconds on a large scan and may run in any thread; this runs where the window lives.
        """
        case.mask.table = imported.labels.table
        case.mask.replace(imported.labels.array, step, imported.labels.synthetic)
        case.mask_path = path
        if case.mask.present() and case.mask.active not in case.mask.present():
            case.mask.active = case.mask.present()[0]
        for note in imported.notes:
            self.notices.say(note)
        for warning in imported.warnings:
            self.notices.say(warning, "Look at the mask on the scan, or undo.", "warning")

    def remove(self, case: Case) -> None:
        """Close a case."""
        if case not in self._cases:
            return
        place = self._cases.index(case)
        self._cases.remove(case)
        if self._active is case:
            self.active = self._cases[min(place, len(self._cases) - 1)] if self._cases else None
        self.case_removed.emit(case)

    def _open(self, volume: Volume, path: Path | None, name: str, has_scan: bool) -> Case:
        mask = Painting(volume.grid, scan=volume if has_scan else None, budget_bytes=self._undo_budget_bytes)
        mask.synthetic = volume.synthetic
        results = Results(self.notices)
        case = Case(uuid.uuid4().hex, name, volume, path, mask, Viewing(volume.grid.shape), results, has_scan)
        self._cases.append(case)
        self.case_added.emit(case)
        self.active = case
        return case
