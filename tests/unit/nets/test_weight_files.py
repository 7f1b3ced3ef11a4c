"""The weights of one part of a model, to disk and back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from ctstudio.core.errors import WeightMismatch
from ctstudio.nets.tensor_file import save_tensors
from ctstudio.nets.weight_files import WEIGHTS, load_weights, read_config, save_weights


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


def test_tensors_that_share_memory_are_each_written_whole(tmp_path: Path) -> None:
    """As the two ends of a language model do."""
    table = torch.arange(6.0).reshape(2, 3)
    save_tensors({"in": table, "out": table, "part": table[:1]}, tmp_path / "tied.safetensors")
    found = load_file(tmp_path / "tied.safetensors")
    assert torch.equal(found["in"], table)
    assert torch.equal(found["out"], table)
    assert torch.equal(found["part"], table[:1])
