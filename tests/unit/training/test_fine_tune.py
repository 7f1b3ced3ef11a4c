"""A model of the shelf, trained further: low-rank updates, the merged model, the whole way."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ctstudio.catalog.recipe import Adaptation, FineTuneRecipe
from ctstudio.catalog.recipes import recipe_from
from ctstudio.catalog.shelf import check, find_model
from ctstudio.core.errors import ParameterError
from ctstudio.nets.weight_files import WEIGHTS
from ctstudio.protocol.training_run import RunFiles, RunInfo, StepLine, ValidationLine, read_record, read_records
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.network import NaDiffNetwork
from ctstudio.systems.na_diff.weights import DENOISER, load
from ctstudio.training.data import load_slices
from ctstudio.training.fine_tune import adapted, merged
from ctstudio.training.launch import run_recipe
from tiny_dataset import write_dataset
from tiny_na_diff import CONFIG, SMALL, write_tiny_model
from tiny_recipe import tuning

LORA = Adaptation(rank=2, alpha=4.0)
TINY = NaDiffConfig.model_validate({**CONFIG, **SMALL})


def _network() -> NaDiffNetwork:
    torch.manual_seed(0)
    network = NaDiffNetwork(TINY)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return network.eval()


def _inputs() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    draws = torch.Generator().manual_seed(3)
    side = TINY.latent_side
    z_t = torch.randn(2, TINY.latent_channels, side, side, generator=draws)
    spatial = torch.rand(2, TINY.spatial_channels, side, side, generator=draws)
    return z_t, torch.tensor([20, 800]), torch.randn(2, TINY.hidden, generator=draws), spatial


def _wake(network: nn.Module) -> None:
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "lora_" in name:
                parameter.add_(0.1 * torch.randn_like(parameter))


def test_new_updates_change_nothing_yet() -> None:
    network, inputs = _network(), _inputs()
    before = network(*inputs)
    assert torch.equal(adapted(network, LORA)(*inputs), before)


def test_only_the_updates_are_trained() -> None:
    network = adapted(_network(), LORA)
    network(*_inputs()).square().mean().backward()
    trained = {name for name, p in network.named_parameters() if p.requires_grad}
    assert trained == {name for name, p in network.named_parameters() if p.grad is not None}
    assert all("lora_" in name for name in trained)
    for layer in ("attn.qkv", "attn.proj", "adaLN_modulation.1"):
        assert any(f"trunk.blocks.0.{layer}" in name for name in trained)
    count = sum(p.numel() for p in network.parameters() if p.requires_grad)
    assert count < 0.2 * sum(p.numel() for p in network.parameters())


def test_the_merged_network_answers_as_the_adapted_one_with_the_plain_keys() -> None:
    plain = _network()
    network = adapted(copy.deepcopy(plain), LORA)
    _wake(network)
    inputs = _inputs()
    expected = network(*inputs)
    assert not torch.allclose(expected, plain(*inputs), atol=1e-3)
    whole = merged(network)
    torch.testing.assert_close(whole(*inputs), expected, rtol=1e-4, atol=1e-5)
    assert list(whole.state_dict()) == list(plain.state_dict())
    changed = {k for k, v in whole.state_dict().items() if not torch.equal(v, plain.state_dict()[k])}
    assert changed
    assert all(key.endswith(("attn.qkv.weight", "attn.proj.weight", "adaLN_modulation.1.weight")) for key in changed)


def test_an_update_weighs_alpha_over_rank() -> None:
    plain = _network()
    network = adapted(copy.deepcopy(plain), Adaptation(rank=2, alpha=6.0, targets=("attn.proj",)))
    _wake(network)
    parts = {name: p.detach().clone() for name, p in network.named_parameters() if "lora_" in name}
    key = "trunk.blocks.0.attn.proj"
    update = parts[f"{key}.lora_B.default.weight"] @ parts[f"{key}.lora_A.default.weight"]
    before, after = plain.state_dict()[f"{key}.weight"], merged(network).state_dict()[f"{key}.weight"]
    torch.testing.assert_close(after - before, 3.0 * update, rtol=1e-4, atol=1e-6)


def test_convolutions_can_be_updated_too() -> None:
    network, inputs = adapted(_network(), Adaptation(rank=2, targets=("rim.stem",))), _inputs()
    _wake(network)
    expected = network(*inputs)
    torch.testing.assert_close(merged(network)(*inputs), expected, rtol=1e-4, atol=1e-5)


def test_a_target_that_is_no_layer_is_refused_with_those_that_are() -> None:
    with pytest.raises(ParameterError, match=r"'attn\.qvk'") as caught:
        adapted(_network(), Adaptation(targets=("attn.qkv", "attn.qvk")))
    assert "conditions.eta.0" in caught.value.remedy


def test_the_full_method_trains_every_weight_but_the_positions() -> None:
    network = adapted(_network().requires_grad_(False), Adaptation(method="full"))
    assert {name for name, p in network.named_parameters() if not p.requires_grad} == {"trunk.pos_embed"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("base") / "base", "tiny-base")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, base: Path, data: Path) -> Path:
    folder = tmp_path_factory.mktemp("tuning") / "run"
    recipe = recipe_from(tuning(base, data))
    assert isinstance(recipe, FineTuneRecipe)
    run_recipe(recipe, folder)
    return folder


def test_a_tuned_model_is_the_base_with_another_denoiser(done: Path, base: Path) -> None:
    model, before = find_model(done / "model"), find_model(base)
    check(model)
    assert model.info.name == "tiny-tuned"
    same = {file for file, digest in model.info.files.items() if before.info.files.get(file) == digest}
    assert set(model.info.files) - same == {"denoiser/model.safetensors"}
    assert set(model.info.files) == set(before.info.files)
    for found in (model, before):
        load(found.folder, found.info, torch.device("cpu"), torch.float32)


def test_its_card_says_where_it_comes_from_and_what_it_gained(done: Path) -> None:
    info = find_model(done / "model").info
    assert info.training is not None
    assert info.training.stages["base"]["model"] == "tiny-base"
    assert info.training.steps == 4
    assert info.trained_on.endswith("simulated photon noise at 5 to 100 % dose")
    assert {"base", "model"} <= set(info.figures)


def test_its_run_tells_all(done: Path) -> None:
    files = RunFiles(done)
    told = read_record(files.info, RunInfo)
    assert told is not None
    assert (told.state, told.stage, told.stages) == (
        "finished",
        "figures",
        ("data", "latents", "denoiser", "export", "figures"),
    )
    lines, _ = read_records(files.steps, StepLine)
    assert [(line.stage, line.step) for line in lines] == [("denoiser", step) for step in (1, 2, 3, 4)]
    validations, _ = read_records(files.validations, ValidationLine)
    assert [line.step for line in validations] == [2, 4]
    assert len(list(files.sample_folder.glob("*.npz"))) == 1
    assert recipe_from(told.settings).name == "tiny/tune"  # it can be cloned


def test_a_finished_run_goes_on_to_the_same_model(done: Path, base: Path, data: Path) -> None:
    before = find_model(done / "model").info.files
    run_recipe(recipe_from(tuning(base, data)), done, resume=True)
    assert find_model(done / "model").info.files == before


def test_a_controlnet_learns_beside_a_model_that_stays_as_it_is(data: Path, tmp_path: Path) -> None:
    """The base hears the liver alone through CLIP; the ControlNet hears all labels in place."""
    deaf = {"spatial": False, "told_groups": ["liver"]}
    base = write_tiny_model(tmp_path / "deaf", "tiny-deaf", deaf)
    recipe = recipe_from(tuning(base, data, adapt={"method": "controlnet"}))
    run_recipe(recipe, tmp_path / "run", stages=("data", "latents", "denoiser", "export"))
    model = find_model(tmp_path / "run" / "model")
    before, after = (load_file(folder / DENOISER / WEIGHTS) for folder in (base, model.folder))
    assert model.info.config["control"] == 1
    assert all(torch.equal(after[key], value) for key, value in before.items())
    added = {key for key in after if key not in before}
    assert {key.split(".")[0] for key in added} == {"control"}
    assert any(bool(after[key].any()) for key in added if key.startswith("control.leave"))
    assert "lesion" in model.info.ranges.labels
    loaded = load(model.folder, model.info, torch.device("cpu"), torch.float32)
    assert loaded.network.control is not None


def test_a_base_that_sees_other_slices_is_trained_on_such(data: Path, tmp_path: Path) -> None:
    small = write_tiny_model(tmp_path / "small", "tiny-small", SMALL)
    run_recipe(recipe_from(tuning(small, data)), tmp_path / "run", stages=("data", "latents", "denoiser", "export"))
    (shard, *_) = sorted((tmp_path / "run" / "cache" / "latents" / "train").glob("*.npz"))
    assert load_slices(tmp_path / "run" / "cache" / "slices", "train").ct_hu.shape[1:] == (64, 64)
    assert np.load(shard)["latents"].shape[-2:] == (16, 16)
    assert find_model(tmp_path / "run" / "model").info.field_of_view.pixels == 64


@pytest.mark.parametrize(
    ("changes", "adapt", "words"),
    [
        ({"control": 1}, {}, "has a ControlNet already"),
        ({}, {"control": 5}, "has 1 blocks, not 5"),
    ],
)
def test_a_controlnet_that_cannot_be_is_refused(
    data: Path, tmp_path: Path, changes: dict[str, Any], adapt: dict[str, Any], words: str
) -> None:
    base = write_tiny_model(tmp_path / "base", "tiny-other", changes)
    recipe = recipe_from(tuning(base, data, adapt={"method": "controlnet", **adapt}))
    with pytest.raises(ParameterError, match=words):
        run_recipe(recipe, tmp_path / "run")
    assert not (tmp_path / "run").exists()
