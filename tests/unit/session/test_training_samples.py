"""Samples over time: which there are, how one is read, and that damage is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import scripted_trainer
from ctstudio.core.errors import UnreadableFile
from ctstudio.protocol.training_run import RunFiles, SampleLine, read_records
from ctstudio.session.training_samples import SampleShelf, SampleTimeline, load_sample, union_of_moments


def _line(step: int, number: int, stage: str = "d", file: str = "") -> SampleLine:
    return SampleLine(stage=stage, step=step, number=number, title=f"Mask {number}", file=file or f"{step}-{number}")


def test_a_moment_shows_the_last_sample_until_then() -> None:
    timeline = SampleTimeline()
    timeline.add([_line(10, 1), _line(10, 2), _line(20, 1), _line(5, 1, "e")])
    assert timeline.moments == (("d", 10), ("d", 20), ("e", 5))
    assert timeline.titles == {1: "Mask 1", 2: "Mask 2"}
    assert timeline.at(("d", 20), 1).step == 20
    assert timeline.at(("d", 20), 2).step == 10
    assert timeline.at(("d", 9), 1) is None
    assert timeline.at(("e", 100), 2) is None
    timeline.add([_line(20, 1, file="again")])
    assert timeline.at(("d", 25), 1).file == "again"


def test_moments_of_several_runs_stand_in_order() -> None:
    first, second = SampleTimeline(), SampleTimeline()
    first.add([_line(10, 1, "vae"), _line(100, 1)])
    second.add([_line(50, 1), _line(100, 1), _line(20, 1, "vae")])
    moments = (("vae", 10), ("vae", 20), ("d", 50), ("d", 100))
    assert union_of_moments([first, second]) == moments


def test_a_sample_comes_back_synthetic_with_its_grid(tmp_path: Path) -> None:
    files = RunFiles(tmp_path)
    scripted_trainer.write_sample(files, 10, 1)
    lines, _ = read_records(files.samples, SampleLine)
    volume = load_sample(tmp_path, lines[0])
    assert volume.synthetic
    assert (volume.unit, volume.array.shape, volume.grid.spacing_mm) == ("HU", (1, 48, 48), (6.0, 6.0, 5.0))
    with np.load(tmp_path / lines[0].file) as file:
        np.testing.assert_array_equal(volume.array, file["array"])


@pytest.mark.parametrize("damage", ["missing", "truncated", "text", "pickle", "wrong shape", "outside"])
def test_a_damaged_sample_is_named(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "run"
    files = RunFiles(folder)
    folder.mkdir()
    scripted_trainer.write_sample(files, 10, 1)
    lines, _ = read_records(files.samples, SampleLine)
    line, path = lines[0], folder / lines[0].file
    whole = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "text":
        path.write_text("hello")
    elif damage == "pickle":
        np.savez(path, array=np.array([{"a": 1}], dtype=object))
    elif damage == "wrong shape":
        np.savez(
            path, array=np.zeros((4, 4)), spacing_mm=[1, 1, 1], origin_mm=[0, 0, 0], direction=np.eye(3), unit="HU"
        )
    else:
        (tmp_path / "other.npz").write_bytes(whole)
        line = line.model_copy(update={"file": "../other.npz"})
    with pytest.raises(UnreadableFile):
        load_sample(folder, line)


def test_the_shelf_lets_the_oldest_go(tmp_path: Path) -> None:
    files, shelf = RunFiles(tmp_path), SampleShelf(kept_bytes=3 * 48 * 48 * 4)
    for step in (10, 20, 30, 40):
        scripted_trainer.write_sample(files, step, 1)
    lines, _ = read_records(files.samples, SampleLine)
    for line in lines[:3]:
        shelf.put(tmp_path, line, load_sample(tmp_path, line))
    assert shelf.get(tmp_path, lines[0]) is not None
    shelf.put(tmp_path, lines[3], load_sample(tmp_path, lines[3]))
    assert [shelf.has(tmp_path, line) for line in lines] == [True, False, True, True]
    shelf.put(tmp_path, lines[1], None)
    assert shelf.has(tmp_path, lines[1])
    assert shelf.get(tmp_path, lines[1]) is None
    shelf.drop(tmp_path)
    assert not any(shelf.has(tmp_path, line) for line in lines)
