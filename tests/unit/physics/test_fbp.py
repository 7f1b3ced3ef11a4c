"""The reconstruction against scikit-image, a round trip, and linearity."""

import numpy as np
import pytest
import torch
from skimage.transform import iradon

from ctstudio.core.errors import GeometryError, ParameterError
from ctstudio.physics.fbp import filtered_back_projection
from ctstudio.physics.geometry import ParallelGeometry
from ctstudio.physics.radon import project


def random_lines(size: int, angles: int) -> torch.Tensor:
    return torch.rand(1, 1, size, angles, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("size", [64, 65])
@pytest.mark.parametrize("name", ["hann", "ramp"])
def test_agrees_with_scikit_image(size: int, name: str) -> None:
    lines = random_lines(size, 180)
    expected = iradon(lines[0, 0].numpy(), np.arange(180.0), filter_name=name, circle=True)
    got = filtered_back_projection(lines, ParallelGeometry(size, 1.0), name)[0, 0].numpy()  # type: ignore[arg-type]
    assert np.abs(got - expected).max() <= 1e-5


def test_disc_comes_back_with_its_value_for_any_pixel_size() -> None:
    step = np.arange(96) - 48
    disc = 0.02 * (step[:, None] ** 2 + step[None, :] ** 2 <= 30**2).astype(np.float32)
    geometry = ParallelGeometry(96, 2.5)
    back = filtered_back_projection(project(torch.from_numpy(disc)[None, None], geometry), geometry)[0, 0]
    assert float(back[38:58, 38:58].mean()) == pytest.approx(0.02, rel=5e-3)
    assert float(back[48, 92]) == pytest.approx(0.0, abs=2e-4)


def test_is_linear() -> None:
    geometry = ParallelGeometry(40, 1.0, 60)
    a, b = random_lines(40, 60), random_lines(40, 60).flip(2)
    whole = filtered_back_projection(2 * a - b, geometry)
    parts = 2 * filtered_back_projection(a, geometry) - filtered_back_projection(b, geometry)
    assert torch.allclose(whole, parts, atol=1e-5)


def test_wrong_shape_and_unknown_filter_are_refused() -> None:
    with pytest.raises(GeometryError, match="sinogram"):
        filtered_back_projection(random_lines(32, 20), ParallelGeometry(32, 1.0, 21))
    with pytest.raises(ParameterError, match="cosine"):
        filtered_back_projection(random_lines(32, 20), ParallelGeometry(32, 1.0, 20), "cosine")  # type: ignore[arg-type]
