"""Public weights become models of NA-Diff: every tensor accounted for, sizes from shapes, nothing untrained unsaid."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.shelf import check, find_model
from ctstudio.core.errors import CtStudioError, ParameterError, StorageError, UnreadableFile, WeightMismatch
from ctstudio.nets.checkpoint_file import Checkpoint
from ctstudio.nets.clip import build_clip
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.import_files import Source, recognised
from ctstudio.systems.na_diff.import_parts import fitted_denoiser
from ctstudio.systems.na_diff.import_report import coverage_facts, coverage_lines
from ctstudio.systems.na_diff.importing import Import, examine, write
from ctstudio.systems.na_diff.network import NaDiffNetwork
from ctstudio.systems.na_diff.weights import load
from public_weights import (
    autoencoder,
    clip,
    diffusers_dit,
    facebook_dit,
    hugging_face_clip,
    in_compvis_words,
    openai_archive,
    published_shapes,
    save,
    stirred,
    training_file,
    weightless,
    write_json,
    write_public_folder,
)
from weightless import on_meta

HEADS = 4


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DiT, an autoencoder and a CLIP as diffusers writes them; not to be changed."""
    return write_public_folder(tmp_path_factory.mktemp("public"))


def _written(found: Import, shelf: Path, name: str = "imported", **settings: Any) -> Path:
    told: list[tuple[str, int, int]] = []
    folder = write(
        found, name, shelf, settings.get("licence", ""), settings.get("replace", False), lambda *a: told.append(a)
    )
    assert all(done <= total == found.bytes for _, done, total in told)
    assert {what for what, _, _ in told} >= {f"Writing {part}" for part in found.parts}
    return folder


def _info(folder: Path) -> ModelInfo:
    model = find_model(folder)
    check(model)
    return model.info


def test_a_folder_of_diffusers_gives_all_three_parts(public: Path, tmp_path: Path) -> None:
    found = examine(public, {})
    assert found.lacks == ()
    config = found.config
    assert (config.hidden, config.depth, config.heads, config.patch) == (32, 2, HEADS, 2)
    assert (config.vae_factor, config.image_size, config.latent_side) == (2, 16, 8)
    assert config.image_size * config.pixel_mm == pytest.approx(384)
    assert (config.clip_dim, config.learn_sigma, config.prediction) == (24, True, "epsilon")
    assert config.latent_std == (pytest.approx(1 / 0.18215),)
    folder = _written(found, tmp_path)
    info = _info(folder)
    assert NaDiffConfig.model_validate(info.config) == config
    assert {name.split("/")[0] for name in info.files} == {"vae", "clip", "denoiser", "import.json"}


def test_a_written_model_holds_the_very_weights_that_were_given(public: Path, tmp_path: Path) -> None:
    folder = _written(examine(public, {}), tmp_path)
    model = load(folder, _info(folder), torch.device("cpu"), torch.float32)
    theirs = diffusers_dit(facebook_dit())
    state = facebook_dit()
    with torch.no_grad():
        z, t, classes = torch.randn(2, 4, 8, 8), torch.tensor([7, 700]), torch.tensor([1, 2])
        condition = state["y_embedder.embedding_table.weight"][classes]
        torch.testing.assert_close(model.network(z, t, condition), theirs(z, t, classes).sample, atol=1e-5, rtol=1e-4)
        picture = torch.rand(1, 3, 16, 16)
        expected = autoencoder().encode(picture).latent_dist.mean
        torch.testing.assert_close(model.vae.encode(picture).latent_dist.mean, expected, atol=0, rtol=0)
        picture = torch.randn(2, 3, 32, 32)
        expected = hugging_face_clip()(pixel_values=picture).image_embeds
        torch.testing.assert_close(model.clip.encode_image(picture), expected, atol=1e-5, rtol=1e-4)


