"""Binds the 3D view to a case: what the session says is built, shown and kept up with the mask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psygnal import SignalInstance
from PySide6.QtCore import QObject, QTimer

from ctstudio.core.errors import CtStudioError
from ctstudio.session.document import Case
from ctstudio.session.notices import Notices
from ctstudio.ui.background import Background
from ctstudio.ui.scene import scene_words
from ctstudio.ui.scene.building import Building
from ctstudio.ui.scene.kept_surfaces import KeptSurfaces
from ctstudio.ui.scene.opengl import OpenGL, choose
from ctstudio.ui.scene.presets import Part, Preset, preset
from ctstudio.ui.scene.scene_view import Said, SceneView
from ctstudio.ui.scene.volume_field import VolumeField

_ARRIVALS_MS = 500


class Director(QObject):
    """The 3D view of whichever case is looked at.

    Args:
        view: Where it is shown.
        notices: Who hears of troubles.
        look: Finds out whether this machine can draw.
    """

    def __init__(
        self, view: SceneView, notices: Notices, look: Callable[[], OpenGL], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.view = view
        self.opengl: OpenGL | None = None
        self.case: Case | None = None
        self._notices = notices
        self._background = Background(self, threads=2)
        self.building = Building(self._background, self)
        self.surfaces = KeptSurfaces(view, self.building, self)
        self._fields: dict[str, VolumeField] = {}
        self._fitted = self._stopped = False
        self._bonds: list[tuple[SignalInstance, Callable[..., Any]]] = []
        self._arrivals = QTimer(self)
        self._arrivals.setSingleShot(True)
        self._arrivals.setInterval(_ARRIVALS_MS)
        self._arrivals.timeout.connect(self._show_arrivals)
        self.surfaces.behind.connect(self._say)
        self.surfaces.due.connect(self.restyle)
        self.building.surface.connect(self._arrived)
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
        self.case, self._fitted = case, False
        self._fields.clear()
        self.surfaces.follow(case)
        self.building.cancel()
        if self.view.stage is not None:
            self.view.stage.clear()
        if case is not None:
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
        self._stopped = True
        self._say()

    def close(self) -> None:
        """End everything, for good."""
        self.show(None)
        self._background.close()
        self.view.close_stage()

    def restyle(self) -> None:
        """Show what is there as the session says, and build what is missing for it."""
        case, stage = self.case, self.view.stage
        self._stopped = False
        if stage is not None:
            if case is not None and self.opengl is not None:
                self.surfaces.show(self.opengl.software)
                self._draw_volume(case)
            self._fit_once()
            self.view.refresh()
        self._say()

    def _bind(self, case: Case) -> None:
        for signal, slot in (
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

    def _arrived(self, _made: object) -> None:
        """A surface stands on the stage; a few are shown at once."""
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

    def _say(self) -> None:
        """Bring all words up to date."""
        case, view, jobs = self.case, self.view, self.building.jobs
        view.chip.show_progress(scene_words.progress([job.words for job in jobs]), self.building.share)
        view.bar.setEnabled(case is not None and view.stage is not None)
        if case is not None:
            view.bar.show_state(case.scene.surfaces, case.scene.preset)
        empty = not jobs and (view.stage is None or not len(view.stage.corners_mm()))
        words = scene_words.instead(self.opengl, case, empty)
        view.say(Said(scene_words.title(case), self._note(), scene_words.badge(case), words))

    def _note(self) -> str:
        if self.surfaces.waiting or self._stopped:
            return scene_words.STOPPED if self._stopped else scene_words.BEHIND
        chosen: Preset | None = None if self.case is None else preset(self.case.scene.preset)
        return scene_words.reductions(self.surfaces.reduced, self._fields.get(chosen.part) if chosen else None)


def _prepared(look: Callable[[], OpenGL]) -> OpenGL:
    """Find out what can draw and, where something can, load VTK, which takes its time too."""
    found = look()
    if found.works:
        choose(found)
        import ctstudio.ui.scene.stage  # noqa: F401
    return found
