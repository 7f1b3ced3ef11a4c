"""MedDiff-FM's denoiser: its size as published, MONAI's keys, and the first convolution cut in two."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from ctstudio.systems.meddiff_fm.conditions import folded
from ctstudio.systems.meddiff_fm.config import PAPER, MeddiffConfig
from ctstudio.systems.meddiff_fm.control import LesionControl
from ctstudio.systems.meddiff_fm.network import Denoiser
from ctstudio.systems.meddiff_fm.weights import lay_out
from meddiff_patches import FOLDED, TINY, awake, given
from weightless import on_meta


def millions(network: nn.Module) -> float:
    """Of parameters."""
    return sum(weights.numel() for weights in network.parameters()) / 1e6


def test_the_published_size_has_the_published_parameters() -> None:
    denoiser = on_meta(Denoiser, PAPER)
    assert isinstance(denoiser, Denoiser)
    assert millions(denoiser.unet) == pytest.approx(34.06, abs=0.005)
    assert PAPER.condition_channels == 58


def test_the_published_size_runs_at_128_voxels() -> None:
    with torch.device("meta"), torch.no_grad():
        denoiser, control = Denoiser(PAPER), LesionControl(PAPER)
        x_t, places = torch.empty(1, 1, 128, 128, 128), torch.empty(1, 3, 128, 128, 128)
        anatomy, region, t = torch.empty(1, 128, 128, 128, dtype=torch.uint8), torch.zeros(1).long(), torch.zeros(1)
        steering = control(x_t, t, control.condition(places, anatomy, x_t), region)
        out = denoiser(x_t, t, denoiser.condition(places, anatomy), region, steering)
    assert out.shape == x_t.shape
    assert steering[-1].shape == (1, 256, 16, 16, 16)


def test_keys_are_monais(repository: Path) -> None:
    layouts = repository.parent / "shared" / "facts" / "statedict_layouts.json"
    if not layouts.is_file():
        pytest.skip("the layouts of checkpoints are not here")
    wanted = json.loads(layouts.read_text())["meddiff_fm_recommended_monai_unet (C_in=1+42+16)"]
    denoiser = on_meta(Denoiser, PAPER)
    assert isinstance(denoiser, Denoiser)
    assert {key: list(value.shape) for key, value in denoiser.unet.state_dict().items()} == wanted


@pytest.mark.parametrize("config", [TINY, FOLDED], ids=["plain", "folded"])
def test_the_cut_convolution_is_the_whole_one(config: MeddiffConfig) -> None:
    denoiser = awake(Denoiser(config))
    x_t, timesteps, places, anatomy, region = given(config)
    cut = denoiser(x_t, timesteps, denoiser.condition(places, anatomy), region)
    inputs = torch.cat([folded(x_t, config.fold), denoiser.conditions.channels(places, anatomy)], dim=1)
    whole = unfolded_by_hand(denoiser.unet(inputs, timesteps, denoiser.conditions.token(region)), config.fold)
    assert cut.std() > 0.01
    torch.testing.assert_close(cut, whole, atol=1e-5, rtol=1e-4)


def unfolded_by_hand(cells: Tensor, fold: int) -> Tensor:
    """(B, f^3, q, q, q) to (B, 1, q f, q f, q f)."""
    batch, _, depth, rows, columns = cells.shape
    spread = cells.view(batch, fold, fold, fold, depth, rows, columns).permute(0, 4, 1, 5, 2, 6, 3)
    return spread.reshape(batch, 1, depth * fold, rows * fold, columns * fold)


def test_patches_of_a_batch_do_not_hear_each_other() -> None:
    denoiser = awake(Denoiser(FOLDED))
    x_t, timesteps, places, anatomy, region = given(FOLDED)
    condition = denoiser.condition(places, anatomy)
    together = denoiser(x_t, timesteps, condition, region)
    alone = denoiser(x_t[1:], timesteps[1:], condition[1:], region[1:])
    torch.testing.assert_close(together[1:], alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("changed", ["x_t", "timesteps", "places", "anatomy", "region"])
def test_all_that_is_told_is_heard(changed: str) -> None:
    denoiser = awake(Denoiser(TINY))
    x_t, timesteps, places, anatomy, region = given(TINY)
    before = denoiser(x_t, timesteps, denoiser.condition(places, anatomy), region)
    others = {
        "x_t": (x_t + 0.1, timesteps, places, anatomy, region),
        "timesteps": (x_t, (timesteps + 500) % 1000, places, anatomy, region),
        "places": (x_t, timesteps, -places, anatomy, region),
        "anatomy": (x_t, timesteps, places, (anatomy + 1) % 119, region),
        "region": (x_t, timesteps, places, anatomy, (region + 1) % 3),
    }
    x_t, timesteps, places, anatomy, region = others[changed]
    after = denoiser(x_t, timesteps, denoiser.condition(places, anatomy), region)
    assert (after - before).abs().max() > 1e-3


def test_without_frequencies_no_place_is_heard() -> None:
    blind = TINY.model_copy(update={"frequencies": 0})
    denoiser = awake(Denoiser(blind))
    x_t, timesteps, places, anatomy, region = given(blind)
    here, there = (denoiser(x_t, timesteps, denoiser.condition(p, anatomy), region) for p in (places, -places))
    assert torch.equal(here, there)


def test_bfloat16_says_nearly_the_same() -> None:
    precise = awake(Denoiser(FOLDED))
    rough = deepcopy(precise)
    lay_out(rough, torch.bfloat16)
    x_t, timesteps, places, anatomy, region = given(FOLDED)
    wanted = precise(x_t, timesteps, precise.condition(places, anatomy), region)
    found = rough(x_t, timesteps, rough.condition(places, anatomy), region)
    assert found.dtype == torch.float32
    assert (found - wanted).norm() / wanted.norm() < 0.03


def test_a_new_denoiser_learns_everywhere() -> None:
    denoiser = awake(Denoiser(FOLDED)).train().requires_grad_(True)
    x_t, timesteps, places, anatomy, region = given(FOLDED)
    anatomy[:] = torch.arange(119)[: FOLDED.patch].to(torch.uint8)
    denoiser(x_t, timesteps, denoiser.condition(places, anatomy), region).square().mean().backward()
    silent = [name for name, weights in denoiser.named_parameters() if weights.grad is None or not weights.grad.any()]
    # With one token, softmax is 1 whatever is asked: these cannot learn, and do not matter.
    assert all(".attn2.to_q" in name or ".attn2.to_k" in name or ".norm2." in name for name in silent), silent


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"channels": (8,), "attention": (True,)}, "two levels"),
        ({"attention": (True,)}, "2 levels need as many"),
        ({"patch": 15}, "no multiple of 2"),
        ({"fold": 3}, "no multiple of 6"),
        ({"groups": 3}, "normalisation's groups"),
        ({"head_channels": 5}, "attention head"),
        ({"windows": {"chest": (0.0, 1.0)}}, "windows are needed for head, chest, abdomen"),
        ({"spacing_mm": 0.0}, "above 0"),
        ({"colour": 1}, "Extra inputs"),
    ],
)
def test_what_cannot_be_built_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        MeddiffConfig.model_validate({**TINY.model_dump(), **changes})


def test_a_configuration_survives_json() -> None:
    assert MeddiffConfig.model_validate_json(PAPER.model_dump_json()) == PAPER
    assert PAPER.window("chest").low_hu == -1400
