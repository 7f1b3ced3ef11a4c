"""How each label's surface looks: its table's colour, and clear or dense as the case's scene says."""

from __future__ import annotations

from dataclasses import dataclass

from ctstudio.core.labels import Colour
from ctstudio.session.document import Case


@dataclass(frozen=True)
class Look:
    """Colour (RGB, 0 to 255) and opacity (0 to 1) of a surface."""

    colour: Colour
    opacity: float


HIDDEN = Look((0, 0, 0), 0.0)


def looks_of(case: Case) -> dict[int, Look]:
    """Looks by label value, of all labels that the mask holds; labels hidden in the list have opacity 0."""
    labels = [case.mask.table.by_value(value) for value in case.mask.present()]
    scene, hidden = case.scene, case.viewing.hidden
    own = scene.label_opacities(labels)
    shown = scene.opacity if scene.surfaces else 0.0
    return {
        label.value: Look(label.colour, 0.0 if label.value in hidden else own[label.value] * shown) for label in labels
    }
