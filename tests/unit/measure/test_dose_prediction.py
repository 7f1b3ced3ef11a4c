"""The dial's prediction against the simulation, its law, its speed."""

import time

import numpy as np
import pytest
import torch

from ctstudio.core.errors import GeometryError, MaskError, ParameterError
from ctstudio.core.labels import values_of
from ctstudio.measure.dose_prediction import predict_in_mask, predicted_noise_sd_hu
from ctstudio.measure.surrogate import body_ellipse, surrogate_hu
from ctstudio.physics.dose import simulate_low_dose, square_slice
from ctstudio.physics.geometry import ParallelGeometry

PIXEL_MM = 3.0
POINTS = [(64, 64), (64, 40), (50, 84), (80, 56), (44, 64)]


def body() -> np.ndarray:
    """A torso with a liver, a lung's base, a spine."""
    mask = body_ellipse((120, 128), PIXEL_MM, centre=(60, 64))
    liver, lung, spine = values_of(["liver", "lung_lower_lobe_left", "vertebrae_T12"])
    mask[40:70, 30:55] = liver
    mask[40:64, 78:100] = lung
    mask[78:88, 59:69] = spine
    return surrogate_hu(mask)


@pytest.mark.parametrize("dose", [0.1, 1.0])
def test_agrees_with_the_simulation_within_ten_percent(dose: float) -> None:
    slice_hu = body()
    square, (top, left) = square_slice(torch.from_numpy(slice_hu)[None, None])
    geometry = ParallelGeometry(128, PIXEL_MM)
    random = torch.Generator().manual_seed(0)
    noise = simulate_low_dose(square, torch.full((48,), dose), geometry, random).noise_hu[:, 0].numpy()
    for y, x in POINTS:
        around = noise[:, top + y - 3 : top + y + 4, left + x - 3 : left + x + 4]
        assert predicted_noise_sd_hu(slice_hu, PIXEL_MM, (y, x), dose) == pytest.approx(around.std(), rel=0.1)


def test_noise_of_air_by_hand() -> None:
    """Through air every line keeps its photons, so dose and pixel size alone decide."""
    air = np.full((64, 64), -1000.0)
    quarter, full = (predicted_noise_sd_hu(air, 1.5, (30, 30), dose) for dose in (0.25, 1.0))
    assert quarter == pytest.approx(2 * full)
    assert predicted_noise_sd_hu(air, 0.75, (30, 30), 1.0) == pytest.approx(full)


def test_more_body_more_noise() -> None:
    slim, stout = (surrogate_hu(body_ellipse((128, 128), 3.0, w, 0.7 * w)) for w in (250.0, 360.0))
    assert predicted_noise_sd_hu(stout, 3.0, (64, 64), 0.5) > 2 * predicted_noise_sd_hu(slim, 3.0, (64, 64), 0.5)


def test_region_lies_between_its_points() -> None:
    slice_hu, mask = body(), np.zeros((120, 128), bool)
    mask[60, 64] = True
    assert predict_in_mask(slice_hu, mask, 3.0, 0.5) == predicted_noise_sd_hu(slice_hu, 3.0, (60, 64), 0.5)


def test_fast_enough_to_follow_the_dial() -> None:
    slice_hu = np.zeros((512, 512), np.int16)
    predicted_noise_sd_hu(slice_hu, 0.75, (250, 250), 0.5)
    begun = time.perf_counter()
    predicted_noise_sd_hu(slice_hu, 0.75, (250, 250), 0.5)
    assert time.perf_counter() - begun < 0.1


def test_what_cannot_be_predicted_is_refused() -> None:
    slice_hu = body()
    with pytest.raises(ParameterError, match="dose"):
        predicted_noise_sd_hu(slice_hu, 3.0, (60, 64), 0.0)
    with pytest.raises(GeometryError, match="outside"):
        predicted_noise_sd_hu(slice_hu, 3.0, (60, 128), 0.5)
    with pytest.raises(MaskError):
        predict_in_mask(slice_hu, np.zeros((120, 128), bool), 3.0, 0.5)
