"""The models of the paper's ablation at tiny size: borrowed parts, natural images first, one after another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL
from PIL import Image
from safetensors.torch import load_file

from ctstudio.catalog.recipe import TrainRecipe
from ctstudio.catalog.recipes import list_recipes, load_recipe, recipe_from
from ctstudio.catalog.shelf import check, find_model, part_folder
from ctstudio.core.errors import CtStudioError, InputError, ModelNotFound, ParameterError, WeightMismatch
from ctstudio.nets.dit import parameter_count
from ctstudio.nets.weight_files import WEIGHTS
from ctstudio.protocol.training_run import RunFiles, ValidationLine, read_records
from ctstudio.systems.na_diff.config import PAPER, NaDiffConfig
from ctstudio.systems.na_diff.latents import decoded_hu, encoded
from ctstudio.systems.na_diff.natural import NaturalNetwork, natural_config
from ctstudio.systems.na_diff.network import NaDiffNetwork
from ctstudio.systems.na_diff.weights import DENOISER, load
from ctstudio.training.checks import check_run
from ctstudio.training.launch import plan_of, run_recipe
from tiny_dataset import write_dataset
from tiny_na_diff import write_tiny_model
from tiny_recipe import QUICK, ablation
from weightless import on_meta

MODELS = "abcdef"
GROUPS = {"body": ("body",), "liver": ("liver",)}


@pytest.fixture(scope="module")
def lender(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """On the user's own shelf."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(home))
        yield write_tiny_model(home / "ctstudio" / "models" / "lender", "lender")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data"))


TEXTURES = {"natural": {**QUICK, "data": {"source": "textures", "images": 20}}}


@pytest.fixture(scope="module")
def hears_map(tmp_path_factory: pytest.TempPathFactory, lender: Path, data: Path) -> Path:
    """Model B: natural images, then the noise map; without its figures."""
    folder = tmp_path_factory.mktemp("b") / "run"
    recipe = recipe_from(ablation(lender, data, ["noise_map"], **TEXTURES))
    stages = tuple(stage for stage in plan_of(recipe) if stage != "figures")
    assert stages == ("data", "latents", "images", "natural", "denoiser", "export")
    run_recipe(recipe, folder, stages=stages)
    return folder


@pytest.fixture(scope="module")
def hears_mask(tmp_path_factory: pytest.TempPathFactory, lender: Path, data: Path, hears_map: Path) -> Path:
    """Model D: from model B, then the mask."""
    folder = tmp_path_factory.mktemp("d") / "run"
    recipe = recipe_from(ablation(lender, data, ["mask"], start=str(hears_map / "model")))
    stages = tuple(stage for stage in plan_of(recipe) if stage != "figures")
    assert stages == ("data", "latents", "denoiser", "export")
    run_recipe(recipe, folder, stages=stages)
    return folder


def _weights(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "model" / DENOISER / WEIGHTS)


def test_the_model_holds_its_denoiser_alone_and_borrows_the_rest(hears_map: Path, lender: Path) -> None:
    model = find_model(hears_map / "model")
    assert {path.name for path in model.folder.iterdir()} == {"denoiser", "model.json"}
    assert part_folder(model, "vae") == lender / "vae"
    check(model)
    loaded = load(model.folder, model.info, torch.device("cpu"), torch.float32)
    assert loaded.config.conditions == ("noise_map",)
    assert loaded.config.latent_channels == 4  # the lender's
    assert "20 pictures of textured shapes" in model.info.trained_on
    assert model.info.training is not None
    assert model.info.training.stages["natural"]["steps"] == 4
    assert model.info.ranges.labels == ["liver"]


def test_parts_of_a_lender_that_is_not_on_the_shelf_are_copied(data: Path, tmp_path: Path) -> None:
    elsewhere = write_tiny_model(tmp_path / "elsewhere", "elsewhere")
    stages = ("data", "latents", "denoiser", "export")
    run_recipe(recipe_from(ablation(elsewhere, data, ["mask"])), tmp_path / "run", stages=stages)
    model = find_model(tmp_path / "run" / "model")
    assert not model.info.borrows
    assert {path.name for path in model.folder.iterdir()} == {"denoiser", "vae", "clip", "model.json"}
    check(model)
    load(model.folder, model.info, torch.device("cpu"), torch.float32)


