"""MedSyn's two networks: keys and sizes of the released weights, and the function they stand for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import plain_medsyn
from ctstudio.systems.medsyn.blocks import folded, unfolded
from ctstudio.systems.medsyn.config import PAPER, TextConfig, UNetConfig
from ctstudio.systems.medsyn.network import BaseNetwork, Upscaler

TEXT = TextConfig(width=24, tokens=10)


def on_meta(which: str) -> nn.Module:
    with torch.device("meta"):
        return BaseNetwork(PAPER.base, PAPER.text) if which == "lowres" else Upscaler(PAPER.upscaler)


def stirred(network: nn.Module) -> nn.Module:
    """Frozen, with gains and biases that are not those of a new network, which would hide mistakes."""
    network.eval().requires_grad_(False)
    for parameter in network.parameters():
        if parameter.ndim == 1 or parameter.shape[2:] == (1, 1, 1):
            parameter.add_(0.3 * torch.randn_like(parameter))
    return network


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("which", ["lowres", "sr"])
def test_keys_and_shapes_are_those_of_the_released_weights(which: str, repository: Path) -> None:
    manifest = repository.parent / "shared" / "facts" / f"medsyn_{which}_keys.json"
    if not manifest.is_file():
        pytest.skip("the list of released keys is not beside the repository")
    released: Mapping[str, Any] = json.loads(manifest.read_text())
    network = on_meta(which)
    assert {key: list(tensor.shape) for key, tensor in network.state_dict().items()} == released["keys"]
    assert sum(parameter.numel() for parameter in network.parameters()) == released["params"]


def test_sizes_are_the_papers() -> None:
    base, upscaler = on_meta("lowres"), on_meta("sr")
    assert sum(p.numel() for p in base.parameters()) == 716_215_684
    assert sum(p.numel() for p in upscaler.parameters()) == 54_307_908
    state = base.state_dict()
    assert (len(state), len(upscaler.state_dict())) == (377, 317)
    assert len(list(base.parameters())) == 371
    assert state["init_conv.weight"].shape == (160, 4, 7, 7, 7)
    assert state["mid_cross_attn4.fn.fn.to_kv.weight"].shape == (512, 768)
    assert upscaler.state_dict()["init_conv0.weight"].shape == (56, 8, 7, 7, 7)


def test_a_forward_pass_takes_the_work_that_was_counted_for_the_published_network() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    network = on_meta("sr")
    x_t = torch.empty(1, 4, 64, 64, 64, device="meta")
    with FlopCounterMode(display=False) as counted:
        network(x_t, torch.empty(1, device="meta"), x_t)
    assert counted.get_total_flops() / 1e12 == pytest.approx(1.005, abs=0.001)


def test_the_groups_of_the_middle_share_one_attention() -> None:
    network = BaseNetwork(UNetConfig(side=8, dim=8, dim_mults=(1, 2), heads=1), TEXT)
    layers = [network.get_submodule(f"mid_spatial_attn{n}.fn.fn.fn") for n in range(1, 5)]
    assert all(layer is layers[0] for layer in layers)
    assert len({network.get_parameter(f"mid_spatial_attn{n}.fn.norm.gamma") for n in range(1, 5)}) == 4
    network.load_state_dict({key: torch.randn_like(value) for key, value in network.state_dict().items()})
    assert network.get_submodule("mid_spatial_attn2.fn.fn.fn") is layers[0]


@pytest.mark.parametrize(("side", "order"), [(16, "last"), (16, "early"), (32, "last")])
def test_the_base_network_is_what_a_plain_build_computes(side: int, order: str) -> None:
    config = UNetConfig(side=side, dim=8, dim_mults=(1, 2, 4), heads=2, middle_groups=2, stem=7, upsample=order)
    network = stirred(BaseNetwork(config, TEXT))
    x_t, text = torch.randn(1, 4, side, side, side), torch.randn(1, 10, 24)
    for heard in (text, None):
        ours = network(x_t, torch.tensor([431.0]), network.told(heard, 1))  # type: ignore[operator]
        plain = plain_medsyn.base(network.state_dict(), x_t, 431.0, heard, heads=2, groups=2, early=order == "early")
        assert apart(ours, plain) < 1e-3
        assert apart(ours, torch.zeros_like(ours)) == 1.0


@pytest.mark.parametrize(("side", "order"), [(16, "last"), (16, "early"), (32, "last")])
def test_the_upscaler_is_what_a_plain_build_computes(side: int, order: str) -> None:
    config = UNetConfig(side=side, dim=8, dim_mults=(1, 2, 4), heads=2, stem=7, upsample=order)
    network = stirred(Upscaler(config))
    x_t, coarse = torch.randn(2, 1, 4, side, side, side)
    ours = network(x_t, torch.tensor([77.0]), coarse)
    plain = plain_medsyn.upscaler(network.state_dict(), x_t, 77.0, coarse, heads=2, early=order == "early")
    assert apart(ours, plain) < 1e-3


def test_the_two_orders_of_the_way_up_are_different_functions_of_the_same_weights() -> None:
    config = UNetConfig(side=16, dim=8, dim_mults=(1, 2), heads=1, stem=3)
    last, early = Upscaler(config), Upscaler(config.model_copy(update={"upsample": "early"}))
    early.load_state_dict(last.state_dict())
    x_t, coarse = torch.randn(2, 1, 4, 16, 16, 16)
    t = torch.tensor([300.0])
    assert config.upsample == "last"
    assert apart(last(x_t, t, coarse), early(x_t, t, coarse)) > 0.05


def test_without_a_text_the_learned_features_are_heard() -> None:
    network = stirred(BaseNetwork(UNetConfig(side=8, dim=8, dim_mults=(1, 2), heads=1, stem=3), TEXT))
    x_t, t = torch.randn(2, 4, 8, 8, 8), torch.tensor([300.0, 800.0])
    silent = network(x_t, t, network.told(None, 2))  # type: ignore[operator]
    learned = network.null_cond_emb.expand(2, -1, -1)  # type: ignore[operator]
    assert torch.equal(silent, network(x_t, t, network.told(learned, 2)))  # type: ignore[operator]
    other = network(x_t, t, network.told(torch.randn(2, 10, 24), 2))  # type: ignore[operator]
    assert apart(silent, other) > 1e-3


def test_squares_of_voxels_become_channels_and_voxels_again() -> None:
    x = torch.randn(2, 3, 4, 6, 8)
    assert folded(x, 2).shape == (2, 12, 4, 3, 4)
    assert torch.equal(unfolded(folded(x, 2), 2), x)
    assert torch.equal(folded(x, 2)[:, :4, 0, 0, 0], x[:, 0, 0, :2, :2].flatten(1))
    network = Upscaler(UNetConfig(side=16, dim=8, dim_mults=(1, 2), heads=1, stem=3, patch=2))
    assert network(x_t := torch.randn(1, 4, 16, 16, 16), torch.tensor([5.0]), x_t).shape == x_t.shape


def apart(ours: Tensor, theirs: Tensor) -> float:
    return float((ours - theirs).detach().norm() / ours.detach().norm())
