"""The reconstruction against scikit-image, a round trip, and linearity."""

import numpy as np
import pytest
import torch
from skimage.transform import iradon, radon

from ctstudio.core.errors import GeometryError, ParameterError
from ctstudio.measure.ramp import FilterName
from ctstudio.physics.fbp import filtered_back_projection
from ctstudio.physics.geometry import ParallelGeometry
from ctstudio.physics.radon import project


def random_lines(size: int, angles: int) -> torch.Tensor:
    return torch.rand(1, 1, size, angles, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize(("size", "angles"), [(64, 180), (65, 180), (64, 45)])
@pytest.mark.parametrize("name", ["hann", "ramp"])
def test_agrees_with_scikit_image(size: int, angles: int, name: FilterName) -> None:
    lines = random_lines(size, angles)
    expected = iradon(lines[0, 0].numpy(), np.arange(angles) * (180.0 / angles), filter_name=name, circle=True)
    got = filtered_back_projection(lines, ParallelGeometry(size, 1.0, angles), name)[0, 0].numpy()
    assert np.abs(got - expected).max() <= 1e-5


def test_a_whole_slice_comes_back_as_from_scikit_image() -> None:
    geometry = ParallelGeometry(256, 1.0)
    step = np.arange(256) - 128
    body = ((step[None, :] / 110) ** 2 + (step[:, None] / 80) ** 2 <= 1).astype(np.float32)
    back = filtered_back_projection(project(torch.from_numpy(body)[None, None], geometry), geometry)[0, 0].numpy()
    theirs = iradon(radon(body, np.arange(180.0), circle=True), np.arange(180.0), filter_name="hann", circle=True)
    assert np.sqrt(((back - theirs) ** 2).mean()) <= 1e-3 * theirs.max()


def test_kernels_from_smooth_to_sharp_pass_more_noise_and_keep_a_flat_disc() -> None:
    geometry = ParallelGeometry(64, 1.0, 90)
    noise = torch.randn(8, 1, 64, 90, generator=torch.Generator().manual_seed(5))
    step = np.arange(64) - 32
    disc = torch.from_numpy((step[:, None] ** 2 + step[None, :] ** 2 <= 20**2).astype(np.float32))[None, None]
    kernels: tuple[FilterName, ...] = ("hann", "ramp", "sharp")
    spread = [float(filtered_back_projection(noise, geometry, k)[..., 24:40, 24:40].std()) for k in kernels]
    flat = [filtered_back_projection(project(disc, geometry), geometry, k)[..., 26:38, 26:38] for k in kernels]
    assert spread[0] < 0.8 * spread[1] < 0.8 * spread[2]
    assert all(float(one.mean()) == pytest.approx(1.0, abs=0.01) for one in flat)


def test_places_that_are_not_kept_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    geometry, lines = ParallelGeometry(48, 1.0, 40), random_lines(48, 40)
    kept = filtered_back_projection(lines, geometry)
    monkeypatch.setattr("ctstudio.physics.row_sums.SUMMANDS_KEPT", 0)
    monkeypatch.setattr("ctstudio.physics.row_sums.SUMMANDS_AT_ONCE", 30_000)
    assert torch.allclose(filtered_back_projection(lines, geometry), kept, atol=1e-6)


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
