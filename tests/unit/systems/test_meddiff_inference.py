"""Windows of a volume through the networks: what stays the same is computed once, and changes nothing."""

from __future__ import annotations

import pytest
import torch

from ctstudio.catalog.meddiff_regions import REGIONS
from ctstudio.catalog.shelf import find_model
from ctstudio.core.grid import Grid
from ctstudio.systems.meddiff_fm.inference import Told, WindowNetwork
from ctstudio.systems.meddiff_fm.placement import place
from ctstudio.systems.meddiff_fm.positions import coordinates, crop
from ctstudio.systems.meddiff_fm.weights import MeddiffModel, load
from tiny_meddiff import write_tiny_meddiff

CORNERS = [(0, 0, 0), (0, 4, 0), (8, 4, 2)]
PLENTY = 1 << 30


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> MeddiffModel:
    folder = write_tiny_meddiff(tmp_path_factory.mktemp("models") / "tiny", changes={"fold": 2})
    return load(folder, find_model(folder).info, torch.device("cpu"), torch.float32)


@pytest.fixture(scope="module")
def told(model: MeddiffModel) -> Told:
    """Random anatomy in a volume of 24 x 20 x 18 voxels."""
    placement = place(Grid((24, 20, 18), (6.0, 6.0, 6.0)), model.config)
    anatomy = torch.randint(0, 119, placement.shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(3))
    return Told(placement, anatomy, "chest")


def with_lesion(told: Told) -> Told:
    lesion = torch.zeros(1, 1, *told.placement.shape)
    lesion[..., 4:9, 6:12, 5:10] = 1
    return Told(told.placement, told.anatomy, told.region, lesion, "liver_lesion")


def parts(count: int) -> torch.Tensor:
    return torch.randn(count, 1, 16, 16, 16, generator=torch.Generator().manual_seed(4))


def test_a_window_is_told_its_place_and_anatomy(model: MeddiffModel, told: Told) -> None:
    x_t, t = parts(1), torch.tensor([700])
    places = coordinates(crop((8, 4, 2)), (24, 20, 18), 16)[None]
    condition = model.denoiser.condition(places, told.anatomy[None, 8:24, 4:20, 2:18])
    by_hand = model.denoiser(x_t, t, condition, torch.tensor([REGIONS.index("chest")]))
    found = WindowNetwork(model, told, CORNERS, PLENTY)(x_t, t, [2])
    torch.testing.assert_close(found, by_hand)


@pytest.mark.parametrize("steered", [False, True])
def test_memory_changes_nothing(model: MeddiffModel, told: Told, steered: bool) -> None:
    given = with_lesion(told) if steered else told
    x_t, t = parts(3), torch.tensor([300])
    results = [
        WindowNetwork(model, given, CORNERS, keep)(x_t, t, [0, 1, 2]) for keep in (0, 8 * 8 * 8 * 8 * 4 + 1, PLENTY)
    ]
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])


def test_what_a_window_is_told_is_computed_once(model: MeddiffModel, told: Told) -> None:
    calls = []
    hook = model.denoiser.conditions.anatomy.register_forward_hook(lambda *_: calls.append(1))
    network = WindowNetwork(model, told, CORNERS, PLENTY)
    for t in (900, 500, 100):
        network(parts(3), torch.tensor([t]), [0, 1, 2])
    hook.remove()
    assert len(calls) == 3


def test_batches_change_nothing(model: MeddiffModel, told: Told) -> None:
    network, x_t, t = WindowNetwork(model, with_lesion(told), CORNERS, PLENTY), parts(3), torch.tensor([450])
    together = network(x_t, t, [0, 1, 2])
    alone = torch.cat([network(x_t[n : n + 1], t, [n]) for n in (2, 0, 1)])[[1, 2, 0]]
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def test_a_lesion_steers(model: MeddiffModel, told: Told) -> None:
    x_t, t = parts(1), torch.tensor([450])
    plain = WindowNetwork(model, told, CORNERS, PLENTY)(x_t, t, [0])
    steered = WindowNetwork(model, with_lesion(told), CORNERS, PLENTY)(x_t, t, [0])
    assert (steered - plain).abs().max() > 1e-3
