"""A model folder in and out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from ctstudio.catalog.shelf import find_model
from ctstudio.core.errors import WeightMismatch
from ctstudio.nets.weight_files import WEIGHTS
from ctstudio.systems.na_diff.weights import DENOISER, NaDiffModel, load, load_segmenter, load_vae


def test_a_loaded_model_is_ready_to_be_used(tiny_model: NaDiffModel) -> None:
    assert tiny_model.groups.names == ("body", "liver", "lesion")
    for part in (tiny_model.vae, tiny_model.clip, tiny_model.network):
        assert not part.training
        assert all(p.dtype == torch.float32 and not p.requires_grad for p in part.parameters())


def test_loading_twice_gives_the_same_weights(tiny_folder: Path, tiny_model: NaDiffModel) -> None:
    again = load(tiny_folder, tiny_model.info, torch.device("cpu"), torch.float32)
    for name in ("vae", "clip", "network"):
        ours, theirs = getattr(tiny_model, name).state_dict(), getattr(again, name).state_dict()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_the_segmenter_comes_with_the_model(tiny_folder: Path, tiny_model: NaDiffModel) -> None:
    segmenter = load_segmenter(tiny_folder, tiny_model.config)
    assert not segmenter.training
    assert segmenter(torch.zeros(1, 1, 32, 32)).shape == (1, 4, 32, 32)


def test_a_model_that_lost_a_part_says_which(tiny_folder: Path, tmp_path: Path) -> None:
    info = find_model(tiny_folder).info
    folder = tmp_path / "tiny"
    shutil.copytree(tiny_folder, folder)
    (folder / DENOISER / WEIGHTS).unlink()
    with pytest.raises(WeightMismatch, match="denoiser"):
        load(folder, info, torch.device("cpu"), torch.float32)
    shutil.rmtree(folder / "vae")
    with pytest.raises(WeightMismatch, match="vae"):
        load_vae(folder / "vae")


def test_weights_of_another_size_are_refused(tiny_folder: Path) -> None:
    info = find_model(tiny_folder).info
    wider = info.model_copy(update={"config": {**info.config, "hidden": 48}})
    with pytest.raises(WeightMismatch, match="has shape"):
        load(tiny_folder, wider, torch.device("cpu"), torch.float32)


def test_the_folder_holds_what_its_card_says(tiny_folder: Path) -> None:
    data = json.loads((tiny_folder / "model.json").read_text())
    assert {"vae", "clip", "denoiser", "segmenter"} == {name.split("/")[0] for name in data["files"]}