def test_the_first_stage_is_judged_on_images_it_does_not_train_on(hears_map: Path) -> None:
    lines, _ = read_records(RunFiles(hears_map).validations, ValidationLine)
    mine = [line for line in lines if line.stage == "natural"]
    assert [line.step for line in mine] == [2, 4]
    assert all(np.isfinite(line.figures["validation_loss"]) for line in mine)
    shards = sorted((hears_map / "cache" / "natural").glob("*.npz"))
    assert len(shards) == 2
    assert np.load(shards[0])["map_latents"].shape == (16, 2, 4, 64, 64)


def test_a_ct_stage_begins_where_the_stage_before_it_ended(
    hears_map: Path, hears_mask: Path, lender: Path, data: Path, tmp_path: Path
) -> None:
    """With a learning rate of nearly nothing, what comes out is what was carried over."""
    still = {**QUICK, "steps": 1, "learning_rate": 1e-12}
    recipe = ablation(lender, data, ["mask"], start=str(hears_map / "model"), denoiser=still)
    run_recipe(recipe_from(recipe), tmp_path / "still", stages=("data", "latents", "denoiser", "export"))
    before, after, trained = _weights(hears_map), _weights(tmp_path / "still"), _weights(hears_mask)
    for key, value in after.items():
        if key != "conditions.null_mask":
            torch.testing.assert_close(value, before[key])
    assert not torch.allclose(trained["trunk.blocks.0.attn.qkv.weight"], before["trunk.blocks.0.attn.qkv.weight"])
    info = find_model(hears_mask / "model").info
    assert info.trained_on.startswith("as tiny-ablation; then")
    assert info.training is not None
    assert info.training.stages["start"]["model"] == "tiny-ablation"


