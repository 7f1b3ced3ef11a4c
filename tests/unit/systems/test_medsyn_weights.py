"""A MedSyn model folder in and out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from ctstudio.catalog.shelf import find_model
from ctstudio.core.errors import WeightMismatch
from ctstudio.nets.weight_files import WEIGHTS
from ctstudio.systems.medsyn.weights import BASE, TEXT, UPSCALER, MedsynModel, load
from tiny_medsyn import CONFIG, write_tiny_medsyn

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_medsyn(tmp_path_factory.mktemp("models") / "tiny-medsyn")


@pytest.fixture(scope="module")
def model(folder: Path) -> MedsynModel:
    return load(folder, find_model(folder).info, CPU, torch.float32)


def test_a_loaded_model_is_ready_to_be_used(model: MedsynModel) -> None:
    side = model.config.base.side
    for part in (model.base, model.upscaler, model.text.network):
        assert not part.training
        assert all(p.dtype == torch.float32 and not p.requires_grad and not p.is_meta for p in part.parameters())
    features = model.text.encode(["large left pleural effusion"])
    x_0 = model.base(torch.randn(1, 4, side, side, side), torch.full((1,), 500.0), model.base.told(features, 1))
    assert x_0.shape == (1, 4, side, side, side)
    assert torch.isfinite(x_0).all()


def test_the_weights_are_those_of_the_file_in_half_precision(folder: Path, model: MedsynModel) -> None:
    from safetensors.torch import load_file

    for part, network in ((BASE, model.base), (UPSCALER, model.upscaler)):
        stored = load_file(folder / part / WEIGHTS)
        assert all(tensor.dtype == torch.float16 for tensor in stored.values())
        state = network.state_dict()
        assert state.keys() == stored.keys()
        assert all(torch.equal(state[key], stored[key].float()) for key in state)


def test_attention_that_the_groups_share_is_still_one_after_loading(model: MedsynModel) -> None:
    first, second = (model.base.get_submodule(f"mid_spatial_attn{n}.fn.fn.fn.to_qkv") for n in (1, 2))
    assert first.weight is second.weight


def test_a_model_that_lost_a_part_says_which(folder: Path, tmp_path: Path) -> None:
    info = find_model(folder).info
    for part in (BASE, UPSCALER, TEXT):
        broken = tmp_path / part
        shutil.copytree(folder, broken)
        (broken / part / WEIGHTS).unlink()
        with pytest.raises(WeightMismatch, match=part):
            load(broken, info, CPU, torch.float32)


def test_weights_of_another_size_are_refused(folder: Path) -> None:
    info = find_model(folder).info
    base = {**CONFIG["base"], "dim": 16}
    with pytest.raises(WeightMismatch, match="has shape"):
        load(folder, info.model_copy(update={"config": {**info.config, "base": base}}), CPU, torch.float32)
