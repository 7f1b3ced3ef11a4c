"""The noise map asked of a model, from a mask alone and from a scan."""

import numpy as np
import pytest
import torch

from ctstudio.core.errors import GeometryError
from ctstudio.core.labels import values_of
from ctstudio.measure.surrogate import body_ellipse, surrogate_hu
from ctstudio.physics.geometry import ParallelGeometry
from ctstudio.physics.surrogate import requested_noise_map

GEOMETRY = ParallelGeometry(128, 3.0)


def asked(slice_2d: np.ndarray, dose: float) -> np.ndarray:
    return requested_noise_map(slice_2d, dose, GEOMETRY, torch.Generator().manual_seed(4))


def liver_alone() -> np.ndarray:
    mask = np.zeros((128, 128), np.uint8)
    mask[50:80, 30:60] = values_of(["liver"])[0]
    return mask


def test_mask_without_a_body_gets_the_noise_of_a_torso() -> None:
    middle = asked(liver_alone(), 0.25)[54:74, 54:74]
    assert middle.dtype == np.float32
    assert float(middle.mean()) == pytest.approx(30.0, rel=0.2)


def test_noise_goes_with_one_over_root_dose() -> None:
    mask = body_ellipse((128, 128), 3.0)
    ratio = asked(mask, 0.05)[40:88, 40:88].mean() / asked(mask, 0.5)[40:88, 40:88].mean()
    assert float(ratio) == pytest.approx(10**0.5, rel=0.05)


def test_mask_and_its_stand_in_scan_ask_the_same() -> None:
    mask = body_ellipse((128, 128), 3.0)
    assert np.array_equal(asked(mask, 0.1), asked(surrogate_hu(mask), 0.1))


def test_wrong_size_is_refused() -> None:
    with pytest.raises(GeometryError, match="128"):
        asked(np.zeros((100, 128), np.uint8), 0.5)
