"""HU statistics by hand, and images that are not HU."""

import numpy as np
import pytest

from ctstudio.core.errors import MaskError
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.measure.hounsfield import hu_statistics, looks_like_hu


def volume(array: np.ndarray, **said: str) -> Volume:
    return Volume(array, Grid(array.shape), **said)  # type: ignore[arg-type]


def scan() -> np.ndarray:
    array = np.random.default_rng(0).normal(40, 15, (4, 32, 32)).astype(np.float32)
    array[:, :8] = -1000
    return array


def test_statistics_of_five_values() -> None:
    image = np.array([[10, 20, 30, 40, 50, 999]], np.int16)
    found = hu_statistics(image, image < 100)
    assert (found.voxels, found.mean, found.median, found.low, found.high) == (5, 30, 30, 10, 50)
    assert found.sd == pytest.approx(250**0.5)
    with pytest.raises(MaskError):
        hu_statistics(image, image > 1000)


def test_a_ct_with_metal_and_padding_is_hu() -> None:
    array = scan()
    array[0, 10, 10] = 14000
    array[:, :2] = -8192
    assert looks_like_hu(volume(array)) == (True, "")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda a: np.clip(a + 60, 0, 255).astype(np.uint8), "grey levels"),
        (lambda a: a + 1024 + 100, "without rescaling"),
        (lambda a: np.clip(a / 1000, -1, 1), "unit range"),
        (lambda a: a * 300, "above"),
        (lambda a: a * 0 + 7, "blank"),
        (lambda a: np.where(a < -900, np.nan, a), "not numbers"),
        (lambda a: np.minimum(a * 100, 100) - 6000 * (a > 0), "below air"),
    ],
)
def test_what_is_not_hu_is_told_why(change, why: str) -> None:
    fine, reason = looks_like_hu(volume(change(scan())))
    assert not fine
    assert why in reason


def test_an_image_that_says_it_is_not_ct() -> None:
    assert not looks_like_hu(volume(scan(), modality="MR", unit="arbitrary"))[0]
    assert not looks_like_hu(volume(scan(), modality="PT", unit="SUV"))[0]
