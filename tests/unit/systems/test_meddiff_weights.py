"""A MedDiff-FM model folder: out and in again, strictly."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from command_line import ctstudio_here
from ctstudio.catalog.shelf import find_model
from ctstudio.core.errors import WeightMismatch
from ctstudio.systems.meddiff_fm.weights import MeddiffModel, load, precise
from meddiff_patches import given, lesions
from tiny_meddiff import write_tiny_meddiff

CPU = torch.device("cpu")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_meddiff(tmp_path / "tiny")


def loaded(folder: Path, dtype: torch.dtype = torch.float32) -> MeddiffModel:
    return load(folder, find_model(folder).info, CPU, dtype)


def said(model: MeddiffModel) -> torch.Tensor:
    """What a model says of a patch with lesions."""
    x_t, timesteps, places, anatomy, region = given(model.config)
    control = model.controls["liver_lesion"]
    told = control.condition(places, anatomy, lesions(model.config))
    steering = control(x_t, timesteps, told, region)
    return model.denoiser(x_t, timesteps, model.denoiser.condition(places, anatomy), region, steering)


def test_a_folder_loads_into_frozen_networks(folder: Path) -> None:
    model = loaded(folder)
    assert list(model.controls) == ["liver_lesion"]
    assert not model.denoiser.training
    assert not any(weights.requires_grad for weights in model.denoiser.parameters())
    assert said(model).std() > 0.01


def test_bfloat16_is_the_same_model(folder: Path) -> None:
    precise, rough = said(loaded(folder)), said(loaded(folder, torch.bfloat16))
    assert (rough - precise).norm() / precise.norm() < 0.03


def test_the_precise_model_is_that_of_the_file(folder: Path) -> None:
    whole, rough = loaded(folder), loaded(folder, torch.bfloat16)
    assert precise(whole) is whole
    assert precise(rough).dtype == torch.float32
    assert torch.equal(said(precise(rough)), said(whole))


def test_time_stays_precise_in_bfloat16(folder: Path) -> None:
    model = loaded(folder, torch.bfloat16)
    assert model.denoiser.unet.time_embed[0].weight.dtype == torch.float32
    assert model.denoiser.unet.conv_in.conv.weight.dtype == torch.bfloat16


def test_a_missing_tensor_is_named(folder: Path) -> None:
    path = folder / "denoiser" / "model.safetensors"
    state = load_file(path)
    del state["unet.conv_in.conv.bias"]
    save_file(state, path)
    with pytest.raises(WeightMismatch, match=r"unet\.conv_in\.conv\.bias is missing"):
        loaded(folder)


def test_a_missing_control_is_named(folder: Path) -> None:
    (folder / "control_liver_lesion" / "model.safetensors").unlink()
    with pytest.raises(WeightMismatch, match="control_liver_lesion"):
        loaded(folder)


def test_the_shelf_shows_and_checks_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = ctstudio_here(capsys, "models", "show", folder)
    assert shown.code == 0
    assert "in windows of 16 x 16 x 16 voxels of 6 mm" in shown.out
    assert "liver lesion" in shown.out
    assert ctstudio_here(capsys, "models", "check", folder, "--json").facts["intact"]


def test_the_shelf_says_which_file_was_changed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (folder / "control_liver_lesion" / "model.safetensors").open("ab") as file:
        file.write(b"x")
    ctstudio_here(capsys, "models", "check", folder).complains_of("control_liver_lesion/model.safetensors")
