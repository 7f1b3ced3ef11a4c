"""A scan at lower dose: its grid, its noise, its seed, pixels that are not square, stopping."""

import numpy as np
import pytest

from ctstudio.core.errors import Cancelled, IntensityError
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.physics.dose_volume import low_dose_volume


def body(shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> Volume:
    """A water ellipse of 330 x 240 mm."""
    y = (np.arange(shape[1]) - shape[1] // 2) * spacing_mm[1]
    x = (np.arange(shape[2]) - shape[2] // 2) * spacing_mm[0]
    water = (x[None, :] / 165) ** 2 + (y[:, None] / 120) ** 2 <= 1
    plane = np.where(water, 0, -1024).astype(np.int16)
    return Volume(np.repeat(plane[None], shape[0], 0), Grid(shape, spacing_mm), name="body")


def middle(array: np.ndarray) -> np.ndarray:
    y, x = array.shape[1] // 2, array.shape[2] // 2
    return array[:, y - 6 : y + 7, x - 6 : x + 7]


def test_image_and_map_lie_on_the_grid_and_have_the_dose_s_noise() -> None:
    scan = body((3, 100, 128), (3.0, 3.0, 5.0))
    seen: list[tuple[int, int]] = []
    image, spread = low_dose_volume(scan, 0.25, 7, lambda done, count: seen.append((done, count)))
    assert image.grid == spread.grid == scan.grid
    assert (image.unit, spread.unit, image.synthetic) == ("HU", "HU_SD", True)
    assert float(middle(image.array).std()) == pytest.approx(30.0, rel=0.15)
    assert float(middle(spread.array).mean()) == pytest.approx(30.0, rel=0.15)
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_slices_do_not_depend_on_their_number_but_differ() -> None:
    both = low_dose_volume(body((2, 64, 64), (6.0, 6.0, 5.0)), 0.5, 3)[0].array
    one = low_dose_volume(body((1, 64, 64), (6.0, 6.0, 5.0)), 0.5, 3)[0].array
    assert np.array_equal(both[0], one[0])
    assert not np.array_equal(both[0], both[1])


def test_pixels_that_are_not_square_get_the_same_noise() -> None:
    image, _ = low_dose_volume(body((3, 64, 128), (3.0, 6.0, 5.0)), 0.25, 1)
    assert float(middle(image.array).std()) == pytest.approx(30.0, rel=0.2)


def test_stopping_stops() -> None:
    def stop(done: int, count: int) -> None:
        raise Cancelled(f"Stopped at slice {done} of {count}.")

    with pytest.raises(Cancelled, match="1 of 2"):
        low_dose_volume(body((2, 32, 32), (12.0, 12.0, 5.0)), 0.5, 0, stop)


def test_what_is_not_a_ct_is_refused() -> None:
    grid = Grid((1, 8, 8))
    with pytest.raises(IntensityError, match="SUV"):
        low_dose_volume(Volume(np.zeros(grid.shape), grid, "PT", "SUV"), 0.5, 0)
