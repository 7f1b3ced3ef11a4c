"""Two doses of one patient are told from two patients."""

from functools import cache

import numpy as np
import pytest

from ctstudio.core.errors import IntensityError
from ctstudio.core.grid import Grid
from ctstudio.measure.same_slices import check_same_slices, likeness
from ctstudio.phantom.patient import make_patient
from ctstudio.phantom.render import render

GRID = Grid.centred((5, 112, 112), (3.5, 3.5, 20.0))


@cache
def patient(seed: int) -> np.ndarray:
    return render(make_patient(seed, "abdomen"), GRID, pet=False, mr=False).ct.array.astype(np.float32)


def noisy(image: np.ndarray, sd: float) -> np.ndarray:
    return image + np.random.default_rng(0).normal(0, sd, image.shape)


@pytest.mark.parametrize("sd", [10, 60, 120])
def test_one_patient_at_two_doses_passes(sd: float) -> None:
    assert check_same_slices(patient(1), noisy(patient(1), sd), GRID.spacing_mm) > 0.9


@pytest.mark.parametrize("other", [2, 3, 4, 5])
def test_another_patient_in_the_same_pose_is_refused(other: int) -> None:
    with pytest.raises(IntensityError, match="same slices"):
        check_same_slices(patient(1), noisy(patient(other), 20), GRID.spacing_mm)


def test_shifted_and_mirrored_scans_are_refused() -> None:
    assert likeness(patient(1), np.roll(patient(1), 4, axis=2), GRID.spacing_mm) < 0.6
    assert likeness(patient(1), patient(1)[:, :, ::-1], GRID.spacing_mm) < 0.8


def test_without_anatomy_nothing_speaks_against_them() -> None:
    assert likeness(np.zeros((2, 32, 32)), np.zeros((2, 32, 32)), (3.0, 3.0, 3.0)) == 1.0
