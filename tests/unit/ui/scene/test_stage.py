"""What is drawn lies on the right side, has the right colour, and is as clear as it should be."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.core.grid import Grid
from ctstudio.ui.scene.camera import first_pose
from ctstudio.ui.scene.looks import Look
from ctstudio.ui.scene.presets import preset
from ctstudio.ui.scene.volume_field import VolumeField

RED, GREEN, BLUE = (230, 30, 30), (30, 220, 30), (30, 30, 230)
GRID = Grid((30, 30, 30), (2.0, 2.0, 2.0), (-29.0, -29.0, -29.0))


@pytest.fixture
def stage(opengl):
    from ctstudio.ui.scene.stage import Stage

    stage = Stage(software=True)
    yield stage
    stage.close()


def _cornered():
    """Three balls: 1 to the patient's left, 2 to the back, 3 to the head."""
    labels = np.zeros(GRID.shape, np.uint8)
    index = np.stack(np.meshgrid(*(np.arange(30),) * 3, indexing="ij"), axis=-1)
    for value, (x, y, z) in enumerate(((20, 0, 0), (0, 20, 0), (0, 0, 20)), start=1):
        labels[np.linalg.norm(GRID.to_world(index) - (x, y, z), axis=-1) < 7] = value
    return labels


def _where(picture, colour) -> tuple[float, float] | None:
    """Middle of what has a colour's strongest channel far above the others: across and down, 0 to 1."""
    channel = int(np.argmax(colour))
    rgb = picture[..., :3].astype(int)
    rest = np.delete(rgb, channel, axis=-1).max(axis=-1)
    down, across = np.nonzero(rgb[..., channel] - rest > 60)
    return None if len(down) < 10 else (across.mean() / picture.shape[1], down.mean() / picture.shape[0])


@pytest.mark.parametrize(
    ("side", "left_ball", "back_ball", "head_ball"),
    [
        ("A", "right", "", "top"),
        ("P", "left", "", "top"),
        ("L", "", "right", "top"),
        ("R", "", "left", "top"),
        ("S", "left", "bottom", ""),
        ("I", "right", "bottom", ""),
    ],
)
def test_labels_stand_where_the_letters_say(stage, side: str, left_ball: str, back_ball: str, head_ball: str) -> None:
    from ctstudio.ui.scene.surfaces import build_surfaces

    for surface in build_surfaces(_cornered(), GRID, (1, 2, 3), False, lambda: False):
        stage.put(surface, Look((RED, GREEN, BLUE)[surface.value - 1], 1.0))
    pose = first_pose().from_side(side).fitted(stage.corners_mm(), 1.0)
    picture = stage.picture(160, 160, pose, moving=False)
    for colour, place in ((RED, left_ball), (GREEN, back_ball), (BLUE, head_ball)):
        if place:
            found = _where(picture, colour)
            assert found is not None
            across, down = found
            assert {"left": across < 0.4, "right": across > 0.6, "top": down < 0.4, "bottom": down > 0.6}[place]


def test_hidden_clear_and_dropped(stage) -> None:
    from ctstudio.ui.scene.surfaces import build_surfaces

    (ball,) = build_surfaces(_cornered(), GRID, (1,), False, lambda: False)
    stage.put(ball, Look(RED, 1.0))
    pose = first_pose().fitted(stage.corners_mm(), 1.0)
    full = stage.picture(100, 100, pose, moving=True)
    assert _where(full, RED) is not None
    stage.show({1: Look(RED, 0.3)})
    clear = stage.picture(100, 100, pose, moving=False)
    assert full[50, 50, 0] > clear[50, 50, 0] + 40
    stage.show({})
    assert _where(stage.picture(100, 100, pose, moving=False), RED) is None
    assert len(stage.corners_mm()) == 0
    stage.drop(1)
    assert stage.values == ()


@pytest.mark.parametrize("software", [True, False])
def test_a_volume_lies_in_the_world_as_its_grid_says(opengl, software: bool) -> None:
    """Cast by the processor, and as a graphics card does it."""
    from ctstudio.ui.scene.stage import Stage

    stage = Stage(software)
    hu = np.full((24, 24, 24), -1000, np.int16)
    hu[16:22, 9:15, 2:8] = 900  # near the head, and low in x, which the grid turns to the patient's left
    turned = ((-1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, 1.0))
    field = VolumeField(hu, (1, 1, 1), Grid(hu.shape, (2.0, 2.0, 2.0), (23.0, 23.0, -23.0), turned))
    stage.put_volume(field, preset("CT-Bone"))
    assert stage.drawn is preset("CT-Bone")
    pose = first_pose().from_side("A").fitted(stage.corners_mm(), 1.0)
    for moving in (True, False):
        picture = stage.picture(160, 160, pose, moving).astype(int)
        down, across = np.nonzero(picture[..., 0] > 120)
        assert len(down) > 100
        assert across.mean() > 95
        assert down.mean() < 65
    stage.put_volume(None, None)
    assert stage.drawn is None
    stage.close()
