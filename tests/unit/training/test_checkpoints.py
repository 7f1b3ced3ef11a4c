"""Checkpoints: whole or not there, whatever happens while they are written."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from torch import nn

from ctstudio.core.errors import CtStudioError, StorageError
from ctstudio.nets import tensor_file
from ctstudio.training.checkpoints import BEST, CheckpointStore, Position
from ctstudio.training.learner import Learner
from tiny_training import OFTEN, TinyStage, run_settings, stage_settings, train_in


def _learner(steps: int = 3, seed: int = 0) -> Learner:
    torch.manual_seed(seed)
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    learner = Learner.of(module, 0.01, 0.0)
    for _ in range(steps):
        module(torch.randn(5, 3)).square().mean().backward()
        learner.optimiser.step()
    return learner


def _same(a: Learner, b: Learner) -> bool:
    weights = zip(a.module.state_dict().values(), b.module.state_dict().values(), strict=True)
    averages = zip(a.average.values(), b.average.values(), strict=True)
    moments = [
        (a.optimiser.state[p][key], b.optimiser.state[q][key])
        for p, q in zip(a.trained().values(), b.trained().values(), strict=True)
        for key in ("step", "exp_avg", "exp_avg_sq")
    ]
    return all(torch.equal(one, other) for one, other in (*weights, *averages, *moments))


def test_a_learner_comes_back_bit_for_bit(tmp_path: Path) -> None:
    store, saved, other = CheckpointStore(tmp_path), _learner(), _learner(seed=1)
    position = Position(step=3, seconds=1.5, attempt=1, best=-0.25)
    store.save(saved, position)
    assert store.load(other) == position == store.position()
    assert _same(saved, other)


def test_without_a_checkpoint_it_begins_at_the_beginning(tmp_path: Path) -> None:
    store, learner = CheckpointStore(tmp_path / "none"), _learner()
    assert store.load(learner) == store.position() == Position()
    with pytest.raises(CtStudioError, match="no checkpoint"):
        store.average()


def test_a_learner_that_learned_nothing_yet_comes_back_so(tmp_path: Path) -> None:
    store, later = CheckpointStore(tmp_path), _learner(steps=3)
    store.save(_learner(steps=0), Position())
    store.load(later)
    assert all(not later.optimiser.state.get(parameter) for parameter in later.trained().values())


def test_a_weight_without_gradient_has_no_moments_and_that_is_fine(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    saved, other = _learner(steps=0), _learner(steps=0, seed=1)
    saved.module[2](torch.randn(5, 4)).sum().backward()  # type: ignore[index]
    saved.optimiser.step()
    store.save(saved, Position(step=1))
    store.load(other)
    assert [bool(other.optimiser.state.get(p)) for p in other.trained().values()] == [False] * 4 + [True] * 2


def test_only_the_newest_are_kept_beside_the_best(tmp_path: Path) -> None:
    store, learner = CheckpointStore(tmp_path, keep=2), _learner()
    store.save_best(learner, Position(step=1, best=-1.0))
    for step in range(5):
        store.save(learner, Position(step=step))
    assert sorted(p.name for p in tmp_path.iterdir()) == [BEST, "step_00000003", "step_00000004"]


def test_the_best_is_not_the_newest(tmp_path: Path) -> None:
    store, early, late = CheckpointStore(tmp_path), _learner(), _learner(seed=1)
    store.save(late, Position(step=9))
    assert torch.equal(store.average("best")["0.weight"], late.average["0.weight"])  # none yet
    store.save_best(early, Position(step=5, best=-1.0))
    assert torch.equal(store.average("best")["0.weight"], early.average["0.weight"])
    assert torch.equal(store.average("last")["0.weight"], late.average["0.weight"])


def test_what_a_killed_process_left_is_no_checkpoint_and_goes_with_the_next(tmp_path: Path) -> None:
    store, learner = CheckpointStore(tmp_path), _learner()
    store.save(learner, Position(step=1))
    (tmp_path / ".step_00000002").mkdir()
    (tmp_path / ".step_00000002" / "module.safetensors").write_bytes(b"half")
    assert store.position().step == 1
    store.save(learner, Position(step=2))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step_00000001", "step_00000002"]


def test_a_kill_while_an_old_checkpoint_is_removed_leaves_no_half_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, learner = CheckpointStore(tmp_path, keep=1), _learner()
    store.save(learner, Position(step=1))

    def half(folder: Path, ignore_errors: bool = False) -> None:
        for path in sorted(Path(folder).glob("*"))[:1]:
            path.unlink()

    monkeypatch.setattr(shutil, "rmtree", half)
    store.save(learner, Position(step=2))
    monkeypatch.undo()
    assert [p.name for p in store.all()] == ["step_00000002"]


@pytest.mark.parametrize("umask", [0o022, 0o027])
def test_others_may_read_what_the_user_lets_them_read(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        folder = CheckpointStore(tmp_path).save(_learner(), Position(step=1))
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o666 & ~umask}


def test_a_checkpoint_of_another_network_is_named(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    store.save(_learner(), Position(step=1))
    with pytest.raises(CtStudioError, match=r"step_00000001 does not fit this recipe") as caught:
        store.load(Learner.of(nn.Sequential(nn.Linear(3, 5)), 0.1, 0.0))
    assert "Resume with the recipe" in caught.value.remedy


def _full_from(call: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full when the file of that number is written."""
    write, calls = tensor_file.save_file, [0]

    def full(tensors: dict[str, torch.Tensor], path: Path) -> None:
        calls[0] += 1
        if calls[0] >= call:
            path.write_bytes(b"half a file")
            raise OSError(errno.ENOSPC, "No space left on device")
        write(tensors, path)

    monkeypatch.setattr(tensor_file, "save_file", full)


@contextmanager
def _no_file_above(limit: int) -> Iterator[None]:
    """The system itself refuses to write more of a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))  # Python ignores SIGXFSZ: writing fails with EFBIG
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _whole(folder: Path) -> bytes:
    end = train_in(folder, TinyStage(), stage_settings(6), run_settings()).all()[-1]
    return b"".join((end / f"{name}.safetensors").read_bytes() for name in ("module", "average", "optimiser"))


@pytest.mark.parametrize("file", [7, 8, 9])
def test_on_a_full_disk_the_checkpoint_before_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: int
) -> None:
    """Three files a checkpoint: the seventh to ninth belong to step 2."""
    torn = tmp_path / "torn"
    _full_from(file, monkeypatch)
    with pytest.raises(StorageError, match=r"checkpoint of step 2 cannot be written.*No space left") as caught:
        train_in(torn, TinyStage(), stage_settings(6), run_settings(OFTEN))
    assert "Make room" in caught.value.remedy
    monkeypatch.undo()
    store = CheckpointStore(torn / "checkpoints" / "tiny")
    assert [p.name for p in store.folder.iterdir()] == [p.name for p in store.all()]
    assert store.position().step == 1
    assert _whole(torn) == _whole(tmp_path / "whole")


def test_when_the_system_refuses_to_write_the_checkpoint_before_stands(tmp_path: Path) -> None:
    store, learner = CheckpointStore(tmp_path), _learner()
    store.save(learner, Position(step=1))
    with _no_file_above(600), pytest.raises(StorageError, match="step 2"):
        store.save(learner, Position(step=2))
    assert [p.name for p in tmp_path.iterdir()] == ["step_00000001"]
    other = _learner(seed=1)
    assert store.load(other).step == 1
    assert _same(learner, other)
