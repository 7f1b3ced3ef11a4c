"""How a case is seen in 3D: surfaces of its labels, how clear each is, and which preset draws the scan."""

from __future__ import annotations

from collections.abc import Iterable

from psygnal import Signal

from ctstudio.core.labels import Label

ENCLOSING = frozenset({"body", "skin", "subcutaneous_fat", "torso_fat", "skeletal_muscle"})
"""Labels that lie about all others, and would hide them."""
_CLEAR = (("lung_nodule", 1.0), ("lung_vessels", 1.0), ("lung", 0.2), ("pleural_effusion", 0.5), ("skull", 0.35))
"""Opacity of labels by how their names begin. Lungs are clear for what lies in them. Source: ours."""


class Scene:
    """What the 3D view of one case shows.

    Signals:
        changed: Anything here changed.
    """

    changed = Signal()

    def __init__(self) -> None:
        self._surfaces = True
        self._preset = ""
        self._opacity = 1.0
        self._own: dict[int, float] = {}

    @property
    def surfaces(self) -> bool:
        """Whether the labels' surfaces are shown."""
        return self._surfaces

    @surfaces.setter
    def surfaces(self, shown: bool) -> None:
        if shown != self._surfaces:
            self._surfaces = shown
            self.changed.emit()

    @property
    def preset(self) -> str:
        """Name of the preset that draws the scan; "" draws none."""
        return self._preset

    @preset.setter
    def preset(self, name: str) -> None:
        if name != self._preset:
            if bool(name) != bool(self._preset):
                self._surfaces = not name  # surfaces would hide the scan
            self._preset = name
            self.changed.emit()

    @property
    def opacity(self) -> float:
        """Of all surfaces together, 0 to 1; it is multiplied by each label's own."""
        return self._opacity

    @opacity.setter
    def opacity(self, opacity: float) -> None:
        wanted = min(max(opacity, 0.0), 1.0)
        if wanted != self._opacity:
            self._opacity = wanted
            self.changed.emit()

    def set_label_opacity(self, value: int, opacity: float) -> None:
        """Make one label's surface clearer or denser, 0 to 1."""
        wanted = min(max(opacity, 0.0), 1.0)
        if self._own.get(value) != wanted:
            self._own[value] = wanted
            self.changed.emit()

    def label_opacities(self, labels: Iterable[Label]) -> dict[int, float]:
        """Own opacity of each of the labels that a map holds, by value, 0 to 1.

        Labels that enclose all others are not shown until they are asked for, unless there is nothing else.
        """
        present = tuple(labels)
        alone = all(label.name in ENCLOSING for label in present)
        return {label.value: self._own.get(label.value, _usual_opacity(label, alone)) for label in present}


def _usual_opacity(label: Label, alone: bool) -> float:
    if label.name in ENCLOSING:
        return 1.0 if alone else 0.0
    return next((opacity for start, opacity in _CLEAR if label.name.startswith(start)), 1.0)
