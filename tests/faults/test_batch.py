"""Disks that refuse a batch: before it begins, and in its middle; what is done stays, and it goes on."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import scripted_batch
from ctstudio.io.batch_folder import done_cases
from ctstudio.jobs.batch_runs import command_words
from ctstudio.protocol.training_run import RunFiles, RunInfo, read_record
from small_masks import blocks, model_info, put_mask, settings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs")
NAME = "Dataset501_Synthetic"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    for number in range(3):
        put_mask(tmp_path / "masks" / f"p{number}.nii.gz", blocks((1, 2, 3), shift=number))
    (tmp_path / "few").mkdir()
    model_info().model_copy(update={"files": {}}).write(tmp_path / "few")
    return command_words(settings(tmp_path / "masks", str(tmp_path / "few"), lists={"seed": "0-3"}))


def run(words: list[str], out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [*scripted_batch.command(0.0), *words, "--out", str(out), *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_disk_without_room_is_refused_before_the_work(disk: Path, words: list[str]) -> None:
    (disk / "ballast").write_bytes(b"0" * (7 << 20))
    said = run(words, disk)
    assert said.returncode == 2
    assert "are needed" in said.stderr.splitlines()[-1]
    assert [path.name for path in disk.iterdir()] == ["ballast"]
    facts = json.loads(run(words, disk, "--estimate", "--json").stdout)
    assert not facts["fits"]


def test_a_disk_that_fills_up_meanwhile_loses_nothing(disk: Path, words: list[str], tmp_path: Path) -> None:
    slow = [*scripted_batch.command(0.02), *words, "--out", str(disk)]
    process = subprocess.Popen(slow, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while not done_cases(disk / NAME):
        assert process.poll() is None, process.communicate()
    free = shutil.disk_usage(disk).free
    (disk / "ballast").write_bytes(b"0" * max(0, free - (6 << 10)))
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 2, said
    assert "full" in said.splitlines()[-1]
    assert "Traceback" not in said
    done = set(done_cases(disk / NAME))
    assert done
    (disk / "ballast").unlink()
    assert run(words, disk).returncode == 0
    assert run(words, tmp_path / "other").returncode == 0
    ours, theirs = disk / NAME, tmp_path / "other" / NAME
    names = {str(path.relative_to(theirs)) for path in theirs.rglob("*.nii.gz")}
    assert len(names) == 48
    assert {str(path.relative_to(ours)) for path in ours.rglob("*.nii.gz")} == names
    assert all((ours / name).read_bytes() == (theirs / name).read_bytes() for name in names)
    assert not list(ours.rglob(".*.part"))
    info = read_record(RunFiles(ours / "batch").info, RunInfo)
    assert info is not None
    assert info.state == "finished"
