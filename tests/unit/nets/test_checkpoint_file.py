"""Files of weights in every form that public ones have, and files that only look like them."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ctstudio.core.errors import UnreadableFile
from ctstudio.nets.checkpoint_file import read_checkpoint
from ctstudio.nets.torchscript_tensors import torchscript_tensors
from public_weights import clip, openai_archive, save, training_file

STATE = {"a.weight": torch.arange(6.0).view(2, 3), "a.bias": torch.ones(2), "count": torch.tensor(3)}


def _same(read: dict[str, Tensor], expected: dict[str, Tensor] = STATE) -> None:
    assert read.keys() == expected.keys()
    for key, value in expected.items():
        assert torch.equal(read[key], value), key
        assert read[key].dtype == value.dtype


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt", "w.pth", "w.bin", "w.ckpt"])
def test_every_form_gives_the_same_weights(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith("safetensors"):
        save(STATE, path)
    else:
        torch.save(STATE, path)
    checkpoint = read_checkpoint(path)
    _same(checkpoint.tensors)
    assert checkpoint.notes == ()


def test_the_form_of_old_pytorch_is_read_too(tmp_path: Path) -> None:
    torch.save(STATE, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    _same(read_checkpoint(tmp_path / "old.pt").tensors)


@pytest.mark.parametrize("modern", [True, False])
def test_a_training_file_with_a_namespace_gives_its_moving_average(tmp_path: Path, modern: bool) -> None:
    path = training_file(tmp_path / "0100000.pt", STATE, "DiT-XL/2")
    if not modern:
        content = torch.load(path, weights_only=False)
        torch.save(content, path, _use_new_zipfile_serialization=False)
    checkpoint = read_checkpoint(path)
    _same(checkpoint.tensors)
    assert checkpoint.architecture == "DiT-XL/2"
    assert "settings" in checkpoint.form
    [note] = checkpoint.notes
    assert "'ema' was taken" in note
    for left in ("args", "model", "opt"):
        assert left in note


@pytest.mark.parametrize("wrapper", ["module.", "_orig_mod."])
def test_what_lightning_and_distributed_training_put_around_weights_is_taken_off(tmp_path: Path, wrapper: str) -> None:
    wrapped = {wrapper + key: torch.nn.Parameter(value.float()) for key, value in STATE.items()}
    torch.save({"epoch": 3, "global_step": 70, "state_dict": wrapped}, tmp_path / "w.ckpt")
    _same(read_checkpoint(tmp_path / "w.ckpt").tensors, {key: value.float() for key, value in STATE.items()})


def test_a_torchscript_archive_is_read_as_its_state_dict(tmp_path: Path) -> None:
    path = openai_archive(tmp_path / "ViT.pt", clip())
    checkpoint = read_checkpoint(path)
    _same(checkpoint.tensors, torch.jit.load(path).state_dict())
    assert checkpoint.form == "TorchScript archive"
    assert checkpoint.tensors["visual.proj"].dtype == torch.float16


def test_a_torchscript_archive_is_read_without_its_code(tmp_path: Path) -> None:
    path = openai_archive(tmp_path / "whole.pt", clip())
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(tmp_path / "codeless.pt", "w") as codeless:
        for name in whole.namelist():
            if "/code/" not in name:
                codeless.writestr(name, whole.read(name))
    _same(torchscript_tensors(tmp_path / "codeless.pt"), torchscript_tensors(path))


class _Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("form", ["zip", "old", "plain"])
def test_a_pickle_bomb_is_refused_and_does_not_go_off(tmp_path: Path, form: str) -> None:
    path, mark = tmp_path / "bomb.pt", tmp_path / "mark"
    content = {"state_dict": STATE, "args": _Bomb(mark)}
    if form == "plain":
        path.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=form == "zip")
    with pytest.raises(UnreadableFile) as caught:
        read_checkpoint(path)
    assert not mark.exists()
    if form != "plain":  # torch takes no plain pickle, whatever is in it
        assert "system" in caught.value.message


def test_a_bomb_in_a_torchscript_archive_is_refused(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with zipfile.ZipFile(tmp_path / "bomb.pt", "w") as archive:
        archive.writestr("bomb/data.pkl", pickle.dumps(_Bomb(mark), protocol=2))
        archive.writestr("bomb/constants.pkl", pickle.dumps(()))
    with pytest.raises(UnreadableFile, match="system"):
        read_checkpoint(tmp_path / "bomb.pt")
    assert not mark.exists()


def test_a_packed_zip_is_refused_because_a_small_one_could_fill_the_memory(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "packed.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("w/data/0", bytes(1 << 20))
    with pytest.raises(UnreadableFile, match="packed"):
        read_checkpoint(tmp_path / "packed.pt")


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt", "old.pt", "script.pt"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_file_that_is_cut_off_is_never_read_half(tmp_path: Path, name: str, share: float) -> None:
    path = tmp_path / name
    if name == "script.pt":
        openai_archive(path, clip())
    elif name == "w.safetensors":
        save(STATE, path)
    else:
        torch.save(STATE, path, _use_new_zipfile_serialization=name == "w.pt")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UnreadableFile) as caught:
        read_checkpoint(path)
    assert str(path) in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"This is not a file of weights.\n" * 50, bytes(1000)])
@pytest.mark.parametrize("name", ["w.safetensors", "w.pt"])
def test_anything_else_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableFile, match="damaged"):
        read_checkpoint(tmp_path / name)


def test_what_holds_no_weights_by_name_is_refused(tmp_path: Path) -> None:
    torch.save([torch.ones(2)], tmp_path / "list.pt")
    torch.save({"epoch": 3}, tmp_path / "empty.pt")
    (tmp_path / "picture.png").write_bytes(b"x")
    for name in ("list.pt", "empty.pt", "picture.png", "missing.pt"):
        with pytest.raises(UnreadableFile) as caught:
            read_checkpoint(tmp_path / name)
        assert name in caught.value.message