def test_condition_layers_of_a_public_trunk_are_new_and_that_is_said_everywhere(public: Path, tmp_path: Path) -> None:
    found = examine(public, {})
    denoiser = found.parts["denoiser"]
    expected = {key for key in NaDiffNetwork(found.config).state_dict() if key.startswith("conditions.")}
    assert set(denoiser.new) == expected
    assert set(denoiser.computed) == {"trunk.pos_embed"}
    assert len(denoiser.made.tensors) + len(expected) + 1 == len(NaDiffNetwork(found.config).state_dict())
    info = _info(_written(found, tmp_path))
    assert f"conditions.* ({len(expected)} tensors)" in info.not_trained[0]
    assert "conditions.*" in info.trained_on
    assert "not for generating" in info.trained_on
    assert info.title.startswith("Not trained: imported")
    assert "never trained" in info.not_ready
    lines = "\n".join(coverage_lines("denoiser", denoiser, ""))
    assert "NEW" in lines
    assert "not trained" in lines


def test_first_weights_are_the_same_each_time_and_not_all_zero(public: Path) -> None:
    torch.manual_seed(1)
    first = examine(public, {}).parts["denoiser"].new
    torch.manual_seed(2)
    before = torch.random.get_rng_state()
    again = examine(public, {}).parts["denoiser"].new
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert first["conditions.rho.0.weight"].std() > 1e-3


def test_facebooks_training_file_alone_is_a_trunk_without_the_other_parts(tmp_path: Path) -> None:
    file = training_file(tmp_path / "0050000.pt", facebook_dit())
    found = examine(file, {}, heads=HEADS)
    assert found.lacks == ("vae", "clip")
    assert found.config.image_size == 64  # 8 latent pixels by the paper's factor of 8
    info = _info(_written(found, tmp_path / "shelf"))
    assert "no vae and no clip" in info.not_ready
    assert info.title.startswith("Parts only: ")
    saved = load_file(tmp_path / "shelf" / "imported" / "denoiser" / "model.safetensors")
    assert torch.equal(saved["trunk.blocks.1.attn.qkv.weight"], facebook_dit()["blocks.1.attn.qkv.weight"])
    [note] = info.origins["denoiser"]["notes"]
    assert "'ema' was taken" in note


def test_parts_may_come_from_single_files_in_other_spellings(tmp_path: Path) -> None:
    dit = save(facebook_dit(), tmp_path / "dit.safetensors")
    state = {f"first_stage_model.{key}": value for key, value in in_compvis_words(autoencoder().state_dict()).items()}
    torch.save({"state_dict": {**state, "model.diffusion_model.x": torch.zeros(1)}}, tmp_path / "sd.ckpt")
    openai = openai_archive(tmp_path / "ViT-tiny.pt", clip())
    found = examine(dit, {"vae": tmp_path / "sd.ckpt", "clip": openai}, heads=HEADS)
    assert found.lacks == ()
    assert found.parts["clip"].config == {**_openai_config(), "text_cfg": None}
    assert "assumed" in found.parts["vae"].notes[0]
    folder = _written(found, tmp_path / "shelf")
    assert load_file(folder / "clip" / "model.safetensors")["visual.proj"].dtype == torch.float16
    load(folder, _info(folder), torch.device("cpu"), torch.float32)


def _openai_config() -> dict[str, Any]:
    vision = {"image_size": 32, "patch_size": 16, "layers": 2, "width": 64, "head_width": 64, "mlp_ratio": 4.0}
    return {"embed_dim": 24, "quick_gelu": True, "vision_cfg": vision}


def test_the_account_names_every_key_of_the_files_and_of_the_networks(public: Path, tmp_path: Path) -> None:
    found = examine(public, {})
    folder = _written(found, tmp_path)
    report = json.loads((folder / "import.json").read_text())
    for name, part in found.parts.items():
        facts = coverage_facts(part)
        assert report[name] == json.loads(json.dumps(facts))
        used = [key for keys in facts["filled"].values() for key in keys] + list(facts["unused"])
        assert sorted(used) == sorted(part.source.checkpoint.tensors)
        ours = [*facts["filled"], *facts["not_trained"], *facts["computed"]]
        assert sorted(ours) == sorted(part.tensors)
    assert any("ImageNet" in why for why in report["denoiser"]["unused"].values())


