"""How the views are laid out: one large and two beside it to paint; original and generated side by side to compare.

The 3D view, when it is asked for, takes the fourth place.
"""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QWidget

from ctstudio.ui.slice_view import SliceView

_GAP = 2
_LINES = 6  # that two and three views share evenly
Places = dict[QWidget, tuple[int, int, int, int]]
"""Row, column and spans of every view in sight."""


class ViewGrid(QWidget):
    """Axial, coronal and sagittal views, the generated one while comparing, and the 3D view when it is asked for."""

    def __init__(self, originals: tuple[SliceView, ...], generated: SliceView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.axial, self.coronal, self.sagittal = originals
        self.generated = generated
        self._comparing = False
        self._large: QWidget | None = None
        self._scene: QWidget | None = None
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(_GAP)
        for view in self.views:
            view.setParent(self)
            view.doubled.connect(lambda view=view: self.maximise(view))
        self._arrange()

    @property
    def views(self) -> tuple[SliceView, ...]:
        """All views of slices."""
        return self.axial, self.coronal, self.sagittal, self.generated

    @property
    def large(self) -> QWidget | None:
        """The view that fills the grid, or None."""
        return self._large

    @property
    def scene(self) -> QWidget | None:
        """The 3D view when it has a place here, or None."""
        return self._scene

    def show_scene(self, view: QWidget | None) -> None:
        """Give the 3D view a place, or take it away."""
        if self._scene is not None:
            self._grid.removeWidget(self._scene)
            self._scene.hide()
        self._scene = view
        self._large = None
        if view is not None:
            view.setParent(self)
        self._arrange()

    def compare(self, comparing: bool) -> None:
        """Put the generated view beside the original, or take it away."""
        self._comparing, self._large = comparing, None
        self._arrange()

    def maximise(self, view: QWidget | None) -> None:
        """Let one view fill the grid; the same view again, or None, brings all back."""
        self._large = None if view is self._large else view
        self._arrange()

    def _arrange(self) -> None:
        every = (*self.views, *((self._scene,) if self._scene is not None else ()))
        for view in every:
            self._grid.removeWidget(view)
        for line in range(_LINES):
            self._grid.setRowStretch(line, 0)
            self._grid.setColumnStretch(line, 0)
        places = self._places()
        for view, (top, left, rows, columns) in places.items():
            self._grid.addWidget(view, top, left, rows, columns)
        rows_share, columns_share = self._shares()
        for line, share in enumerate(rows_share):
            self._grid.setRowStretch(line, share)
        for line, share in enumerate(columns_share):
            self._grid.setColumnStretch(line, share)
        for view in every:
            view.setVisible(view in places)

    def _shares(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """How rows and columns share the room."""
        if self._large is not None:
            return (), ()
        if self._comparing:
            return (3, 2), (1,) * _LINES
        return (1, 1), ((1, 1) if self._scene is not None else (3, 2))

    def _places(self) -> Places:
        if self._large is not None:
            return {self._large: (0, 0, 1, 1)}
        if self._comparing:
            below = [self.coronal, self.sagittal, *((self._scene,) if self._scene is not None else ())]
            wide = _LINES // len(below)
            places: Places = {self.axial: (0, 0, 1, 3), self.generated: (0, 3, 1, 3)}
            return places | {view: (1, place * wide, 1, wide) for place, view in enumerate(below)}
        if self._scene is not None:
            return {
                self.axial: (0, 0, 1, 1),
                self.coronal: (0, 1, 1, 1),
                self.sagittal: (1, 0, 1, 1),
                self._scene: (1, 1, 1, 1),
            }
        return {self.axial: (0, 0, 2, 1), self.coronal: (0, 1, 1, 1), self.sagittal: (1, 1, 1, 1)}
