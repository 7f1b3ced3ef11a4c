"""Where the scene is seen from: turning, moving, zooming, the standard views, and letters for what lies where.

World points are (x, y, z) mm, LPS: x grows to the patient's left, y to the back, z to the head.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
VIEW_ANGLE_DEGREES = 22.0
_AXES = (("L", "R"), ("P", "A"), ("S", "I"))
_SECOND_LETTER = 0.5
_FITTED = 1.06


def _unit(vector: Vector) -> Vector:
    return np.asarray(vector / np.linalg.norm(vector))


def _vector(x: float, y: float, z: float) -> Vector:
    return np.array([x, y, z], float)


@dataclass(frozen=True, eq=False)
class Pose:
    """A camera.

    Attributes:
        focus_mm: The point that is looked at and turned about.
        distance_mm: From the camera to that point.
        towards: Unit vector along the line of sight.
        up: Unit vector that points up on the screen, at a right angle to `towards`.
    """

    focus_mm: Vector
    distance_mm: float
    towards: Vector
    up: Vector

    @property
    def right(self) -> Vector:
        """Unit vector that points right on the screen."""
        return np.cross(self.towards, self.up)

    @property
    def position_mm(self) -> Vector:
        """Where the camera stands."""
        return np.asarray(self.focus_mm - self.distance_mm * self.towards)

    @property
    def height_mm(self) -> float:
        """Height of what the screen shows at the focus."""
        return 2 * self.distance_mm * math.tan(math.radians(VIEW_ANGLE_DEGREES / 2))

    def turned(self, right_degrees: float, up_degrees: float) -> Pose:
        """The scene turned by the hand: its front moves to the right and up by these angles."""
        across = _rotation(self.up, -right_degrees)
        towards = across @ self.towards
        right = across @ self.right
        over = _rotation(right, up_degrees)
        return self._looking(over @ towards, over @ self.up)

    def rolled(self, degrees: float) -> Pose:
        """The scene turned clockwise about the line of sight."""
        return self._looking(self.towards, _rotation(self.towards, -degrees) @ self.up)

    def moved(self, right_mm: float, up_mm: float) -> Pose:
        """The scene moved to the right and up on the screen."""
        return replace(self, focus_mm=self.focus_mm - right_mm * self.right - up_mm * self.up)

    def zoomed(self, factor: float) -> Pose:
        """The scene enlarged by a factor (> 1)."""
        return replace(self, distance_mm=float(np.clip(self.distance_mm / factor, 1.0, 1e5)))

    def from_side(self, letter: str) -> Pose:
        """The same focus and distance, seen from one of A, P, L, R, S, I."""
        towards, up = VIEWS[letter]
        return self._looking(towards, up)

    def fitted(self, points_mm: Vector, aspect: float) -> Pose:
        """As near as possible with all of some world points, (n, 3), in sight; `aspect` is width by height."""
        focus = (points_mm.min(axis=0) + points_mm.max(axis=0)) / 2
        around = points_mm - focus
        tangent = math.tan(math.radians(VIEW_ANGLE_DEGREES / 2))
        nearer = -(around @ self.towards)
        tall = nearer + _FITTED * np.abs(around @ self.up) / tangent
        wide = nearer + _FITTED * np.abs(around @ self.right) / (tangent * max(aspect, 1e-3))
        return Pose(focus, float(max(tall.max(), wide.max(), 1.0)), self.towards, self.up)

    def letters(self) -> tuple[str, str, str, str]:
        """What lies at the left, right, top and bottom of the screen, such as "R" or, half turned, "RA"."""
        return letter_of(-self.right), letter_of(self.right), letter_of(self.up), letter_of(-self.up)

    def _looking(self, towards: Vector, up: Vector) -> Pose:
        ahead = _unit(np.asarray(towards))
        return replace(self, towards=ahead, up=_unit(up - (up @ ahead) * ahead))


VIEWS: dict[str, tuple[Vector, Vector]] = {
    "A": (_vector(0, 1, 0), _vector(0, 0, 1)),
    "P": (_vector(0, -1, 0), _vector(0, 0, 1)),
    "L": (_vector(-1, 0, 0), _vector(0, 0, 1)),
    "R": (_vector(1, 0, 0), _vector(0, 0, 1)),
    "S": (_vector(0, 0, -1), _vector(0, -1, 0)),
    "I": (_vector(0, 0, 1), _vector(0, -1, 0)),
}
"""Line of sight and upward direction of the views from each side."""
SIDES = {"A": "front", "P": "back", "L": "left", "R": "right", "S": "head", "I": "feet"}

KEYS = (
    ("A, P, L, R, S, I", "from the front, back, left, right, head, feet"),
    ("Arrows", "turn by 10 degrees"),
    ("+ and -", "zoom"),
    ("F or =", "show all"),
    ("End, Page Down, Home, or 1, 3, 7 on the keypad", "from the front, left, head; with Shift from the other side"),
)
"""What the 3D view's own keys do."""


def first_pose() -> Pose:
    """From the front, a little from the left and above, so that depth is seen at once."""
    towards, up = VIEWS["A"]
    return Pose(np.zeros(3), 1000.0, towards, up).turned(-25.0, -12.0)


def letter_of(direction: Vector) -> str:
    """The side that a world direction points to, with the second one where it is not clear."""
    order = np.argsort(-np.abs(direction))
    letters = [_AXES[axis][0 if direction[axis] > 0 else 1] for axis in order]
    return letters[0] + (letters[1] if abs(direction[order[1]]) > _SECOND_LETTER else "")


def _rotation(axis: Vector, degrees: float) -> Vector:
    """(3, 3) rotation about a unit axis."""
    angle = math.radians(degrees)
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross)
