"""Lobes are filled, lie where lobes lie, and end where fluid, heart and ribs begin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from ctstudio.core.errors import MaskError
from ctstudio.core.labels import values_of
from ctstudio.phantom.chest_grid import chest_grid
from ctstudio.phantom.chest_structures import ChestStructures, chest_structures
from ctstudio.phantom.patient import make_patient
from ctstudio.phantom.render import Phantom, render

ILL = {"effusion": "large-left", "nodule": "large-right", "consolidation": "large-right", "emphysema": "large"}


@pytest.fixture(scope="module")
def ill() -> tuple[Phantom, ChestStructures]:
    patient = make_patient(14, "chest", ILL)
    phantom = render(patient, chest_grid(patient, 64), pet=False, mr=False)
    return phantom, chest_structures(phantom)


def test_what_lies_in_a_lung_fills_its_lobe(ill: tuple[Phantom, ChestStructures]) -> None:
    phantom, made = ill
    for name in ("lung_nodule", "consolidation", "bulla"):
        there = phantom.labels.of(name)
        assert there.any()
        assert np.mean(made.lobes[there] > 0) > 0.97
    assert (made.lobes[made.vessels] > 0).all()


def test_fluid_heart_and_bones_are_no_lung(ill: tuple[Phantom, ChestStructures]) -> None:
    phantom, made = ill
    for name in ("pleural_effusion", "heart", "aorta", "rib_left_6", "vertebrae_T6", "liver"):
        there = phantom.labels.of(name)
        assert there.any()
        assert not made.lobes[there].any()


def test_the_lobes_are_five_whole_pieces_in_their_places() -> None:
    patient = make_patient(15, "chest", {})
    grid = chest_grid(patient, 64)
    made = chest_structures(render(patient, grid, pet=False, mr=False))
    centres = {}
    for number in range(1, 6):
        lobe = made.lobes == number
        pieces, count = ndimage.label(lobe)
        assert np.bincount(pieces.ravel())[1:].max() > 0.98 * lobe.sum(), count
        filled = ndimage.binary_fill_holes(lobe)
        assert filled.sum() < 1.01 * lobe.sum()
        assert 100 < lobe.sum() * grid.voxel_volume_mm3 / 1000 < 2500
        centres[number] = grid.to_world(np.argwhere(lobe).mean(axis=0))
    assert all(centres[k][0] > 30 for k in (1, 2))
    assert all(centres[k][0] < -30 for k in (3, 4, 5))
    assert centres[1][2] > centres[2][2]
    assert centres[3][2] > max(centres[4][2], centres[5][2])
    assert centres[4][1] < centres[5][1] - 30


def test_the_airway_holds_the_trachea_and_the_vessels_nothing_of_the_mediastinum(
    ill: tuple[Phantom, ChestStructures],
) -> None:
    phantom, made = ill
    assert made.airway[phantom.labels.of("trachea")].all()
    assert made.airway[phantom.labels.of("bronchi")].all()
    vessels = np.isin(phantom.labels.array, values_of(["lung_vessels", "pulmonary_vein"]))
    assert 0.4 * vessels.sum() < made.vessels.sum() < vessels.sum()
    assert not (made.airway & made.vessels).any()


def test_a_phantom_that_was_not_rendered_is_refused(ill: tuple[Phantom, ChestStructures]) -> None:
    with pytest.raises(MaskError, match="lobes"):
        chest_structures(replace(ill[0], lobes=None))
