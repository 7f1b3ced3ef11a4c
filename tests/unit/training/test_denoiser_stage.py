"""The denoiser's batches and loss."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ctstudio.catalog.recipe import DenoiserSettings
from ctstudio.nets.clip import build_clip
from ctstudio.systems.na_diff.conditions import label_groups
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.network import NaDiffNetwork
from ctstudio.training.stage import shared_out
from ctstudio.training.stages.denoiser import DenoiserStage, Encoded
from tiny_dataset import LIVER
from tiny_na_diff import CONFIG

TINY = NaDiffConfig.model_validate(CONFIG)
CLIP = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "patch_size": 16, "layers": 1, "width": 32, "head_width": 16},
    "text_cfg": {"context_length": 8, "vocab_size": 16, "width": 32, "heads": 2, "layers": 1},
}


def _stage(batch: int = 4, **changes: object) -> DenoiserStage:
    torch.manual_seed(0)
    network = NaDiffNetwork(TINY)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    random = np.random.default_rng(0)
    labels = np.zeros((3, 256, 256), np.uint8)
    labels[:, 60:120, 80:150] = LIVER
    encoded = Encoded(
        random.normal(size=(3, 2, 4, 64, 64)).astype(np.float16),
        np.abs(random.normal(20, 2, (3, 2, 128, 128))).astype(np.float16),
        labels,
    )
    usual = {"steps": 4, "batch": batch, "learning_rate": 1e-3}
    settings = DenoiserSettings.model_validate({**usual, **changes})
    return DenoiserStage(network, build_clip(CLIP).eval(), encoded, settings, label_groups(TINY))


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_step_draws_the_same_every_time_and_another_step_does_not() -> None:
    stage = _stage()
    first, again, other = (stage.draw(0, _generator(seed)) for seed in (1, 1, 2))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["noise"], other["noise"])
    assert all(len(value) == 4 for value in first.values())


def test_conditions_are_dropped_as_often_as_is_asked() -> None:
    batch = _stage(2000, drop=0.3).draw(0, _generator())
    for key in ("keep_mask", "keep_map"):
        assert batch[key].float().mean() == pytest.approx(0.7, abs=0.04)
    assert not batch["given"][~batch["keep_mask"]].any()
    both = (~batch["keep_mask"] & ~batch["keep_map"]).float().mean()
    assert both == pytest.approx(0.09, abs=0.03)  # one by one


def test_offset_noise_is_a_constant_of_each_channel_of_each_sample() -> None:
    plain, offset = (_stage(400, offset_noise=sd).draw(0, _generator())["noise"] for sd in (0.0, 0.5))
    added = offset - plain
    assert torch.allclose(added, added[..., :1, :1].expand_as(added), atol=1e-5)
    assert added[..., 0, 0].std() == pytest.approx(0.5, rel=0.06)
    assert plain.std() == pytest.approx(1.0, rel=0.01)


def test_min_snr_weighs_the_loss_down_where_there_is_little_noise() -> None:
    batch = _stage().draw(0, _generator())
    batch["timesteps"] = torch.full((4,), 3)
    plain, weighed = _stage().loss(batch), _stage(min_snr_gamma=5.0).loss(batch)
    snr = (1 - 1e-4) / 1e-4  # about, at the very first steps
    assert 0 < weighed.item() < 10 * 5 / snr * plain.item()


def test_the_loss_of_parts_is_the_loss_of_the_whole() -> None:
    stage = _stage()
    batch = stage.draw(0, _generator())
    parts = [stage.loss(part).item() for part in shared_out(batch, 2)]
    assert np.mean(parts) == pytest.approx(stage.loss(batch).item(), rel=1e-5)


@pytest.mark.parametrize("wanted", [True, False])
def test_gradients_are_checkpointed_as_the_recipe_says(wanted: bool) -> None:
    stage = _stage(checkpoint_gradients=wanted)
    calls: list[int] = []
    stage.module.trunk.blocks[0].register_forward_pre_hook(lambda *_: calls.append(1))
    stage.loss(stage.draw(0, _generator())).backward()
    assert len(calls) == (2 if wanted else 1)
