"""Surfaces that follow a mask: what it holds is built when it is seen, and built again when the brush rests."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from ctstudio.session.document import Case
from ctstudio.session.region import Region
from ctstudio.ui.scene.building import Building
from ctstudio.ui.scene.due import Due
from ctstudio.ui.scene.looks import HIDDEN, looks_of
from ctstudio.ui.scene.scene_view import SceneView

QUIET_MS = 700
"""Quiet after a stroke before its surface is built again. Source: ours."""


class KeptSurfaces(QObject):
    """The surfaces of the case that is looked at.

    Signals:
        behind: The mask has changed, and its surfaces have not yet.
        due: They are to be built again.
    """

    behind = Signal()
    due = Signal()

    def __init__(self, view: SceneView, building: Building, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self._building = building
        self._case: Case | None = None
        self._changes: Due | None = None
        self._wanted: set[int] = set()  # labels whose surfaces are not there, or not as the mask is
        self._reduced: set[int] = set()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(QUIET_MS)
        self._timer.timeout.connect(self._catch_up)
        building.surface.connect(self._put)

    @property
    def waiting(self) -> bool:
        """Whether the mask has changed since its surfaces were last asked for."""
        return self._changes is not None and self._changes.waiting

    @property
    def reduced(self) -> int:
        """How many surfaces are coarser than the mask."""
        return len(self._reduced)

    def follow(self, case: Case | None) -> None:
        """Follow the mask of another case."""
        if self._case is not None:
            self._case.mask.changed.disconnect(self._painted)
        self._timer.stop()
        self._case, self._changes = case, None
        self._wanted.clear()
        self._reduced.clear()
        if case is not None:
            self._changes = Due(case.mask)
            self._wanted = set(case.mask.present())
            case.mask.changed.connect(self._painted)

    def show(self, spare: bool) -> None:
        """Colour what is there; ask for what is missing and would be seen, and for the end of what is gone."""
        if self._case is None or self._view.stage is None:
            return
        looks = looks_of(self._case)
        self._view.stage.show(looks)
        values = {value for value in self._wanted if value not in looks or looks[value].opacity > 0}
        if values - self._building.values:
            self._building.build_surfaces(self._case.mask, sorted(values), spare)

    def _painted(self, region: Region) -> None:
        if self._changes is not None:
            self._changes.touched(region)
            self._timer.start()
            self.behind.emit()

    def _catch_up(self) -> None:
        """The hand rests: build again what changed."""
        if self._case is None or self._changes is None:
            return
        if self._case.mask.painting_now:
            self._timer.start()
            return
        changed = self._changes.take()
        self._wanted |= changed
        self._building.outdate(changed)
        self.due.emit()

    def _put(self, made: Any) -> None:
        stage, case = self._view.stage, self._case
        if stage is None or case is None:
            return
        value = made if isinstance(made, int) else made.value
        self._wanted.discard(value)
        self._reduced.discard(value)
        if isinstance(made, int):
            stage.drop(value)
        else:
            stage.put(made, looks_of(case).get(value, HIDDEN))
            self._reduced |= {value} if made.reduced else set()
