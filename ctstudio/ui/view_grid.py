"""How the views are laid out: one large and two beside it to paint; original and generated side by side to compare."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QWidget

from ctstudio.ui.slice_view import SliceView

_GAP = 2


class ViewGrid(QWidget):
    """Axial, coronal and sagittal views, and the generated one while comparing."""

    def __init__(self, originals: tuple[SliceView, ...], generated: SliceView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.axial, self.coronal, self.sagittal = originals
        self.generated = generated
        self._comparing = False
        self._large: SliceView | None = None
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(_GAP)
        for view in self.views:
            view.setParent(self)
            view.doubled.connect(lambda view=view: self.maximise(view))
        self._arrange()

    @property
    def views(self) -> tuple[SliceView, ...]:
        """All views."""
        return self.axial, self.coronal, self.sagittal, self.generated

    @property
    def large(self) -> SliceView | None:
        """The view that fills the grid, or None."""
        return self._large

    def compare(self, comparing: bool) -> None:
        """Put the generated view beside the original, or take it away."""
        self._comparing, self._large = comparing, None
        self._arrange()

    def maximise(self, view: SliceView | None) -> None:
        """Let one view fill the grid; the same view again, or None, brings all back."""
        self._large = None if view is self._large else view
        self._arrange()

    def _arrange(self) -> None:
        for view in self.views:
            self._grid.removeWidget(view)
        places = self._places()
        for line in range(2):
            self._grid.setRowStretch(line, 0)
            self._grid.setColumnStretch(line, 0)
        for view, (top, left, rows, columns) in places.items():
            self._grid.addWidget(view, top, left, rows, columns)
        if self._large is None:
            self._grid.setColumnStretch(0, 1 if self._comparing else 3)
            self._grid.setColumnStretch(1, 1 if self._comparing else 2)
            self._grid.setRowStretch(0, 3 if self._comparing else 1)
            self._grid.setRowStretch(1, 2 if self._comparing else 1)
        for view in self.views:
            view.setVisible(view in places)

    def _places(self) -> dict[SliceView, tuple[int, int, int, int]]:
        """Row, column and spans of every view in sight."""
        if self._large is not None:
            return {self._large: (0, 0, 1, 1)}
        if self._comparing:
            return {
                self.axial: (0, 0, 1, 1),
                self.generated: (0, 1, 1, 1),
                self.coronal: (1, 0, 1, 1),
                self.sagittal: (1, 1, 1, 1),
            }
        return {self.axial: (0, 0, 2, 1), self.coronal: (0, 1, 1, 1), self.sagittal: (1, 1, 1, 1)}
