"""The field of view has its size in mm whatever the voxels, and holds the lungs."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.core.errors import ParameterError
from ctstudio.phantom.chest_grid import chest_grid
from ctstudio.phantom.lungs import ALL_LOBES
from ctstudio.phantom.patient import make_patient
from ctstudio.phantom.render import render


@pytest.mark.parametrize("size", [32, 128])
def test_the_field_is_the_papers_whatever_the_voxels(size: int) -> None:
    grid = chest_grid(make_patient(3, "chest", {}), size)
    assert grid.shape == (size, size, size)
    assert grid.extent_mm == pytest.approx((316.0, 316.0, 292.0))
    assert grid.orientation == ("L", "P", "S")
    coarse = chest_grid(make_patient(3, "chest", {}), 16)
    assert np.allclose(grid.bounds_mm(), coarse.bounds_mm())


@pytest.mark.parametrize("seed", [1, 3, 5])
def test_the_lungs_lie_in_the_middle_and_inside(seed: int) -> None:
    patient = make_patient(seed, "chest", {})
    grid = chest_grid(patient, 40)
    lungs = render(patient, grid, pet=False, mr=False).labels.of(*ALL_LOBES)
    places = np.argwhere(lungs)
    edges = np.stack([places.min(axis=0), 39 - places.max(axis=0)])
    assert edges.min() >= 1
    assert np.abs(edges[0] - edges[1]).max() <= 2


def test_an_abdomen_has_no_such_field() -> None:
    with pytest.raises(ParameterError, match="abdomen"):
        chest_grid(make_patient(1, "abdomen"))
