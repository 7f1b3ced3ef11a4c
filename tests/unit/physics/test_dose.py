"""Low dose: the calibration, the law of dose, reproducibility, and what is refused."""

import math

import numpy as np
import pytest
import torch

from ctstudio.core.errors import GeometryError, IntensityError, ParameterError
from ctstudio.measure.dose_constants import REFERENCE_BODY_MM, REFERENCE_NOISE_SD_HU
from ctstudio.physics.attenuation import attenuation_from_hu, hu_difference
from ctstudio.physics.dose import low_dose_from_sinogram, simulate_low_dose, square_slice
from ctstudio.physics.geometry import ParallelGeometry
from ctstudio.physics.radon import project

SIZE, PIXEL_MM = 256, 1.5


def body(size: int = SIZE, pixel_mm: float = PIXEL_MM) -> torch.Tensor:
    step = (np.arange(size) - size // 2) * pixel_mm
    wide, deep = (side / 2 for side in REFERENCE_BODY_MM)
    water = (step[None, :] / wide) ** 2 + (step[:, None] / deep) ** 2 <= 1
    return torch.from_numpy(np.where(water, 0.0, -1000.0).astype(np.float32))[None, None]


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def centre_sd(noise_hu: torch.Tensor, pixel_mm: float = PIXEL_MM) -> float:
    middle, radius = noise_hu.shape[-1] // 2, round(20 / pixel_mm)
    around = slice(middle - radius, middle + radius)
    return float(noise_hu[..., around, around].pow(2).mean().sqrt())


def test_attenuation_of_water_air_and_padding() -> None:
    mu = attenuation_from_hu(torch.tensor([0.0, -1000.0, -3024.0, 1000.0]))
    assert mu.tolist() == pytest.approx([0.0192, 0.0, 0.0, 0.0384])
    assert hu_difference(mu[[0, 1, 3]]).tolist() == pytest.approx([1000.0, 0.0, 2000.0], abs=1e-3)


def test_full_dose_gives_the_reference_noise_and_lower_doses_follow_the_square_root() -> None:
    doses = torch.tensor([1.0, 1.0, 1.0, 0.25, 0.25, 0.25])
    noise = simulate_low_dose(body(), doses, ParallelGeometry(SIZE, PIXEL_MM), random()).noise_hu
    assert centre_sd(noise[:3]) == pytest.approx(REFERENCE_NOISE_SD_HU, rel=0.06)
    assert centre_sd(noise[3:]) / centre_sd(noise[:3]) == pytest.approx(2.0, rel=0.08)


def test_noise_of_full_dose_is_the_same_on_a_finer_grid() -> None:
    noise = simulate_low_dose(body(384, 1.0), 1.0, ParallelGeometry(384, 1.0), random()).noise_hu
    assert centre_sd(noise, 1.0) == pytest.approx(REFERENCE_NOISE_SD_HU, rel=0.08)


def test_counts_variance_by_hand() -> None:
    """Without a body each line integral has variance 1 / photons; electronic noise adds e^2 / photons^2."""
    geometry = ParallelGeometry(64, 1.0, 90)
    air = torch.full((1, 1, 64, 64), -1000.0)
    clean = simulate_low_dose(air, 1.0, geometry, random(), photons=1e4).noise_hu[0, 0, 16:48, 16:48].std()
    harsh = simulate_low_dose(air, 1.0, geometry, random(), 1e4, electronic_noise=100.0).noise_hu
    assert float(harsh[0, 0, 16:48, 16:48].std() / clean) == pytest.approx(math.sqrt(2), rel=0.08)


def test_image_is_the_input_plus_the_noise_and_repeats_with_its_seed() -> None:
    geometry, image = ParallelGeometry(64, 6.0), body(64, 6.0)
    first, again = (simulate_low_dose(image, 0.1, geometry, random(5)) for _ in range(2))
    other = simulate_low_dose(image, 0.1, geometry, random(6))
    assert torch.equal(first.image_hu, again.image_hu)
    assert not torch.equal(first.noise_hu, other.noise_hu)
    assert torch.allclose(first.image_hu - first.noise_hu, image, atol=1e-3)


def test_given_line_integrals_give_the_same() -> None:
    geometry, image = ParallelGeometry(64, 6.0), body(64, 6.0)
    clean = project(attenuation_from_hu(image), geometry)
    doses = torch.tensor([0.05, 0.5])
    shared = low_dose_from_sinogram(image, clean, doses, geometry, random(2))
    assert shared.image_hu.shape == (2, 1, 64, 64)
    assert torch.equal(shared.noise_hu, simulate_low_dose(image, doses, geometry, random(2)).noise_hu)


def test_starved_detectors_stay_finite() -> None:
    metal = torch.full((1, 1, 64, 64), 3000.0)
    assert torch.isfinite(simulate_low_dose(metal, 0.05, ParallelGeometry(64, 8.0), random()).image_hu).all()


def test_square_slice_pads_with_air_on_both_sides() -> None:
    square, (top, left) = square_slice(torch.zeros(1, 1, 4, 7))
    assert square.shape == (1, 1, 7, 7)
    assert (top, left) == (1, 0)
    assert square[0, 0, :, 0].tolist() == [-1000.0, 0, 0, 0, 0, -1000.0, -1000.0]


@pytest.mark.parametrize("dose", [0.0, -0.1, 1.5, float("nan")])
def test_dose_outside_its_range_is_refused(dose: float) -> None:
    with pytest.raises(ParameterError, match="dose"):
        simulate_low_dose(body(32, 12.0), dose, ParallelGeometry(32, 12.0), random())


def test_nan_and_unmatched_doses_are_refused() -> None:
    geometry = ParallelGeometry(32, 1.0)
    with pytest.raises(IntensityError, match="NaN"):
        simulate_low_dose(torch.full((1, 1, 32, 32), torch.nan), 0.5, geometry, random())
    with pytest.raises(GeometryError, match="3 doses"):
        simulate_low_dose(torch.zeros(2, 1, 32, 32), torch.tensor([0.1, 0.2, 0.3]), geometry, random())


def test_with_a_generator_each_a_slice_does_not_depend_on_the_others() -> None:
    geometry = ParallelGeometry(32, 6.0)
    images = torch.stack([torch.full((1, 32, 32), hu) for hu in (0.0, 60.0, 200.0)])
    dose = torch.tensor([0.1, 0.25, 1.0])
    together = simulate_low_dose(images, dose, geometry, [torch.Generator().manual_seed(s) for s in (1, 2, 3)])
    for row, seed in enumerate((1, 2, 3)):
        alone = simulate_low_dose(
            images[row : row + 1], float(dose[row]), geometry, torch.Generator().manual_seed(seed)
        )
        torch.testing.assert_close(together.noise_hu[row : row + 1], alone.noise_hu, rtol=1e-5, atol=1e-4)
    shared = simulate_low_dose(images[:1], dose, geometry, [torch.Generator().manual_seed(s) for s in (1, 1, 1)])
    assert shared.noise_hu.shape == (3, 1, 32, 32)
    assert shared.noise_hu[0].std() > 2 * shared.noise_hu[2].std()
