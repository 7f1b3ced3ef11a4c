"""A chest in the making, in three planes: first the coarse volume, then the fine one."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QWidget

from ctstudio.core.volume import Volume
from ctstudio.core.windows import PRESETS
from ctstudio.ui.linked_views import LinkedViews
from ctstudio.ui.planes import AXIAL, PLANES


class MakingViews(QWidget):
    """The views are laid out as those of a case, so that nothing jumps when it is done."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.linked = LinkedViews(PRESETS["Lung"], self)
        self.axial, self.coronal, self.sagittal = (self.linked.make(plane) for plane in PLANES)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        grid.addWidget(self.axial, 0, 0, 2, 1)
        grid.addWidget(self.coronal, 0, 1)
        grid.addWidget(self.sagittal, 1, 1)
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(1, 2)
        for view in (self.axial, self.coronal, self.sagittal):
            view.doubled.connect(self.linked.viewing.reset)

    def show_preview(self, image: Volume, words: str) -> None:
        """Show an estimate of the chest, and which stage it comes from."""
        self.axial.title = words or AXIAL.title
        self.linked.show(dict.fromkeys((self.axial, self.coronal, self.sagittal), image))
