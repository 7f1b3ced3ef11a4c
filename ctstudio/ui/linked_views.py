"""Views that look at one place together: same crosshair, window, zoom; none of them is painted on."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PySide6.QtCore import QObject

from ctstudio.core.volume import Volume
from ctstudio.core.windows import Window
from ctstudio.session.viewing import Framing, Viewing
from ctstudio.ui.looking_hands import LookingHands
from ctstudio.ui.planes import Plane
from ctstudio.ui.slice_item import Labels
from ctstudio.ui.slice_view import SliceView


class LinkedViews(QObject):
    """Makes views and binds them to one `Viewing`; all that they show lies on one grid at a time."""

    def __init__(self, window: Window, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.viewing = Viewing((1, 1, 1), window)
        self._hands = LookingHands(self.viewing, points=True)
        self._views: list[SliceView] = []
        self._own_window: set[SliceView] = set()
        self.viewing.crosshair_changed.connect(lambda _: self._look())
        self.viewing.window_changed.connect(lambda _: self._show_window())
        self.viewing.framing_changed.connect(self._frame)

    def make(self, plane: Plane, title: str = "", window: Window | None = None) -> SliceView:
        """A view of a plane; one with a window of its own keeps it."""
        view = SliceView(plane, self._hands, title, paintable=False)
        view.framed.connect(lambda framing: self.viewing.frame(plane.normal, framing))
        view.show_window(window or self.viewing.window)
        self._views.append(view)
        if window is not None:
            self._own_window.add(view)
        return view

    def show(self, volumes: dict[SliceView, Volume | None], labels: dict[SliceView, Labels] | None = None) -> None:
        """Show a volume in each of some views; the place looked at stays when the voxels become finer or coarser."""
        first = next((volume for volume in volumes.values() if volume is not None), None)
        if first is not None and first.grid.shape != self.viewing.shape:
            self._fit(first.grid.shape)
        for view, volume in volumes.items():
            view.show_volume(volume, (labels or {}).get(view), synthetic=volume is not None)
            view.frame(self.viewing.framing(view.plane.normal))
        self._look()

    def _fit(self, shape: tuple[int, int, int]) -> None:
        """Look at the same place in voxels of another size; at the middle at first."""
        viewing, before = self.viewing, self.viewing.shape
        shares = [(i + 0.5) / n for i, n in zip(viewing.crosshair, before, strict=True)]
        viewing.shape = shape
        viewing.crosshair = [share * n - 0.5 for share, n in zip(shares, shape, strict=True)]

    def _look(self) -> None:
        index = self.viewing.crosshair
        place = (float(index[0]), float(index[1]), float(index[2]))
        for view in self._showing():
            view.show_slice(int(np.clip(index[view.plane.normal], 0, _slices(view) - 1)))
            view.show_crosshair(place)

    def _show_window(self) -> None:
        for view in self._views:
            if view not in self._own_window:
                view.show_window(self.viewing.window)

    def _frame(self, axis: int, framing: Framing) -> None:
        for view in self._views:
            if view.plane.normal == axis:
                view.frame(framing)

    def _showing(self) -> Iterable[SliceView]:
        return (view for view in self._views if view.volume is not None)


def _slices(view: SliceView) -> int:
    return view.volume.grid.shape[view.plane.normal] if view.volume is not None else 1
