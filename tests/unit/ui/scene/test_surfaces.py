"""Surfaces hold their label's volume, lie where the label lies, and have no stairs."""

from __future__ import annotations

import numpy as np
import pytest
from vtkmodules.util.numpy_support import vtk_to_numpy

from ctstudio.core.grid import Grid
from ctstudio.ui.scene.surfaces import Surface, build_surfaces, volume_mm3

RADIUS_MM = 20.0
TURNED = ((0.8, -0.6, 0.0), (0.6, 0.8, 0.0), (0.0, 0.0, 1.0))
MIRRORED = ((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
GRIDS = {
    "even": Grid((52, 52, 52), (1.0, 1.0, 1.0), (-25.5, -25.5, -25.5)),
    "anisotropic and shifted": Grid((16, 60, 80), (0.8, 1.0, 4.0), (70.0, -130.0, 900.0)),
    "turned": Grid((30, 60, 60), (1.2, 1.2, 2.0), (10.0, 20.0, -30.0), TURNED),
    "mirrored": Grid((52, 52, 52), (1.0, 1.0, 1.0), (25.5, -25.5, -25.5), MIRRORED),
}


def _build(labels, grid: Grid, values=(1,), spare: bool = False) -> list[Surface | int]:
    return list(build_surfaces(labels, grid, values, spare, lambda: False))


def _points(surface: Surface):
    return vtk_to_numpy(surface.still.GetPoints().GetData()).astype(float)


def _ball(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """A ball of 20 mm in the middle of a grid, and its middle, world mm."""
    middle = grid.to_world((np.array(grid.shape) - 1) / 2)
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)
    return (np.linalg.norm(grid.to_world(index) - middle, axis=-1) <= RADIUS_MM).astype(np.uint8), middle


@pytest.mark.parametrize("name", GRIDS)
def test_a_ball_s_surface_holds_its_volume_where_it_lies(name: str) -> None:
    grid = GRIDS[name]
    labels, middle = _ball(grid)
    (surface,) = _build(labels, grid)
    away = np.linalg.norm(_points(surface) - middle, axis=1)
    assert volume_mm3(surface.still) == pytest.approx(4 / 3 * np.pi * RADIUS_MM**3, rel=0.02)  # facing outwards
    assert np.median(away) == pytest.approx(RADIUS_MM, abs=0.3)
    assert np.abs(away - RADIUS_MM).max() < 0.5 * max(grid.spacing_mm)  # a stair is a whole voxel


def test_a_thin_vessel_neither_shrinks_nor_breaks() -> None:
    grid = Grid.centred((60, 60, 60), (1.0, 1.0, 1.0))
    labels = np.zeros(grid.shape, np.uint8)
    for z in range(5, 55):  # two voxels thick, aslant
        labels[z, z // 2 + 14 : z // 2 + 16, 29:31] = 7
    (surface,) = _build(labels, grid, (7,))
    assert volume_mm3(surface.still) == pytest.approx(np.count_nonzero(labels), rel=0.05)
    assert _pieces(surface) == 1


def test_a_few_voxels_still_have_a_surface() -> None:
    grid = Grid.centred((9, 9, 9), (2.0, 2.0, 2.0))
    labels = np.zeros(grid.shape, np.uint8)
    labels[4, 4, 4:6] = 3
    (surface,) = _build(labels, grid, (3,))
    assert 0.4 * 16 < volume_mm3(surface.still) < 1.6 * 16


def test_a_large_label_is_reduced_and_keeps_its_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctstudio.ui.scene.label_field.MOST_VOXELS", 10_000)
    labels, middle = _ball(GRIDS["even"])
    (surface,) = _build(labels, GRIDS["even"])
    assert surface.reduced
    assert volume_mm3(surface.still) == pytest.approx(np.count_nonzero(labels), rel=0.02)
    assert np.abs(_points(surface).mean(axis=0) - middle).max() < 0.2


def test_labels_on_the_edge_of_the_grid_are_closed() -> None:
    grid = Grid.centred((20, 20, 20), (1.0, 1.0, 1.0))
    (surface,) = _build(np.full(grid.shape, 2, np.uint8), grid, (2,))
    assert volume_mm3(surface.still) == pytest.approx(8000, rel=0.02)


def test_labels_that_are_gone_are_named_and_cancelling_stops() -> None:
    grid = GRIDS["even"]
    labels, _ = _ball(grid)
    labels[:3, :3, :3] = 9
    assert _build(labels, grid, (4,)) == [4]
    made = build_surfaces(labels, grid, (1, 9), False, lambda: True)
    assert list(made) == []
    first = next(build_surfaces(labels, grid, (1, 9), False, lambda: False))
    assert isinstance(first, Surface)
    assert first.value == 9  # the small one first


def test_turning_and_sparing_have_fewer_triangles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctstudio.ui.scene.surfaces._SPARED_FROM", 5_000)
    grid = Grid.centred((60, 60, 60), (0.8, 0.8, 0.8))
    labels, _ = _ball(grid)
    (fine,), (spared,) = _build(labels, grid), _build(labels, grid, spare=True)
    assert spared.triangles < 0.6 * fine.triangles
    assert fine.moving.GetNumberOfPolys() < 0.2 * fine.triangles
    assert volume_mm3(spared.still) == pytest.approx(volume_mm3(fine.still), rel=0.02)


def _pieces(surface: Surface) -> int:
    from vtkmodules.vtkFiltersCore import vtkPolyDataConnectivityFilter

    pieces = vtkPolyDataConnectivityFilter()
    pieces.SetInputData(surface.still)
    pieces.SetExtractionModeToAllRegions()
    pieces.Update()
    return pieces.GetNumberOfExtractedRegions()
