"""Sides, letters, turning, and fitting of the 3D view's camera."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRectF

from ctstudio.ui.scene import cube
from ctstudio.ui.scene.camera import VIEWS, Pose, first_pose, letter_of

LETTERS = {  # left, right, top and bottom of the screen
    "A": ("R", "L", "S", "I"),
    "P": ("L", "R", "S", "I"),
    "L": ("A", "P", "S", "I"),
    "R": ("P", "A", "S", "I"),
    "S": ("L", "R", "A", "P"),
    "I": ("R", "L", "A", "P"),
}


@pytest.mark.parametrize("side", VIEWS)
def test_each_side_has_its_letters_and_faces_us(side: str) -> None:
    pose = first_pose().from_side(side)
    assert pose.letters() == LETTERS[side]
    assert letter_of(pose.position_mm - pose.focus_mm) == side


def test_the_camera_stays_square_however_it_is_turned() -> None:
    pose, rng = first_pose(), np.random.default_rng(1)
    for right, up, roll in rng.uniform(-40, 40, (50, 3)):
        pose = pose.turned(right, up).rolled(roll)
    axes = np.stack([pose.right, pose.up, -pose.towards])
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(axes) == pytest.approx(1.0)


def test_the_scene_follows_the_hand() -> None:
    pose = first_pose().from_side("A")
    assert letter_of(-pose.turned(90, 0).towards) == "R"  # the front goes right: we see the patient's right side
    assert letter_of(-pose.turned(0, -90).towards) == "S"  # the front goes down: we look from above
    assert pose.turned(45, 0).letters()[0] == "RP" or pose.turned(45, 0).letters()[0] == "PR"
    np.testing.assert_allclose(pose.moved(10, 0).focus_mm, [-10, 0, 0])  # seen 10 mm further right
    assert pose.zoomed(2).height_mm == pytest.approx(pose.height_mm / 2)


def test_fitting_shows_all_and_wastes_little() -> None:
    points = np.random.default_rng(2).uniform((-50, 10, 100), (90, 60, 500), (40, 3))
    for side in VIEWS:
        for aspect in (0.5, 2.0):
            pose = first_pose().from_side(side).fitted(points, aspect)
            seen = _on_screen(pose, points, aspect)
            assert 0.7 < np.abs(seen).max() < 1.0


def test_the_cube_s_sides_are_where_they_are_drawn() -> None:
    area = QRectF(0, 0, 300, 200)
    for side in VIEWS:
        pose = first_pose().from_side(side)
        assert cube.side_at(cube.middle(area), area, pose) == side
        assert cube.side_at(area.center(), area, pose) == ""


def _on_screen(pose: Pose, points, aspect: float):
    """Positions on the screen, -1 to 1 along its height and its width."""
    around = points - pose.position_mm
    depth = around @ pose.towards
    half = pose.height_mm / 2 / pose.distance_mm
    return np.stack([around @ pose.right / (depth * half * aspect), around @ pose.up / (depth * half)])
