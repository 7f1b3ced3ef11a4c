"""What happens around a task: its inputs read, its place checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctstudio.catalog.cards import card
from ctstudio.cli.running import request_of
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.io.writing import write_labels

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