def test_a_trunk_begins_with_natural_images(hears_map: Path, lender: Path, data: Path, tmp_path: Path) -> None:
    still = {**QUICK, "steps": 1, "learning_rate": 1e-12}
    recipe = recipe_from(ablation(lender, data, ["noise_map"], denoiser=still, **TEXTURES))
    folder = tmp_path / "run"
    stages = ("data", "latents", "images", "natural", "denoiser", "export")
    run_recipe(recipe, folder, stages=stages)
    step = folder / "checkpoints" / "natural" / "step_00000004"
    natural, after = load_file(step / "average.safetensors"), _weights(folder)
    for key in ("trunk.blocks.0.mlp.fc1.weight", "trunk.x_embedder.proj.weight", "trunk.t_embedder.mlp.0.weight"):
        torch.testing.assert_close(after[key].float(), natural[key], atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("name", MODELS)
def test_the_recipes_of_the_papers_six_models_can_start(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(f"demo/na-diff-{name}")
    assert isinstance(recipe, TrainRecipe)
    hears = {"a": ["noise_map"], "b": ["noise_map"], "c": ["mask"], "d": ["mask"]}.get(name, ["noise_map", "mask"])
    assert recipe.network["conditions"] == hears
    assert (recipe.natural is not None) == (name in "bf")
    assert recipe.start == {"c": "na-diff-demo-a", "d": "na-diff-demo-b"}.get(name, "")


def test_every_recipe_is_explained_in_the_list() -> None:
    assert all(len(recipe.about) > 40 for recipe in list_recipes())


def _refused(recipe: dict[str, Any], kind: type[CtStudioError], words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        check_run(recipe_from(recipe), Path("never"), resume=False)
    assert caught.value.remedy


def test_what_does_not_fit_together_is_named_before_the_first_step(lender: Path, data: Path, tmp_path: Path) -> None:
    def recipe(**changes: Any) -> dict[str, Any]:
        return ablation(lender, data, ["noise_map", "mask"], **changes)

    check_run(recipe_from(recipe()), Path("never"), resume=False)
    vae = {"steps": 1, "batch": 2, "learning_rate": 1e-3, "crop": 32, "block_out_channels": [4, 4, 4]}
    network = recipe()["network"]
    _refused(recipe(borrow={"vae": str(lender)}), ParameterError, "has no clip")
    _refused(recipe(vae=vae), ParameterError, "both trains and borrows a vae")
    _refused(recipe(borrow={"vae": "never", "clip": str(lender)}), ModelNotFound, "never")
    _refused(recipe(network={**network, "latent_channels": 8}), ParameterError, "latent_channels does not fit the vae")
    _refused(recipe(network={**network, "told_groups": ["spleen"]}), ParameterError, "told_groups names none of")
    _refused(recipe(network={**network, "conditions": []}), ParameterError, "conditions is empty")
    _refused(recipe(network={**network, "conditions": ["dose"]}), ParameterError, "conditions")
    _refused(recipe(start="never"), ModelNotFound, "never")
    _refused(recipe(start=str(lender)), WeightMismatch, "blocks of width 32")
    _refused(recipe(start=str(lender), **TEXTURES), ParameterError, "cannot begin both")


def test_photographs_are_looked_through_before_the_first_step(lender: Path, data: Path, tmp_path: Path) -> None:
    def recipe(folder: Path) -> dict[str, Any]:
        natural = {**QUICK, "data": {"source": "images", "folder": str(folder), "images": 4}}
        return ablation(lender, data, ["noise_map"], natural=natural)

    _refused(recipe(tmp_path / "never"), InputError, "no folder")
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(tmp_path / "tiny.png")
    _refused(recipe(tmp_path), InputError, r"tiny\.png is skipped: 64 x 64 pixels")
    for n in range(3):
        Image.fromarray(np.random.default_rng(n).integers(0, 255, (256, 300, 3), np.uint8)).save(tmp_path / f"{n}.png")
    told: list[str] = []
    stages = ("data", "latents", "images", "natural", "denoiser", "export")
    run_recipe(recipe_from(recipe(tmp_path)), tmp_path / "run", say=told.append, stages=stages)
    assert any("tiny.png is skipped" in line for line in told)
    assert "at most 4 photographs" in find_model(tmp_path / "run" / "model").info.trained_on


@pytest.mark.parametrize("name", MODELS)
def test_the_papers_recipes_build_the_papers_networks(name: str) -> None:
    """On no memory: DiT-L/4, its condition layers, and the stage on natural images."""
    recipe, demo = load_recipe(f"paper/na-diff-{name}"), load_recipe(f"demo/na-diff-{name}")
    assert isinstance(recipe, TrainRecipe)
    assert isinstance(demo, TrainRecipe)
    config = NaDiffConfig.model_validate({**recipe.network, "label_groups": GROUPS})
    network = on_meta(NaDiffNetwork, config)
    assert parameter_count(network.trunk) == 457_028_736
    assert ("eta" in {key.split(".")[1] for key in network.state_dict() if key.startswith("conditions")}) == (
        name in "ef"
    )
    assert config.model_copy(update={"conditions": PAPER.conditions, "told_groups": (), "label_groups": {}}) == PAPER
    assert recipe.size == "paper"
    assert (recipe.network["conditions"], recipe.natural is None) == (demo.network["conditions"], demo.natural is None)
    assert recipe.start == {"c": "na-diff-a", "d": "na-diff-b"}.get(name, "")
    if recipe.natural is not None:
        assert parameter_count(on_meta(NaturalNetwork, natural_config(config))) > 457_028_736
    with pytest.raises(ModelNotFound, match="na-diff-paper"):
        check_run(recipe, Path("never"), resume=False)


def test_the_paper_s_autoencoder_sees_the_grey_slice_three_times(tmp_path: Path) -> None:
    torch.manual_seed(0)
    kinds = ("DownEncoderBlock2D",) * 2, ("UpDecoderBlock2D",) * 2
    vae = AutoencoderKL(3, 3, *kinds, (4, 4), 1, latent_channels=4, norm_num_groups=2, mid_block_add_attention=False)
    config = PAPER.model_copy(update={"image_size": 16, "vae_factor": 2})
    unit = torch.linspace(-1, 1, 256).view(1, 1, 16, 16)
    z = encoded(vae.eval().requires_grad_(False), config, unit)
    with torch.no_grad():
        mean = vae.encode(unit.expand(-1, 3, -1, -1)).latent_dist.mean
    torch.testing.assert_close(z, 0.18215 * mean, rtol=0.05, atol=0.01)  # bfloat16 within
    assert decoded_hu(vae, config, z).shape == (1, 16, 16)
