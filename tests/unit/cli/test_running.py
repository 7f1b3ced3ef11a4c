"""What happens around a task: its inputs read, its place checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctstudio.catalog.cards import card
from ctstudio.cli.dose import dose
from ctstudio.cli.running import request_of
from ctstudio.core.errors import StorageError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.volume import Volume
from ctstudio.io.writing import write_labels, write_volume

GRID = Grid((3, 16, 16), (2.0, 2.0, 5.0))


def test_what_reading_noticed_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mask.nii"
    write_labels(LabelMap(np.full(GRID.shape, 5, np.uint8), GRID, standard_table()), path)
    unsure = bytearray(path.read_bytes())
    unsure[252:256] = b"\0\0\0\0"  # neither qform nor sform
    path.write_bytes(unsure)
    task = card("na_diff", "generate")
    request = request_of(task, task.defaults(), {"mask": path}, "any", "cpu", "fp32")
    assert request.inputs["mask"].array.any()
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "left may be right" in said.err


def test_a_dose_that_could_not_be_written_is_refused_before_it_is_simulated(tmp_path: Path) -> None:
    array = np.full((1, 2, 2), -1000, np.int16)  # too small to be simulated: the place must be refused first
    write_volume(Volume(array, Grid(array.shape, (2.0, 2.0, 2.0))), tmp_path / "ct.nii.gz")
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError):
        dose(tmp_path / "ct.nii.gz", 0.25, tmp_path / "file" / "low.nii.gz")
    with pytest.raises(StorageError):
        dose(tmp_path / "ct.nii.gz", 0.25, tmp_path / "low.nii.gz", noise_map=tmp_path / "file" / "map.nii.gz")