def test_licences_go_into_the_model(public: Path, tmp_path: Path) -> None:
    info = _info(_written(examine(public, {}), tmp_path))
    assert "CC-BY-NC-4.0" in info.licence
    assert "CC-BY-NC-4.0" in info.origins["denoiser"]["licence"]
    assert "CC-BY-NC" not in info.origins["vae"]["licence"]
    mine = _info(_written(examine(public, {}), tmp_path, "mine", licence="MIT"))
    assert set(mine.licence.replace("; ", " ").split()) == {"vae:", "clip:", "denoiser:", "MIT"}


def test_a_whole_denoiser_of_our_own_makes_a_whole_model(tmp_path: Path) -> None:
    whole = examine(_own_denoiser(tmp_path), _vae_and_clip(tmp_path), heads=HEADS)
    assert whole.lacks == ()
    assert whole.parts["denoiser"].new == {}
    info = _info(_written(whole, tmp_path / "shelf"))
    assert info.not_ready == ""
    assert info.title.startswith("imported")
    assert info.not_trained == ()


def test_parts_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    own, parts = _own_denoiser(tmp_path), _vae_and_clip(tmp_path)
    wide = dict(stirred(build_clip, {**_tiny_clip(), "embed_dim": 40}).state_dict())
    save(wide, tmp_path / "wide" / "open_clip_model.safetensors")
    write_json(tmp_path / "wide" / "open_clip_config.json", {"model_cfg": {**_tiny_clip(), "embed_dim": 40}})
    _refused("conditions.rho.0.weight has shape (32, 24), not (32, 40)", own, {**parts, "clip": tmp_path / "wide"})
    autoencoder(latent=8).save_pretrained(tmp_path / "eight")
    _refused("4 channels, the autoencoder makes 8", own, {**parts, "vae": tmp_path / "eight"})
    autoencoder(channels=2).save_pretrained(tmp_path / "two")
    _refused("2 channels", own, {**parts, "vae": tmp_path / "two"})


def test_a_tower_whose_activation_nobody_knows_is_refused(tmp_path: Path) -> None:
    bare = save(dict(hugging_face_clip().state_dict()), tmp_path / "bare.safetensors")
    with pytest.raises(ParameterError, match="activation") as caught:
        examine(bare, {})
    assert "--clip-activation" in caught.value.remedy
    assert examine(bare, {}, clip_activation="gelu").parts["clip"].config["quick_gelu"] is False
    hugging_face_clip("gelu").save_pretrained(tmp_path / "said")
    assert examine(tmp_path / "said", {}).parts["clip"].config["quick_gelu"] is False
    hugging_face_clip("relu").save_pretrained(tmp_path / "odd")
    with pytest.raises(WeightMismatch, match="relu"):
        examine(tmp_path / "odd", {})


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("visual.trunk.cls_token", "BiomedCLIP"),
        ("model.diffusion_model.input_blocks.0.0.weight", "U-Net"),
        ("layer1.0.conv1.weight", "layer1.0.conv1.weight"),
    ],
)
def test_other_networks_are_refused_and_called_by_their_name(tmp_path: Path, key: str, says: str) -> None:
    save({key: torch.zeros(2)}, tmp_path / "other.safetensors")
    _refused(says, tmp_path / "other.safetensors", {})


def test_a_part_given_as_another_is_refused(public: Path) -> None:
    _refused("an autoencoder, not a CLIP tower", public / "transformer", {"clip": public / "vae"})


def test_missing_and_unknown_keys_are_named(public: Path, tmp_path: Path) -> None:
    state = facebook_dit()
    save({**state, "blocks.1.extra": torch.zeros(1)}, tmp_path / "more.safetensors")
    _refused("unknown: blocks.1.extra", tmp_path / "more.safetensors", {})
    del state["blocks.0.mlp.fc2.bias"]
    save(state, tmp_path / "less.safetensors")
    _refused("missing: trunk.blocks.0.mlp.fc2.bias", tmp_path / "less.safetensors", {})
    narrow = {**facebook_dit(), "final_layer.linear.weight": torch.zeros(3 * 16, 32)}
    save(narrow, tmp_path / "narrow.safetensors")
    _refused("12 channels for 4", tmp_path / "narrow.safetensors", {})


