"""The noise map by hand and its two properties."""

import pytest
import torch

from ctstudio.core.errors import GeometryError, ParameterError
from ctstudio.physics.noise_map import noise_map


def test_one_pixel_of_ten_in_a_window_of_three() -> None:
    noise = torch.zeros(1, 1, 7, 7)
    noise[0, 0, 3, 3] = 10.0
    spread = noise_map(noise, k=3)[0, 0]
    assert float(spread[2, 4]) == pytest.approx((100 / 9) ** 0.5)
    assert float(spread[3, 5]) == 0.0


def test_constant_noise_keeps_its_size_up_to_the_edge() -> None:
    assert torch.allclose(noise_map(torch.full((2, 1, 6, 6), -7.0)), torch.full((2, 1, 6, 6), 7.0))


def test_scales_with_the_noise() -> None:
    noise = torch.randn(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(noise_map(3 * noise), 3 * noise_map(noise), atol=1e-5)


def test_even_window_is_refused() -> None:
    with pytest.raises(ParameterError, match="4"):
        noise_map(torch.zeros(1, 1, 8, 8), k=4)


def test_an_image_smaller_than_half_the_window_is_refused() -> None:
    assert noise_map(torch.ones(1, 1, 3, 3)).shape == (1, 1, 3, 3)
    with pytest.raises(GeometryError, match="no room"):
        noise_map(torch.ones(1, 1, 2, 9))
