"""A model folder in and out."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from ctstudio.catalog.shelf import find_model
from ctstudio.core.errors import WeightMismatch
from ctstudio.systems.na_diff.weights import (
    DENOISER,
    WEIGHTS,
    NaDiffModel,
    load,
    load_segmenter,
    load_vae,
    load_weights,
    read_config,
    save_weights,
)


def _linear() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


def test_weights_are_kept_as_fp16_and_come_back_as_fp32(tmp_path: Path) -> None:
    saved, other = _linear(), nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    save_weights(saved, tmp_path, {"size": 3})
    on_disk = load_file(tmp_path / WEIGHTS)
    assert on_disk["0.weight"].dtype == torch.float16
    assert on_disk["1.num_batches_tracked"].dtype == torch.int64
    load_weights(other, tmp_path / WEIGHTS)
    for key, value in saved.state_dict().items():
        expected = value.half().float() if value.is_floating_point() else value
        assert torch.equal(other.state_dict()[key], expected), key
        assert other.state_dict()[key].dtype == value.dtype
    assert read_config(tmp_path) == {"size": 3}


def test_weights_that_do_not_fit_are_refused_by_key(tmp_path: Path) -> None:
    state = _linear().state_dict()
    del state["0.bias"]
    state["0.weight"] = torch.zeros(4, 5)
    state["2.extra"] = torch.zeros(1)
    save_file(state, tmp_path / "bad.safetensors")
    network = _linear()
    before = network[0].weight.clone()  # type: ignore[index]
    with pytest.raises(WeightMismatch) as caught:
        load_weights(network, tmp_path / "bad.safetensors")
    for words in ("0.bias is missing", "2.extra is unknown", "0.weight has shape (4, 5), not (4, 3)"):
        assert words in caught.value.message
    assert torch.equal(network[0].weight, before)  # type: ignore[index]


def test_files_that_are_gone_or_damaged_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(WeightMismatch, match=r"gone\.safetensors"):
        load_weights(_linear(), tmp_path / "gone.safetensors")
    save_weights(_linear(), tmp_path)
    whole = (tmp_path / WEIGHTS).read_bytes()
    (tmp_path / WEIGHTS).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightMismatch, match="cannot be read"):
        load_weights(_linear(), tmp_path / WEIGHTS)


def test_a_configuration_that_is_no_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightMismatch, match=r"config\.json"):
        read_config(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(WeightMismatch, match=r"config\.json"):
        read_config(tmp_path)


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


@pytest.mark.skipif(os.name != "posix", reason="rights of this kind are POSIX")
def test_weights_can_be_read_by_whom_the_user_lets_read(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        for _ in range(2):
            save_weights(_linear(), tmp_path)
            assert (tmp_path / WEIGHTS).stat().st_mode & 0o777 == 0o644
            (tmp_path / WEIGHTS).chmod(0o600)
        os.umask(0o027)
        save_weights(_linear(), tmp_path)
        assert (tmp_path / WEIGHTS).stat().st_mode & 0o777 == 0o640
    finally:
        os.umask(before)