def test_folders_that_are_not_clear_are_refused(public: Path, tmp_path: Path) -> None:
    for path, says in [(tmp_path / "nothing", "no file"), (tmp_path, "no weights")]:
        with pytest.raises(UnreadableFile, match=says):
            examine(path, {})
    for name in ("a.safetensors", "b.safetensors"):
        save(facebook_dit(), tmp_path / "two" / name)
    with pytest.raises(UnreadableFile, match=r"a\.safetensors, b\.safetensors"):
        examine(tmp_path / "two", {})
    shutil.copytree(public / "transformer", tmp_path / "pieces")
    file = tmp_path / "pieces" / "diffusion_pytorch_model.safetensors"
    file.rename(file.with_name("diffusion_pytorch_model-00001-of-00002.safetensors"))
    write_json(tmp_path / "pieces" / "diffusion_pytorch_model.safetensors.index.json", {})
    with pytest.raises(UnreadableFile, match="pieces"):
        examine(tmp_path / "pieces", {})


@pytest.mark.skipif(os.name != "posix", reason="limits of this kind are POSIX")
def test_nothing_is_left_when_the_disk_refuses(public: Path, tmp_path: Path) -> None:
    import resource

    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError):
        _written(examine(public, {}), tmp_path / "file")
    found, shelf = examine(public, {}), tmp_path / "shelf"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(StorageError, match="cannot be written"):
            _written(found, shelf)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(shelf.iterdir()) == []


@pytest.mark.parametrize("name", ["facebook_DiT-L/4_256", "facebook_DiT-XL/2_256", "diffusers_DiT-XL/2_256"])
def test_published_trunks_fill_the_whole_network_of_the_paper_size(repository: Path, name: str) -> None:
    """On the meta device: every key of the file has its place, and only the condition layers stay new."""
    published = published_shapes(repository)
    if not published:
        pytest.skip("the published layouts are not here")
    checkpoint = Checkpoint(Path(name), "as noted", weightless(published[name]))
    beside = {"num_attention_heads": 16, "sample_size": 32} if name.startswith("diffusers") else {}
    denoiser = fitted_denoiser(Source(*recognised(checkpoint), checkpoint, beside), None, {})
    ours = NaDiffConfig.model_validate(denoiser.decides)
    depth, hidden, patch = (24, 1024, 4) if "L/4" in name else (28, 1152, 2)
    assert (ours.depth, ours.hidden, ours.patch, ours.heads) == (depth, hidden, patch, 16)
    assert (ours.image_size, ours.pixel_mm, ours.learn_sigma) == (256, 1.5, True)
    network = on_meta(NaDiffNetwork, ours).state_dict()
    assert {key: value.shape for key, value in denoiser.tensors.items()} == {k: v.shape for k, v in network.items()}
    assert all(key.startswith("conditions.") for key in denoiser.new)
    assert set(denoiser.computed) == (set() if name.startswith("facebook") else {"trunk.pos_embed"})
    if "L/4" in name:
        assert {k: v for k, v in ours.model_dump().items() if "groups" not in k} == {
            k: v for k, v in NaDiffConfig().model_dump().items() if "groups" not in k
        }


def _refused(says: str, path: Path, parts: dict[str, Path]) -> None:
    with pytest.raises(CtStudioError) as caught:
        examine(path, parts, heads=HEADS)
    assert caught.value.exit_code == 2
    assert says in caught.value.message
    assert caught.value.remedy


def _tiny_clip() -> dict[str, Any]:
    return {**_openai_config(), "text_cfg": None}


def _vae_and_clip(folder: Path) -> dict[str, Path]:
    autoencoder().save_pretrained(folder / "vae")
    save(dict(clip().state_dict()), folder / "clip" / "open_clip_model.safetensors")
    write_json(folder / "clip" / "open_clip_config.json", {"model_cfg": {**_openai_config(), "text_cfg": {}}})
    return {"vae": folder / "vae", "clip": folder / "clip"}


def _own_denoiser(folder: Path) -> Path:
    config = NaDiffConfig(image_size=16, vae_factor=2, patch=2, hidden=32, depth=2, heads=HEADS, clip_dim=24)
    return save(dict(stirred(NaDiffNetwork, config).state_dict()), folder / "own.safetensors")
