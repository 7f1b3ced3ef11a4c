"""The photons and the kernel that a scan's own noise tells, and noise of a real low-dose phantom foretold from them."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.measure.noise_spectrum import mean_frequency
from ctstudio.measure.scanner import Exposure, Scanner
from ctstudio.physics.dose_volume import low_dose_volume
from ctstudio.physics.exposure import match_noise, plan_exposure, reference_photons

SPACING = (1.5, 1.5, 3.0)
PHANTOM = "09_lowdose_phantom"
PHANTOM_PIXEL_MM = 200 / 232
"""The test object has a diameter of 200 mm and is 232 pixels wide; the files' header says 1 mm."""


def scan(kernel: Scanner, share: float = 1.0) -> Volume:
    """A noisy water body of 4 slices, scanned with a share of the reference photons."""
    step = (np.arange(160) - 80) * SPACING[0]
    water = (step[None, :] / 105) ** 2 + (step[:, None] / 85) ** 2 <= 1
    plane = np.where(water, 0, -1000).astype(np.int16)
    clean = Volume(np.repeat(plane[None], 4, 0), Grid((4, 160, 160), SPACING))
    exposure = Exposure(share * reference_photons(SPACING[:2]), noise_free=True)
    return low_dose_volume(clean, 1.0, 5, exposure, kernel)[0]


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_photons_come_back_from_the_noise(share: float) -> None:
    found = match_noise(scan(Scanner(), share).array, SPACING[:2], Scanner())
    assert found.exposure.photons == pytest.approx(share * reference_photons(SPACING[:2]), rel=0.15)
    assert not found.exposure.noise_free


def test_photons_come_back_beside_electronic_noise() -> None:
    scanner = Scanner(electronic_noise=150.0)
    found = match_noise(scan(scanner, 0.3).array, SPACING[:2], scanner)
    assert found.exposure.photons == pytest.approx(0.3 * reference_photons(SPACING[:2]), rel=0.2)


@pytest.mark.parametrize("cutoff", [0.7, 1.0, 2.0])
def test_the_kernel_comes_back_from_the_grain(cutoff: float) -> None:
    made = scan(Scanner(cutoff=cutoff), 0.1)
    found = match_noise(made.array, SPACING[:2], Scanner("ramp"), match_kernel=True)
    assert found.scanner.kernel == "hann"
    assert found.scanner.cutoff == pytest.approx(cutoff, rel=0.25)


def test_a_phantom_is_noise_free_and_gets_the_reference() -> None:
    clean = np.where(scan(Scanner()).array > -500, 30.0, -1000.0)
    found = match_noise(clean, SPACING[:2], Scanner(), synthetic=True)
    assert found.exposure.noise_free
    assert found.exposure.photons == reference_photons(SPACING[:2])
    textured = clean + np.random.default_rng(0).normal(0, 3.5, clean.shape)
    assert match_noise(textured, SPACING[:2], Scanner("ramp"), synthetic=True).exposure.noise_free
    assert not match_noise(textured, SPACING[:2], Scanner("ramp"), synthetic=False).exposure.noise_free


def test_without_even_tissue_the_reference_is_taken() -> None:
    air = np.full((3, 64, 64), -1000.0)
    assert match_noise(air, SPACING[:2], Scanner()).exposure == Exposure(reference_photons(SPACING[:2]), False)


def test_what_is_given_wins_over_what_is_measured() -> None:
    array, reference = scan(Scanner(), 0.3).array, reference_photons(SPACING[:2])
    assert plan_exposure(array, SPACING[:2], Scanner(), photons=5e4).exposure.photons == 5e4
    assert plan_exposure(array, SPACING[:2], Scanner(), regime="clean").exposure == Exposure(reference, True)
    assert plan_exposure(array, SPACING[:2], Scanner(), measure=False).exposure.photons == reference
    assert not plan_exposure(array, SPACING[:2], Scanner(), synthetic=True, regime="inserted").exposure.noise_free


@cache
def measured(folder: Path, percent: int) -> np.ndarray:
    """(10, 256, 256) HU, ten scans of one slice at a dose."""
    place = folder / PHANTOM / f"dose_{percent:03d}" / "signal_present"
    files = [place / f"signal_present_{number:03d}.raw" for number in range(1, 11)]
    if not all(file.is_file() for file in files):
        pytest.skip("the low-dose phantom is not here")
    return np.stack([np.fromfile(file, "<i2").reshape(256, 256) for file in files]).astype(np.float32) - 1000.0


@pytest.mark.parametrize("pixel_mm", [PHANTOM_PIXEL_MM, 1.0])
@pytest.mark.parametrize("percent", [10, 55])
def test_noise_of_the_real_phantom_is_foretold_from_its_scan_at_full_dose(
    real_data: Path, percent: int, pixel_mm: float
) -> None:
    """SD over the ten scans, in the middle and over the body, within 10 %; the grain within 10 %, too."""
    full, low = measured(real_data, 100), measured(real_data, percent)
    volume = Volume(full, Grid(full.shape, (pixel_mm, pixel_mm, 1.0)))
    match = plan_exposure(full, (pixel_mm, pixel_mm), Scanner(), match_kernel=True)
    made = low_dose_volume(volume, percent / 100, 1, match.exposure, match.scanner)[0].array
    y, x = np.indices((256, 256)) - 127.5
    for radius in (25, 60, 100):
        inside = np.hypot(y, x) < radius
        ours, theirs = (np.sqrt(one.var(axis=0, ddof=1)[inside].mean()) for one in (made, low))
        assert ours == pytest.approx(theirs, rel=0.1)
    grain = [mean_frequency((one - one.mean(axis=0))[:, 96:160, 96:160]) for one in (made, low)]
    assert grain[0] == pytest.approx(grain[1], rel=0.1)
