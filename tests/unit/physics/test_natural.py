"""CT noise on natural images: eq. 1 of NA-Diff."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.transform import iradon, radon

from ctstudio.core.errors import IntensityError, ParameterError
from ctstudio.physics.natural import FIELD_MM, MU_WHITE_PER_MM, PHOTONS, natural_noise

SIZE = 64
DOSES = torch.tensor([0.05, 0.25, 1.0])


def _picture(grey: float = 0.5) -> torch.Tensor:
    return torch.full((1, 1, SIZE, SIZE), grey)


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _middle_sd(noise: torch.Tensor) -> np.ndarray:  # type: ignore[type-arg]
    return noise[:, 0, 16:48, 16:48].flatten(1).std(dim=1).numpy()


@pytest.mark.parametrize("scaled", [False, True])
def test_the_noise_falls_with_the_root_of_the_dose(scaled: bool) -> None:
    spread = np.mean([_middle_sd(natural_noise(_picture(), DOSES, _generator(s), scaled)) for s in range(8)], axis=0)
    np.testing.assert_allclose(spread * np.sqrt(DOSES.numpy()), spread[1] * 0.5, rtol=0.04)


def test_it_is_the_noise_of_the_scan_that_eq_1_describes() -> None:
    """Against scikit-image: project, draw photons, reconstruct with the Hann filter, compare the spread."""
    picture = np.zeros((SIZE, SIZE))
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE // 2
    picture[y**2 + x**2 < 28**2] = 0.8
    angles = np.arange(180.0)
    per_pixel = MU_WHITE_PER_MM * FIELD_MM / SIZE
    lines = radon(picture, angles) * per_pixel
    random, theirs = np.random.default_rng(0), []
    for _ in range(6):
        counts = np.maximum(random.poisson(0.25 * PHOTONS * np.exp(-lines)), 1)
        noise = -np.log(counts / (0.25 * PHOTONS)) - lines
        theirs.append(iradon(noise / per_pixel, angles, filter_name="hann")[16:48, 16:48].std())
    image = torch.from_numpy(picture).float()[None, None]
    ours = [_middle_sd(natural_noise(image, torch.tensor([0.25]), _generator(s)))[0] for s in range(6)]
    assert np.mean(ours) == pytest.approx(np.mean(theirs), rel=0.05)


def test_doses_that_are_scaled_share_one_realisation() -> None:
    low, quarter, _ = natural_noise(_picture(), DOSES, _generator(), scaled=True)
    torch.testing.assert_close(low, quarter * 5.0**0.5)
    apart = natural_noise(_picture(), DOSES, _generator())
    assert abs(np.corrcoef(apart[0].flatten(), apart[1].flatten())[0, 1]) < 0.1


def test_a_beam_that_loses_all_its_photons_gives_finite_noise() -> None:
    noise = natural_noise(torch.ones(1, 1, 256, 256), torch.tensor([1e-4]), _generator())
    assert torch.isfinite(noise).all()
    assert noise.abs().max() > 0


def test_what_is_no_picture_and_what_is_no_dose_is_refused() -> None:
    with pytest.raises(IntensityError, match="outside 0 to 1"):
        natural_noise(_picture(1.5), DOSES, _generator())
    with pytest.raises(IntensityError, match="outside 0 to 1"):
        natural_noise(_picture(float("nan")), DOSES, _generator())
    with pytest.raises(ParameterError, match="dose"):
        natural_noise(_picture(), torch.tensor([0.0]), _generator())
