"""What the 3D view says about itself."""

from __future__ import annotations

from collections.abc import Sequence

from ctstudio.session.document import Case
from ctstudio.ui.scene.opengl import OpenGL
from ctstudio.ui.scene.volume_field import VolumeField
from ctstudio.ui.view_marks import BADGE

BEHIND = "Surfaces follow when the brush rests"
STOPPED = "Stopped: what is missing is built at the next change"
_LOOKING = "Looking for what can draw in 3D …"
_NO_CASE = "Open a scan or labels to see them in 3D."
_NOTHING = "Nothing to show yet: paint or import labels, show the hidden ones, or choose a preset for the scan."


def title(case: Case | None) -> str:
    """At the upper left."""
    return "3D" if case is None or not case.scene.preset else f"3D   {case.scene.preset}"


def badge(case: Case | None) -> str:
    """SYNTHETIC when scan or labels were made rather than acquired."""
    return BADGE if case is not None and (case.volume.synthetic or case.mask.synthetic) else ""


def instead(opengl: OpenGL | None, case: Case | None, empty: bool) -> str:
    """In place of a scene, where there is none; "" where there is one."""
    if opengl is None:
        return _LOOKING
    if not opengl.works:
        return f"3D needs OpenGL, which this machine does not give: {opengl.reason}.\n{opengl.remedy}"
    if case is None:
        return _NO_CASE
    return _NOTHING if empty else ""


def reductions(reduced_surfaces: int, field: VolumeField | None) -> str:
    """What is shown coarser than it is."""
    parts = []
    if reduced_surfaces:
        parts.append(
            "1 large surface reduced" if reduced_surfaces == 1 else f"{reduced_surfaces} large surfaces reduced"
        )
    if field is not None and field.reduced:
        parts.append(f"scan reduced {' x '.join(str(step) for step in field.steps[::-1])}")
    return ", ".join(parts)


def progress(words: Sequence[str]) -> str:
    """What is being built; "" when nothing is."""
    return f"Building {' and '.join(words)}" if words else ""
