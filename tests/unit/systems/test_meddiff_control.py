"""The ControlNet of a lesion: a copy of the denoiser's way down that begins silent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from ctstudio.systems.meddiff_fm.config import PAPER, MeddiffConfig
from ctstudio.systems.meddiff_fm.control import LesionControl
from ctstudio.systems.meddiff_fm.network import Denoiser
from meddiff_patches import FOLDED, TINY, awake, given, lesions
from weightless import on_meta

BOTH = pytest.mark.parametrize("config", [TINY, FOLDED], ids=["plain", "folded"])


def test_the_published_size_has_the_published_parameters(repository: Path) -> None:
    control = on_meta(LesionControl, PAPER)
    assert isinstance(control, LesionControl)
    assert sum(weights.numel() for weights in control.net.parameters()) / 1e6 == pytest.approx(14.83, abs=0.005)
    layouts = repository.parent / "shared" / "facts" / "statedict_layouts.json"
    if not layouts.is_file():
        pytest.skip("the layouts of checkpoints are not here")
    copied = json.loads(layouts.read_text())["meddiff_fm_recommended_monai_controlnet"]
    own = {key: list(value.shape) for key, value in control.net.state_dict().items()}
    for layout in (copied, own):
        for key in [key for key in layout if key.startswith("controlnet_cond_embedding.")]:
            del layout[key]
    assert own == copied


@BOTH
def test_it_changes_nothing_at_the_start(config: MeddiffConfig) -> None:
    denoiser, control = awake(Denoiser(config)), LesionControl(config)
    control.begin_as(denoiser)
    x_t, timesteps, places, anatomy, region = given(config)
    condition = denoiser.condition(places, anatomy)
    alone = denoiser(x_t, timesteps, condition, region)
    told = control.condition(places, anatomy, lesions(config))
    steered = denoiser(x_t, timesteps, condition, region, control(x_t, timesteps, told, region))
    assert torch.equal(steered, alone)


@BOTH
def test_it_begins_as_the_denoisers_way_down(config: MeddiffConfig) -> None:
    denoiser, control = awake(Denoiser(config)), LesionControl(config)
    control.begin_as(denoiser)
    _, _, places, anatomy, _ = given(config)
    torch.testing.assert_close(
        control.condition(places, anatomy, lesions(config)), denoiser.condition(places, anatomy), atol=0, rtol=0
    )
    own, theirs = control.net.state_dict(), denoiser.unet.state_dict()
    copied = [key for key in own if key in theirs]
    assert all(torch.equal(own[key], theirs[key]) for key in copied)
    assert all(key.startswith("controlnet_") for key in own if key not in theirs)
    assert {key.split(".")[0] for key in copied} == {"conv_in", "time_embed", "down_blocks", "middle_block"}


@BOTH
def test_a_lesion_is_heard_where_it_is_alone(config: MeddiffConfig) -> None:
    control = awake(LesionControl(config))
    blank = torch.zeros(1, 1, *(config.patch,) * 3)
    spot = blank.clone()
    spot[..., 8:10, 8:10, 8:10] = 1
    change = (control.hint(spot) - control.hint(blank)).abs().amax(dim=(0, 1)).nonzero()
    reach = 4 * config.fold  # four convolutions of 3 x 3 x 3
    assert change.min() * config.fold >= 8 - reach
    assert (change.max() + 1) * config.fold <= 10 + reach


def test_the_first_step_teaches_it_and_not_the_frozen_denoiser() -> None:
    denoiser, control = awake(Denoiser(FOLDED)), LesionControl(FOLDED)
    control.begin_as(denoiser)
    x_t, timesteps, places, anatomy, region = given(FOLDED)
    told = control.condition(places, anatomy, lesions(FOLDED))
    steered = denoiser(
        x_t, timesteps, denoiser.condition(places, anatomy), region, control(x_t, timesteps, told, region)
    )
    steered.square().mean().backward()
    joins = [control.net.controlnet_mid_block, *control.net.controlnet_down_blocks]
    assert all(weights.grad is not None and weights.grad.any() for join in joins for weights in join.parameters())
    assert all(weights.grad is None for weights in denoiser.parameters())
