"""Binds the 3D view to a case: what the session says is built, shown and kept up with the mask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psygnal import SignalInstance
from PySide6.QtCore import QObject, QTimer

from ctstudio.core.errors import CtStudioError
from ctstudio.session.document import Case
from ctstudio.session.notices import Notices
from ctstudio.session.region import Region
from ctstudio.ui.background import Background
from ctstudio.ui.scene import scene_words
from ctstudio.ui.scene.building import Building
from ctstudio.ui.scene.due import Due
from ctstudio.ui.scene.looks import HIDDEN, looks_of
from ctstudio.ui.scene.opengl import OpenGL, choose, probe
from ctstudio.ui.scene.presets import Part, Preset, preset
from ctstudio.ui.scene.scene_view import Said, SceneView
from ctstudio.ui.scene.volume_field import VolumeField

QUIET_MS = 700
"""Quiet after a stroke before its surface is built again. Source: ours."""
_ARRIVALS_MS = 500


class Director(QObject):
    """The 3D view of whichever case is looked at.

    Args:
        view: Where it is shown.
        notices: Who hears of troubles.
        look: Finds out whether this machine can draw.
    """

    def __init__(
        self, view: SceneView, notices: Notices, look: Callable[[], OpenGL] = probe, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.view = view
        self.opengl: OpenGL | None = None
        self.case: Case | None = None
        self._notices = notices
        self._background = Background(self, threads=2)
        self.building = Building(self._background, self)
        self._due: Due | None = None
        self._wanted: set[int] = set()  # labels whose surfaces are not there, or not as the mask is
        self._reduced: set[int] = set()
        self._fields: dict[str, VolumeField] = {}
        self._fitted = False
        self._bonds: list[tuple[SignalInstance, Callable[..., Any]]] = []
        self._quiet = _timer(self, QUIET_MS, self._catch_up)
        self._arrivals = _timer(self, _ARRIVALS_MS, self._show_arrivals)
        self.building.surface.connect(self._put_surface)
        self.building.volume.connect(self._put_volume)
        self.building.changed.connect(self._progressed)
        self.building.failed.connect(notices.report)
        view.chip.cancel_asked.connect(self.cancel)
        view.bar.surfaces_asked.connect(self.set_surfaces)
        view.bar.preset_asked.connect(self.set_preset)
        view.bar.fit_asked.connect(view.fit)
        self._say()
        self._background.run(lambda: _prepared(look), self._stand, self._fail)

    # What is asked of it.

    def show(self, case: Case | None) -> None:
        """Show a case from now on; None shows nothing."""
        for signal, slot in self._bonds:
            signal.disconnect(slot)
        self._bonds.clear()
        self._quiet.stop()
        self.case, self._due, self._fitted = case, None, False
        for kept in (self._wanted, self._reduced, self._fields):
            kept.clear()
        self.building.cancel()
        if self.view.stage is not None:
            self.view.stage.clear()
        if case is not None:
            self._due = Due(case.mask)
            self._wanted = set(case.mask.present())
            self._bind(case)
        self.restyle()

    def set_surfaces(self, shown: bool) -> None:
        """Show the labels' surfaces, or hide them."""
        if self.case is not None:
            self.case.scene.surfaces = shown

    def set_preset(self, name: str) -> None:
        """Draw the scan with a preset; "" draws it no more."""
        case = self.case
        if case is None:
            return
        if name and not (case.has_scan and case.volume.is_hu):
            why = "is not a CT in HU" if case.has_scan else "has no scan, only labels"
            self._notices.say(f"{case.name} {why}, which the presets are made for.", "Its labels are shown.", "warning")
        elif name != case.scene.preset:
            self._fitted = self._fitted and bool(name) == bool(case.scene.preset)
            case.scene.preset = name
        self._say()

    def cancel(self) -> None:
        """Stop building; what is there stays, and the rest is built when something changes."""
        if self.case is not None and self.building.making:
            self.case.scene.preset = ""
        self.building.cancel()
        self._say(scene_words.STOPPED)

    def close(self) -> None:
        """End everything, for good."""
        self.show(None)
        self._background.close()
        self.view.close_stage()

    def restyle(self) -> None:
        """Show what is there as the session says, and build what is missing for it."""
        case, stage = self.case, self.view.stage
        if stage is not None:
            if case is not None:
                stage.show(looks_of(case))
                self._draw_volume(case)
                self._build()
            self._fit_once()
            self.view.refresh()
        self._say()

    def _bind(self, case: Case) -> None:
        for signal, slot in (
            (case.mask.changed, self._painted),
            (case.mask.settings_changed, self.restyle),
            (case.viewing.overlay_changed, self.restyle),
            (case.scene.changed, self.restyle),
        ):
            signal.connect(slot)
            self._bonds.append((signal, slot))

    # The stage.

    def _stand(self, found: OpenGL) -> None:
        self.opengl = found
        if found.works:
            from ctstudio.ui.scene.stage import Stage

            self.view.stage = Stage(found.software)
        self.restyle()

    def _fail(self, error: CtStudioError) -> None:
        self.opengl = OpenGL(False, reason=error.message)
        self._say()

    def _fit_once(self) -> None:
        """Look at all of it when the first scene of a case stands."""
        if not self._fitted and self.view.fit():
            self._fitted = not self.building.jobs

    # Surfaces.

    def _painted(self, region: Region) -> None:
        if self._due is not None:
            self._due.touched(region)
            self._quiet.start()
            self._say()

    def _catch_up(self) -> None:
        """The hand rests: build again what changed."""
        if self.case is None or self._due is None:
            return
        if self.case.mask.painting_now:
            self._quiet.start()
            return
        changed = self._due.take()
        self._wanted |= changed
        self.building.outdate(changed)
        self.restyle()

    def _build(self) -> None:
        """Ask for the surfaces that are wanted and would be seen, and for the end of those whose label is gone."""
        if self.case is None or self.opengl is None:
            return
        looks = looks_of(self.case)
        values = {value for value in self._wanted if value not in looks or looks[value].opacity > 0}
        if values - self.building.values:
            self.building.build_surfaces(self.case.mask, sorted(values), self.opengl.software)

    def _put_surface(self, made: Any) -> None:
        stage, case = self.view.stage, self.case
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
        if not self._arrivals.isActive():
            self._arrivals.start()

    def _show_arrivals(self) -> None:
        self._fit_once()
        self.view.refresh()
        self._say()

    # The volume.

    def _draw_volume(self, case: Case) -> None:
        chosen, stage = preset(case.scene.preset), self.view.stage
        if stage is None or self.opengl is None or stage.drawn is chosen:
            return
        field = None if chosen is None else self._fields.get(chosen.part)
        stage.put_volume(field, chosen)
        if chosen is not None and field is None and self.building.making != chosen.part:
            self.building.build_volume(case.volume, chosen.part, self.opengl.software)

    def _put_volume(self, part: Part, field: VolumeField) -> None:
        self._fields[part] = field
        if field.note:
            self._notices.say(field.note)
        self.restyle()

    # Words.

    def _progressed(self) -> None:
        if not self.building.jobs:
            self._show_arrivals()
        self._say()

    def _say(self, note: str = "") -> None:
        case, view, jobs = self.case, self.view, self.building.jobs
        view.chip.show_progress(scene_words.progress([job.words for job in jobs]), self.building.share)
        view.bar.setEnabled(case is not None and view.stage is not None)
        if case is not None:
            view.bar.show_state(case.scene.surfaces, case.scene.preset)
        empty = not jobs and (view.stage is None or not len(view.stage.corners_mm()))
        words = scene_words.instead(self.opengl, case, empty)
        view.say(Said(scene_words.title(case), note or self._note(), scene_words.badge(case), words))

    def _note(self) -> str:
        if self._due is not None and self._due.waiting:
            return scene_words.BEHIND
        chosen: Preset | None = None if self.case is None else preset(self.case.scene.preset)
        return scene_words.reductions(len(self._reduced), self._fields.get(chosen.part) if chosen else None)


def _prepared(look: Callable[[], OpenGL]) -> OpenGL:
    """Find out what can draw and, where something can, load VTK, which takes its time too."""
    found = look()
    if found.works:
        choose(found)
        import ctstudio.ui.scene.stage  # noqa: F401
    return found


def _timer(owner: QObject, milliseconds: int, run: Callable[[], object]) -> QTimer:
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(run)
    return timer
