"""A scan at lower dose: its grid, its noise, what it lacks, its seed, pixels that are not square, stopping."""

import numpy as np
import pytest

from ctstudio.core.errors import Cancelled, IntensityError, ParameterError
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.measure.scanner import Exposure, Scanner
from ctstudio.physics.dose_volume import low_dose_volume, slices_noise
from ctstudio.physics.exposure import reference_photons


def body(shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> Volume:
    """A water ellipse of 330 x 240 mm."""
    y = (np.arange(shape[1]) - shape[1] // 2) * spacing_mm[1]
    x = (np.arange(shape[2]) - shape[2] // 2) * spacing_mm[0]
    water = (x[None, :] / 165) ** 2 + (y[:, None] / 120) ** 2 <= 1
    plane = np.where(water, 0, -1024).astype(np.int16)
    return Volume(np.repeat(plane[None], shape[0], 0), Grid(shape, spacing_mm), name="body")


def clean(scan: Volume) -> Exposure:
    return Exposure(reference_photons(scan.grid.spacing_mm[:2]), noise_free=True)


def middle(array: np.ndarray) -> np.ndarray:
    y, x = array.shape[1] // 2, array.shape[2] // 2
    return array[:, y - 6 : y + 7, x - 6 : x + 7]


def test_image_and_map_lie_on_the_grid_and_have_the_dose_s_noise() -> None:
    scan = body((3, 100, 128), (3.0, 3.0, 5.0))
    seen: list[tuple[int, int]] = []
    image, spread = low_dose_volume(scan, 0.25, 7, clean(scan), progress=lambda done, count: seen.append((done, count)))
    assert image.grid == spread.grid == scan.grid
    assert (image.unit, spread.unit, image.synthetic) == ("HU", "HU_SD", True)
    assert float(middle(image.array).std()) == pytest.approx(30.0, rel=0.15)
    assert float(middle(spread.array).mean()) == pytest.approx(30.0, rel=0.15)
    assert seen == [(3, 3)]


def test_a_scan_with_noise_gets_only_what_it_lacks() -> None:
    scan = body((4, 96, 96), (4.0, 4.0, 5.0))
    photons = reference_photons((4.0, 4.0))
    held = Exposure(photons, noise_free=False)
    whole = low_dose_volume(scan, 0.25, 3, clean(scan))[0].array - scan.array
    lacking = low_dose_volume(scan, 0.25, 3, held)[0].array - scan.array
    np.testing.assert_allclose(lacking, whole * np.sqrt((1 / 0.25 - 1) / (1 / 0.25)), atol=1e-2)
    assert not (low_dose_volume(scan, 1.0, 3, held)[0].array - scan.array).any()


def test_noise_goes_with_the_square_root_of_the_dose() -> None:
    scan = body((2, 64, 64), (6.0, 6.0, 5.0))
    spread = {d: low_dose_volume(scan, d, 1, clean(scan))[0].array - scan.array for d in (0.05, 0.1, 0.25, 0.5, 1.0)}
    for dose, noise in spread.items():
        assert noise.std() == pytest.approx(spread[1.0].std() / np.sqrt(dose), rel=0.005)


def test_electronic_noise_grows_faster_and_leaves_the_photons_noise_as_it_is() -> None:
    scan = body((2, 64, 64), (6.0, 6.0, 5.0))
    sent = np.full(2, reference_photons((6.0, 6.0)))
    plain = slices_noise(scan, slice(0, 2), 1, sent, Scanner())
    electronic = slices_noise(scan, slice(0, 2), 1, sent, Scanner(electronic_noise=20.0))
    assert plain.detector is None
    assert electronic.detector is not None
    assert np.array_equal(plain.photons.numpy(), electronic.photons.numpy())
    low = low_dose_volume(scan, 0.1, 1, clean(scan), Scanner(electronic_noise=20.0))[0].array - scan.array
    expected = electronic.photons[:, 0] * np.sqrt(10) + electronic.detector[:, 0] * 10
    np.testing.assert_allclose(low, expected.numpy(), atol=1e-2)


def test_slices_do_not_depend_on_their_number_or_piece_but_differ() -> None:
    six, two = body((6, 64, 64), (6.0, 6.0, 5.0)), body((2, 64, 64), (6.0, 6.0, 5.0))
    many = low_dose_volume(six, 0.5, 3, clean(six))[0].array
    few = low_dose_volume(two, 0.5, 3, clean(two))[0].array
    np.testing.assert_allclose(many[:2], few, atol=1e-3)
    assert not np.array_equal(many[0], many[1])
    piece = slices_noise(two, slice(0, 1), 3, np.full(1, clean(two).photons), Scanner(), first=5).at((2**0.5, 2.0))
    np.testing.assert_allclose(many[5] - six.array[5], piece[0, 0].numpy(), atol=1e-3)


def test_pixels_that_are_not_square_get_the_same_noise() -> None:
    scan = body((3, 64, 128), (3.0, 6.0, 5.0))
    image, _ = low_dose_volume(scan, 0.25, 1, clean(scan))
    assert float(middle(image.array).std()) == pytest.approx(30.0, rel=0.2)


def test_slices_too_large_for_exact_lines_get_the_same_noise() -> None:
    scan = body((1, 384, 384), (1.0, 1.0, 5.0))
    image, _ = low_dose_volume(scan, 0.25, 1, clean(scan))
    around = image.array[0, 172:213, 172:213]
    assert float(around.std()) == pytest.approx(30.0, rel=0.1)


def test_more_current_where_the_body_is_thick() -> None:
    thick = body((1, 64, 64), (6.0, 6.0, 5.0)).array
    both = Volume(np.concatenate([thick, np.where(thick > -500, -600, -1024)]), Grid((2, 64, 64), (6.0, 6.0, 5.0)))
    exposure = clean(both)
    plain = low_dose_volume(both, 0.5, 1, exposure)[0].array - both.array
    modulated = low_dose_volume(both, 0.5, 1, exposure, Scanner(modulated=True))[0].array - both.array
    assert middle(modulated)[0].std() < 0.9 * middle(plain)[0].std()
    assert middle(modulated)[1].std() > 1.1 * middle(plain)[1].std()


def test_stopping_stops() -> None:
    def stop(done: int, count: int) -> None:
        raise Cancelled(f"Stopped at slice {done} of {count}.")

    scan = body((6, 32, 32), (12.0, 12.0, 5.0))
    with pytest.raises(Cancelled, match="4 of 6"):
        low_dose_volume(scan, 0.5, 0, clean(scan), progress=stop)


@pytest.mark.parametrize("dose", [0.0, -0.2, 1.2, float("nan")])
def test_doses_outside_their_range_are_refused(dose: float) -> None:
    scan = body((1, 32, 32), (12.0, 12.0, 5.0))
    with pytest.raises(ParameterError, match="dose"):
        low_dose_volume(scan, dose, 0, clean(scan))


def test_what_is_not_a_ct_is_refused() -> None:
    grid = Grid((1, 8, 8))
    with pytest.raises(IntensityError, match="SUV"):
        low_dose_volume(Volume(np.zeros(grid.shape), grid, "PT", "SUV"), 0.5, 0, Exposure(1e5, True))
    with pytest.raises(IntensityError, match="NaN"):
        low_dose_volume(Volume(np.full(grid.shape, np.nan), grid), 0.5, 0, Exposure(1e5, True))
