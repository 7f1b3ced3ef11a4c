"""Noise SD beneath anatomy, the uniform disc."""

import numpy as np
import pytest
import torch

from ctstudio.core.errors import MaskError
from ctstudio.measure.noise import MOST_BLOCKS, _blocks_inside, noise_sd_hu, uniform_region
from ctstudio.physics.fbp import filtered_back_projection
from ctstudio.physics.geometry import ParallelGeometry

SIZE = 192


def white(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((SIZE, SIZE))


def reconstructed(seed: int) -> np.ndarray:
    """Noise with the grain of a Hann reconstruction, SD 1 over the middle."""
    lines = np.random.default_rng(seed).standard_normal((1, 1, 256, 180)).astype(np.float32)
    noise = filtered_back_projection(torch.from_numpy(lines), ParallelGeometry(256, 1.0))[0, 0].numpy()
    middle = noise[32:224, 32:224]
    return middle / middle[48:144, 48:144].std()


def anatomy() -> np.ndarray:
    """A liver: slow waves of 20 HU and a few vessels of 60 HU."""
    y, x = np.indices((SIZE, SIZE))
    slow = 90 + 20 * np.sin(x / 10) * np.cos(y / 13)
    vessels = sum(((y - cy) ** 2 + (x - cx) ** 2 < 16) for cy, cx in ((80, 80), (100, 130), (130, 70)))
    return slow + 60 * np.asarray(vessels)


def middle() -> np.ndarray:
    mask = np.zeros((SIZE, SIZE), bool)
    mask[48:144, 48:144] = True
    return mask


@pytest.mark.parametrize("kind", [white, reconstructed])
@pytest.mark.parametrize("sd_hu", [15.0, 60.0])
def test_within_five_percent_in_a_textured_region(kind, sd_hu: float) -> None:
    found = [noise_sd_hu(anatomy() + sd_hu * kind(seed), middle()) for seed in range(3)]
    assert np.mean(found) == pytest.approx(sd_hu, rel=0.05)


def test_anatomy_alone_is_hardly_noise() -> None:
    assert noise_sd_hu(anatomy(), middle()) < 2.5
    y, x = np.indices((64, 64))
    assert noise_sd_hu(3.0 * x - 2.0 * y) == pytest.approx(0.0, abs=1e-6)


def test_what_lies_outside_the_mask_does_not_count() -> None:
    image = np.where(middle(), 10 * white(0), 1000 * white(1))
    assert noise_sd_hu(image, middle()) == pytest.approx(10, rel=0.05)


@pytest.mark.parametrize("side", [4, 8, 10, 14])
def test_small_regions_use_small_blocks(side: int) -> None:
    mask = np.zeros((60, SIZE, SIZE), bool)
    mask[:, 90 : 90 + side, 80 : 80 + side] = True
    stack = np.random.default_rng(5).standard_normal(mask.shape) * 20
    assert noise_sd_hu(stack, mask) == pytest.approx(20, rel=0.13)


def test_too_few_pixels_are_refused() -> None:
    mask = np.zeros((SIZE, SIZE), bool)
    mask[5:7, 5:9] = True
    with pytest.raises(MaskError, match="8 pixels"):
        noise_sd_hu(white(0), mask)


def test_uniform_disc_keeps_away_from_vessels_and_edges() -> None:
    y, x = np.indices((100, 160))
    image = np.where((y - 50) ** 2 + (x - 50) ** 2 < 100, 200.0, 90.0) + 3 * np.random.default_rng(0).standard_normal(
        (100, 160)
    )
    mask = np.zeros((100, 160), bool)
    mask[20:80, 20:140] = True
    disc = uniform_region(image, mask)
    assert disc.sum() > 400
    assert not (disc & ~mask).any()
    assert float(image[disc].max()) < 120
    with pytest.raises(MaskError):
        uniform_region(image, np.zeros_like(mask))


@pytest.mark.parametrize("side", [60, 75, 100])
def test_blocks_are_thinned_to_no_more_than_promised(side: int) -> None:
    image = np.zeros((1, side, side))
    assert len(_blocks_inside(image, np.ones(image.shape, bool), 5)) <= MOST_BLOCKS
