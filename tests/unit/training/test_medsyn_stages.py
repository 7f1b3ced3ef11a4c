"""What MedSyn's two networks are asked in a step: texts, times, parts, and that they learn."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ctstudio.systems.medsyn.channels import lowered, raised
from ctstudio.systems.medsyn.config import MedsynConfig
from ctstudio.systems.medsyn.network import BaseNetwork, Upscaler
from ctstudio.systems.medsyn.schedule import stratified_times
from ctstudio.systems.medsyn.text import TextEncoder, load_text
from ctstudio.training.chests import FineChests, load_coarse, make_coarse, make_fine
from ctstudio.training.medsyn import reports_of
from ctstudio.training.stages.medsyn_base import BaseStage
from ctstudio.training.stages.medsyn_upscaler import UpscalerStage
from tiny_medsyn import write_tiny_medsyn
from tiny_medsyn_recipe import tiny_medsyn_recipe

RECIPE = tiny_medsyn_recipe(coarse__batch="4", coarse__drop="0.5", upscaler__steps="10", upscaler__slab_share="0.3")
CONFIG = MedsynConfig.model_validate(RECIPE.network)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> TextEncoder:
    return load_text(write_tiny_medsyn(tmp_path_factory.mktemp("model")) / "text", CONFIG.text)


@pytest.fixture(scope="module")
def coarse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("coarse")
    make_coarse(range(3), CONFIG.base.side, CONFIG.lowering, folder, lambda done, total: None)
    return folder


@pytest.fixture(scope="module")
def fine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fine")
    make_fine(range(2), CONFIG.upscaler.side, folder, lambda done, total: None)
    return folder


def _base_stage(encoder: TextEncoder, coarse: Path) -> BaseStage:
    torch.manual_seed(0)
    chests = load_coarse(coarse)
    network = BaseNetwork(CONFIG.base, CONFIG.text)
    return BaseStage(network, encoder, chests, reports_of(chests.seed.tolist(), 2), RECIPE.coarse)


def _upscaler_stage(fine: Path) -> UpscalerStage:
    torch.manual_seed(0)
    return UpscalerStage(Upscaler(CONFIG.upscaler), FineChests(fine), CONFIG.factor, CONFIG.lowering, RECIPE.upscaler)


def test_who_hears_no_text_hears_the_learned_silence(encoder: TextEncoder, coarse: Path) -> None:
    stage = _base_stage(encoder, coarse)
    batch = stage.draw(0, torch.Generator().manual_seed(2))
    batch["heard"] = torch.tensor([True, False, True, False])
    batch["which"], batch["wording"] = torch.tensor([0, 0, 2, 1]), torch.tensor([0, 0, 1, 1])
    features = stage.features(batch)
    assert torch.equal(features[1], stage.module.null_cond_emb[0])
    report = reports_of([2], 2)[0][1]
    assert torch.allclose(features[2], encoder.encode([(report.findings, report.impression)])[0], atol=1e-5)


def test_the_base_network_learns(encoder: TextEncoder, coarse: Path) -> None:
    stage = _base_stage(encoder, coarse)
    assert _learned(stage, 40) < 0.5
    assert stage.module.null_cond_emb.grad is not None


def test_the_upscaler_learns(fine: Path) -> None:
    assert _learned(_upscaler_stage(fine), 40) < 0.5


def test_parts_span_whole_slices_towards_the_end(fine: Path) -> None:
    stage, side = _upscaler_stage(fine), CONFIG.upscaler.side
    early, late = (stage.draw(step, torch.Generator().manual_seed(0))["noise"] for step in (6, 7))
    assert early.shape == (2, 4, 8, 8, 8)
    assert late.shape == (1, 4, 4, side, side)


def test_the_upscaler_sees_its_own_part_made_coarse(fine: Path) -> None:
    stage, seen = _upscaler_stage(fine), []
    stage.module.register_forward_pre_hook(lambda module, given: seen.append(given))
    batch = stage.draw(0, torch.Generator().manual_seed(4))
    batch["share"] = torch.zeros_like(batch["share"])
    _, x_0 = stage.made(batch)
    assert torch.allclose(seen[0][2], raised(lowered(x_0, CONFIG.factor, CONFIG.lowering), CONFIG.factor), atol=1e-5)
    assert all(corner % CONFIG.factor == 0 for corner in batch["corner"].flatten().tolist())


def test_late_times_lie_near_noise() -> None:
    even, late = (stratified_times(1000, torch.Generator().manual_seed(0), power) for power in (1.0, 2.0))
    assert abs(float(even.mean()) - 0.5) < 0.01
    assert abs(float(late.mean()) - 2 / 3) < 0.01
    assert float(late.min()) >= 0
    assert float(late.max()) <= 1


def _learned(stage: BaseStage | UpscalerStage, steps: int) -> float:
    """The loss of one batch after some steps on it, as a part of what it was."""
    batch = stage.draw(0, torch.Generator().manual_seed(1))
    optimiser = torch.optim.Adam(stage.module.parameters(), 3e-3)
    first = float(stage.loss(batch).detach())
    for _ in range(steps):
        optimiser.zero_grad()
        loss = stage.loss(batch)
        loss.backward()
        optimiser.step()
    return float(loss.detach()) / first
