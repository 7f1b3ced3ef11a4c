"""How a case is looked at: crosshair, window, overlay, and the part of each plane in sight."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from psygnal import Signal

from ctstudio.core.windows import PRESETS, Window

Index = tuple[int, int, int]
MIN_WIDTH_HU = 1.0


@dataclass(frozen=True)
class Framing:
    """The part of a plane in sight.

    Attributes:
        zoom: 1 shows the whole slice; 2 shows half of it along each side.
        centre: Middle of the view as a share (across, down) of the slice, (0.5, 0.5) is its middle.
    """

    zoom: float = 1.0
    centre: tuple[float, float] = (0.5, 0.5)


class Viewing:
    """What all views of one case share.

    Signals:
        crosshair_changed: The new (z, y, x).
        window_changed: The new `Window`.
        overlay_changed: Opacity or visibility of the mask, or of one of its labels, changed.
        framing_changed: The plane's axis (0 axial, 1 coronal, 2 sagittal) and its new `Framing`.
    """

    crosshair_changed = Signal(tuple)
    window_changed = Signal(Window)
    overlay_changed = Signal()
    framing_changed = Signal(int, Framing)

    def __init__(self, shape: tuple[int, int, int], window: Window = PRESETS["Soft tissue"]) -> None:
        self.shape = shape
        self._crosshair: Index = (shape[0] // 2, shape[1] // 2, shape[2] // 2)
        self._window = window
        self._mask_opacity = 0.45
        self._overlay_visible = True
        self._hidden: frozenset[int] = frozenset()
        self._framings = [Framing(), Framing(), Framing()]

    @property
    def crosshair(self) -> Index:
        """The voxel looked at, (z, y, x), always inside the scan."""
        return self._crosshair

    @crosshair.setter
    def crosshair(self, index_zyx: Sequence[float]) -> None:
        if len(index_zyx) != 3 or not all(math.isfinite(i) for i in index_zyx):
            return
        z, y, x = (min(max(math.floor(i + 0.5), 0), n - 1) for i, n in zip(index_zyx, self.shape, strict=True))
        if (z, y, x) != self._crosshair:
            self._crosshair = (z, y, x)
            self.crosshair_changed.emit(self._crosshair)

    def scroll(self, axis: int, slices: int) -> None:
        """Move the crosshair by whole slices along an axis, stopping at the ends."""
        index = list(self._crosshair)
        index[axis] += slices
        self.crosshair = index

    @property
    def window(self) -> Window:
        """The range of HU shown."""
        return self._window

    @window.setter
    def window(self, window: Window) -> None:
        if not (math.isfinite(window.level_hu) and math.isfinite(window.width_hu)):
            return
        wanted = Window(window.level_hu, max(window.width_hu, MIN_WIDTH_HU))
        if wanted != self._window:
            self._window = wanted
            self.window_changed.emit(wanted)

    @property
    def mask_opacity(self) -> float:
        """0 is clear, 1 hides the scan."""
        return self._mask_opacity

    @mask_opacity.setter
    def mask_opacity(self, opacity: float) -> None:
        wanted = min(max(opacity, 0.0), 1.0)
        if wanted != self._mask_opacity:
            self._mask_opacity = wanted
            self.overlay_changed.emit()

    @property
    def overlay_visible(self) -> bool:
        """Whether the mask is shown over the scan."""
        return self._overlay_visible

    @overlay_visible.setter
    def overlay_visible(self, visible: bool) -> None:
        if visible != self._overlay_visible:
            self._overlay_visible = visible
            self.overlay_changed.emit()

    @property
    def hidden(self) -> frozenset[int]:
        """Labels that are shown nowhere, neither over the scan nor in 3D."""
        return self._hidden

    def hide(self, value: int, hidden: bool = True) -> None:
        """Hide one label, or show it again."""
        wanted = self._hidden | {value} if hidden else self._hidden - {value}
        if wanted != self._hidden:
            self._hidden = wanted
            self.overlay_changed.emit()

    def framing(self, axis: int) -> Framing:
        """The part in sight of the plane perpendicular to an array axis."""
        return self._framings[axis]

    def frame(self, axis: int, framing: Framing) -> None:
        """Zoom or pan a plane."""
        if framing != self._framings[axis]:
            self._framings[axis] = framing
            self.framing_changed.emit(axis, framing)

    def reset(self) -> None:
        """Show every plane whole."""
        for axis in range(3):
            self.frame(axis, Framing())
