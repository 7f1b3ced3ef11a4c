"""The networks as they are used give what their plain forward gives, however they are cut into slabs."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from ctstudio.catalog.medsyn_memory import Plan, working_need
from ctstudio.systems.medsyn.blocks import ResnetBlock
from ctstudio.systems.medsyn.config import PAPER, TextConfig, UNetConfig
from ctstudio.systems.medsyn.inference import LeanBase, LeanUpscaler
from ctstudio.systems.medsyn.network import BaseNetwork, Upscaler
from ctstudio.systems.medsyn.slabs import Moments, joined, ranges, resnet, slices
from live_memory import LiveMemory

SIDE, TIME = 32, 321.0
SLABS = [None, 3, 13]
Config = Callable[..., UNetConfig]


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture(scope="module")
def config() -> Config:
    def build(**changes: object) -> UNetConfig:
        return UNetConfig(side=SIDE, dim=8, dim_mults=(1, 2), heads=1, middle_groups=2, stem=5).model_copy(
            update=changes
        )

    return build


def frozen(network: nn.Module) -> nn.Module:
    network.eval().requires_grad_(False)
    for parameter in network.parameters():
        if parameter.ndim == 1:
            parameter.add_(0.3 * torch.randn_like(parameter))
    return network


@pytest.fixture(scope="module")
def base(config: Config) -> BaseNetwork:
    torch.manual_seed(1)
    return frozen(BaseNetwork(config(), TextConfig(width=16, tokens=6)))  # type: ignore[return-value]


@pytest.fixture(scope="module")
def upscaler(config: Config) -> Upscaler:
    torch.manual_seed(2)
    return frozen(Upscaler(config()))  # type: ignore[return-value]


@pytest.mark.parametrize("slab", SLABS)
def test_the_base_network_in_slabs_is_the_whole(base: BaseNetwork, slab: int | None) -> None:
    lean = LeanBase(base, slab=slab)
    x_t, text = torch.randn(1, 4, SIDE, SIDE, SIDE), torch.randn(1, 6, 16)
    found = lean(x_t, TIME, [lean.told(text), lean.told(None)])
    for ours, heard in zip(found, (text, None), strict=True):
        plain = base(x_t, torch.tensor([TIME]), base.told(heard, 1))
        assert torch.allclose(ours, plain, atol=1e-5 * plain.abs().max())


@pytest.mark.parametrize(("slab", "keep_stem"), [(None, True), (1, True), (5, True), (13, False)])
def test_the_upscaler_in_slabs_is_the_whole(upscaler: Upscaler, slab: int | None, keep_stem: bool) -> None:
    lean = LeanUpscaler(upscaler, slab=slab, keep_stem=keep_stem)
    x_t, coarse = torch.randn(2, 1, 4, SIDE, SIDE, SIDE)
    plain = upscaler(x_t, torch.tensor([TIME]), coarse)
    seen = lean.seen(coarse)
    again = range(2 if slab is None else 1)  # what is kept from step to step must not be used up
    for _ in again:
        assert torch.allclose(lean(x_t, TIME, seen), plain, atol=1e-5 * plain.abs().max())


@pytest.mark.parametrize("changes", [{"upsample": "early"}, {"patch": 2, "stem": 3}, {"dim_mults": (1, 2, 3)}])
def test_other_forms_of_the_networks_too(config: Config, changes: dict[str, object]) -> None:
    network = frozen(Upscaler(config(**changes)))
    x_t, coarse = torch.randn(2, 1, 4, SIDE, SIDE, SIDE)
    plain = network(x_t, torch.tensor([TIME]), coarse)
    lean = LeanUpscaler(network, slab=6)  # type: ignore[arg-type]
    assert torch.allclose(lean(x_t, TIME, lean.seen(coarse)), plain, atol=1e-5 * plain.abs().max())


def test_several_samples_are_each_made_as_alone(base: BaseNetwork) -> None:
    lean = LeanBase(base)
    x_t = torch.randn(2, 4, SIDE, SIDE, SIDE)
    (both,) = lean(x_t, TIME, [lean.told(None)])
    (second,) = lean(x_t[1:], TIME, [lean.told(None)])
    assert torch.equal(both[1:], second)


def test_in_half_precision_the_result_is_as_near_as_autocast_is(upscaler: Upscaler) -> None:
    x_t, coarse = torch.randn(2, 1, 4, SIDE, SIDE, SIDE)
    plain = upscaler(x_t, torch.tensor([TIME]), coarse)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = upscaler(x_t, torch.tensor([TIME]), coarse).float()
    lean = LeanUpscaler(copy.deepcopy(upscaler), torch.bfloat16, slab=8)
    ours = lean(x_t, TIME, lean.seen(coarse))
    assert ours.dtype == torch.float32
    assert _error(ours, plain) < 1.1 * _error(rounded, plain)


def test_weights_of_time_norms_and_output_stay_precise(upscaler: Upscaler) -> None:
    network = copy.deepcopy(upscaler)
    LeanUpscaler(network, torch.bfloat16)
    kept = {name for name, p in network.named_parameters() if p.dtype == torch.float32}
    assert "final_conv0.1.weight" in kept
    assert "time_mlp.1.weight" in kept
    assert "downs.0.0.mlp.1.weight" in kept
    assert "downs.0.0.block1.norm.weight" in kept
    assert not {"init_conv0.weight", "mid_spatial_attn.fn.fn.fn.to_qkv.weight"} & kept


def test_a_network_that_learns_is_refused(config: Config) -> None:
    with pytest.raises(ValueError, match="frozen copy"):
        LeanUpscaler(Upscaler(config()), torch.bfloat16)


def test_moments_of_uneven_slabs_are_those_of_the_whole() -> None:
    volume = 5 + 3 * torch.randn(1, 16, 11, 6, 7)
    volume[:, :, 4:] -= 8
    moments = Moments()
    for low, high in ranges(11, 4):
        moments.add(volume[:, :, low:high].contiguous(memory_format=torch.channels_last_3d))
    mean, variance = moments.of_groups(8)
    groups = volume.double().view(8, -1)
    assert torch.allclose(mean, groups.mean(1).repeat_interleave(2), atol=1e-6)
    assert torch.allclose(variance, groups.var(1, correction=0).repeat_interleave(2), rtol=1e-6)


def test_slices_come_with_their_neighbours_and_zeros_at_the_ends() -> None:
    volume = torch.arange(1.0, 6.0).view(1, 1, 5, 1, 1)
    assert slices(volume, 0, 2, 2).flatten().tolist() == [0, 0, 1, 2, 3, 4]
    assert slices(volume, 4, 5, 3).flatten().tolist() == [2, 3, 4, 5, 0, 0, 0]
    assert slices(volume, 0, 5, 1).flatten().tolist() == [0, 1, 2, 3, 4, 5, 0]


@pytest.mark.parametrize("flat", [True, False])
def test_slabs_are_given_up_as_they_are_used(flat: bool) -> None:
    block = frozen(ResnetBlock(16, 8, None, flat))
    below, skip = ([torch.randn(1, 8, 2, 4, 4) for _ in range(3)] for _ in range(2))
    whole = torch.cat([torch.cat(below, 2), torch.cat(skip, 2)], 1)
    made = resnet(block, joined(below, skip), None)  # type: ignore[arg-type]
    assert (len(below), len(skip), len(made)) == (0, 0, 3)
    assert torch.allclose(torch.cat(made, 2), block(whole, None), atol=1e-5)


def _error(ours: Tensor, theirs: Tensor) -> float:
    return float((ours - theirs).norm() / theirs.norm())


def test_the_foretold_memory_holds_at_paper_size() -> None:
    with torch.device("meta"):
        network = frozen_on_meta(Upscaler(PAPER.upscaler))
        x_t = torch.empty(1, 4, 256, 256, 256)
        lean = LeanUpscaler(network, torch.bfloat16, 64, keep_stem=False)
        with LiveMemory() as live:
            lean(x_t, TIME, lean.seen(x_t))
    foretold = working_need(PAPER.model_dump(), True, "bf16", False, Plan(64, 64, False))
    volumes = 8 * 4 * 4 * 256**3
    assert foretold - volumes == pytest.approx(live.peak, rel=0.1)
    assert foretold < 12 * 2**30


def frozen_on_meta(network: Upscaler) -> Upscaler:
    return network.eval().requires_grad_(False)
