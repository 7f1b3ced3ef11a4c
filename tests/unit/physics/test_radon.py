"""The projection against scikit-image, a disc by hand, and what it promises."""

import numpy as np
import pytest
import torch
from skimage.data import shepp_logan_phantom
from skimage.transform import radon, resize

from ctstudio.core.errors import GeometryError
from ctstudio.physics.geometry import ParallelGeometry
from ctstudio.physics.radon import circle, project


def head(size: int) -> np.ndarray:
    image = resize(shepp_logan_phantom(), (size, size))
    return (image * circle(size, torch.device("cpu")).numpy()).astype(np.float32)


@pytest.mark.parametrize(("size", "angles"), [(64, 180), (65, 180), (64, 45), (256, 180)])
def test_agrees_with_scikit_image(size: int, angles: int) -> None:
    """Even and odd sizes; numbers of angles with and without halves a quarter turn apart."""
    image = head(size)
    expected = radon(image, np.arange(angles) * (180.0 / angles), circle=True)
    got = project(torch.from_numpy(image)[None, None], ParallelGeometry(size, 1.0, angles))[0, 0].numpy()
    assert np.abs(got - expected).max() <= 1e-5 * expected.max()


def test_centre_of_a_disc_is_crossed_along_its_diameter() -> None:
    step = np.arange(128) - 64
    disc = (step[:, None] ** 2 + step[None, :] ** 2 <= 40**2).astype(np.float32)
    lines = project(torch.from_numpy(disc)[None, None], ParallelGeometry(128, 0.5, 30))
    assert torch.allclose(lines[0, 0, 64], torch.full((30,), 80 * 0.5), atol=0.6)


def test_mass_is_the_same_at_every_angle() -> None:
    lines = project(torch.from_numpy(head(96))[None, None], ParallelGeometry(96, 1.5, 20))
    mass = lines.sum(2)
    assert torch.allclose(mass, mass.mean().expand_as(mass), rtol=2e-3)


def test_batch_is_each_slice_alone() -> None:
    geometry = ParallelGeometry(48, 1.0, 40)
    slices = torch.rand(3, 1, 48, 48, generator=torch.Generator().manual_seed(0))
    alone = torch.cat([project(s[None], geometry) for s in slices])
    assert torch.allclose(project(slices, geometry), alone, atol=1e-4)


def test_places_that_are_not_kept_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    geometry, image = ParallelGeometry(48, 1.0, 40), torch.from_numpy(head(48))[None, None]
    kept = project(image, geometry)
    monkeypatch.setattr("ctstudio.physics.row_sums.SUMMANDS_KEPT", 0)
    monkeypatch.setattr("ctstudio.physics.row_sums.SUMMANDS_AT_ONCE", 30_000)
    assert torch.equal(project(image, geometry), kept)


def test_wrong_size_is_refused() -> None:
    with pytest.raises(GeometryError, match="32"):
        project(torch.zeros(1, 1, 30, 32), ParallelGeometry(32, 1.0))
