"""Ties the 3D view to the window: it is made when it is first shown, and then stays the only one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QFileDialog

from ctstudio.session.document import Case

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from ctstudio.core.provenance import Provenance
    from ctstudio.ui.main_window import MainWindow
    from ctstudio.ui.scene.director import Director
    from ctstudio.ui.scene.opengl import OpenGL
    from ctstudio.ui.scene.scene_view import SceneView

_CLOSED = "The 3D view is not shown."


class SceneLink(QObject):
    """The 3D view, apart from its place in the window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.view: SceneView | None = None
        self.director: Director | None = None
        self.look: Callable[[], OpenGL] | None = None  # finds out what can draw; None: tries it in a process of its own
        window.document.active_changed.connect(self._show_case)

    @property
    def shown(self) -> bool:
        """Whether the 3D view has a place among the views."""
        return self._window.grid.scene is not None

    @property
    def focused(self) -> SceneView | None:
        """The 3D view when keys act on it."""
        return self.view if self.view is not None and self.view.hasFocus() else None

    def toggle(self) -> None:
        """Show the 3D view beside the others, or take it away and free what it holds."""
        view, director = self._made()
        if self.shown:
            self._window.grid.show_scene(None)
            director.show(None)
        else:
            self._window.grid.show_scene(view)
            director.show(self._window.document.active)
            view.setFocus()

    def show(self) -> Director:
        """Have the 3D view in sight."""
        if not self.shown:
            self.toggle()
        return self._made()[1]

    def set_preset(self, name: str) -> None:
        """Draw the scan with a preset; "" shows the labels alone."""
        self.show().set_preset(name)

    def toggle_surfaces(self) -> None:
        """Show the labels' surfaces, or hide them."""
        case = self.show().case
        if case is not None:
            case.scene.surfaces = not case.scene.surfaces

    def look_from(self, letter: str) -> None:
        """Look from one of the sides A, P, L, R, S, I."""
        self.show().view.look_from(letter)

    def snapshot(self) -> None:
        """Put a picture onto the clipboard, and ask where to save it."""
        case, view = self._window.document.active, self.view
        if not self.shown or case is None or view is None or view.stage is None:
            self._window.notices.say(_CLOSED, "Show it with T, with a case open.", "warning")
            return
        from ctstudio.ui.scene.snapshot import provenance_of, take

        image, provenance = take(view), provenance_of(case, view.pose)
        QApplication.clipboard().setImage(image)
        dialog = QFileDialog(self._window, "Save the picture of the 3D view")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter("PNG (*.png)")
        dialog.setDefaultSuffix("png")
        dialog.selectFile("synthetic_3d.png" if provenance.synthetic else "3d.png")
        dialog.fileSelected.connect(lambda name: self.save(image, Path(name), provenance))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        self._window.notices.say("The picture is on the clipboard.")

    def save(self, image: QImage, path: Path, provenance: Provenance) -> None:
        """Write a picture beside the window."""
        from ctstudio.ui.scene.snapshot import save

        notices = self._window.notices
        work = self._window.background.run
        work(lambda: save(image, path, provenance), lambda saved: notices.say(f"Saved {saved}."), notices.report)

    def close(self) -> None:
        """End what is under way; before the window goes."""
        if self.director is not None:
            self.director.close()

    def _made(self) -> tuple[SceneView, Director]:
        if self.view is None or self.director is None:
            from ctstudio.ui.scene.director import Director
            from ctstudio.ui.scene.opengl import probe
            from ctstudio.ui.scene.scene_view import SceneView

            self.view = view = SceneView()
            self.director = Director(view, self._window.notices, self.look or probe, self)
            view.doubled.connect(lambda: self._window.grid.maximise(view))
            self.view.bar.snapshot_asked.connect(self.snapshot)
            self.view.bar.opacity_asked.connect(self._open_opacities)
        return self.view, self.director

    def _show_case(self, case: Case | None) -> None:
        if self.shown and self.director is not None:
            self.director.show(case)

    def _open_opacities(self) -> None:
        case = self._window.document.active
        if case is not None and self.view is not None:
            from ctstudio.ui.scene.opacity_sheet import OpacitySheet

            OpacitySheet(case, self.view).open_under(self.view.bar.opacity)
