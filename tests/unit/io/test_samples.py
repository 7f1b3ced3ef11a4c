"""Samples and phantoms as folders."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ctstudio.core.errors import StorageError, UnreadableFile
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.provenance import Provenance
from ctstudio.core.volume import Volume
from ctstudio.io.phantom_files import write_phantom
from ctstudio.io.reading import read_labels, read_volume
from ctstudio.io.samples import preview, read_provenance, write_sample
from ctstudio.io.storage import check_free_space
from ctstudio.phantom.render import Phantom
from ctstudio.protocol.result import Sample

GRID = Grid((6, 40, 50), (1.5, 1.5, 3.0))
MADE = Provenance("na_diff", "generate", {"dose": 0.25}, 7, "demo", started="2026-01-01T00:00:00Z", seconds=2.0)


def sample() -> Sample:
    ct = np.full(GRID.shape, -1024, np.int16)
    for z in (2, 3, 4):
        ct[z, 5:35, 5:45] = 40 * (z - 2)
    mask = np.zeros(GRID.shape, np.uint8)
    mask[2:5, 10:20, 10:20] = 5
    noise = np.full(GRID.shape, 31.25, np.float32)
    return Sample(
        7,
        {
            "ct": Volume(ct, GRID, synthetic=True),
            "noise_map": Volume(noise, GRID, "CT", "HU_SD", synthetic=True),
            "mask": LabelMap(mask, GRID, standard_table()),
        },
        {"noise_sd_hu": 31.0},
        MADE,
    )


def test_a_sample_is_a_folder_that_can_be_read_back(tmp_path: Path) -> None:
    folder = write_sample(tmp_path / "out", sample())
    assert folder == tmp_path / "out" / "0001"
    assert {p.name for p in folder.iterdir()} == {
        "ct.nii.gz", "noise_map.nii.gz", "mask.nii.gz", "provenance.json", "preview.png",
    }  # fmt: skip
    made = sample()
    ct = read_volume(folder / "ct.nii.gz")
    np.testing.assert_array_equal(ct.array, made.outputs["ct"].array)
    assert ct.synthetic
    assert read_volume(folder / "noise_map.nii.gz").unit == "HU_SD"
    assert read_labels(folder / "mask.nii.gz").of("liver").sum() == 300
    assert read_provenance(folder) == MADE
    assert read_provenance(folder / "provenance.json") == MADE
    for name in ("ct.nii.gz", "mask.nii.gz", "preview.png"):
        assert read_provenance(folder / name) == replace(MADE, started="", seconds=0.0)


def test_numbers_go_on_after_the_highest(tmp_path: Path) -> None:
    (tmp_path / "0004").mkdir()
    (tmp_path / "notes").mkdir()
    assert write_sample(tmp_path, sample()).name == "0005"
    assert write_sample(tmp_path, sample()).name == "0006"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0004", "0005", "0006", "notes"]


def test_the_preview_is_the_middle_generated_slice_in_the_soft_tissue_window(tmp_path: Path) -> None:
    image = preview(sample())
    assert image.shape == (40, 50)
    assert image[20, 25] == 128
    assert image[0, 0] == 0
    stored = np.asarray(Image.open(write_sample(tmp_path, sample()) / "preview.png"))
    np.testing.assert_array_equal(stored[:25], image[:25])


def test_the_same_sample_gives_the_same_bytes(tmp_path: Path) -> None:
    first = write_sample(tmp_path, sample())
    second = write_sample(tmp_path, replace(sample(), provenance=replace(MADE, started="later", seconds=60.0)))
    for name in ("ct.nii.gz", "noise_map.nii.gz", "mask.nii.gz", "preview.png"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_what_has_no_provenance_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "b.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "c.png").write_text("no picture")
    for name in ("a.json", "b.json", "c.png", "missing.json", "."):
        with pytest.raises(UnreadableFile):
            read_provenance(tmp_path / name)


def test_too_little_room_is_said_before_writing(tmp_path: Path) -> None:
    check_free_space(tmp_path / "not" / "yet" / "there", 1000)
    with pytest.raises(StorageError, match="MB free"):
        check_free_space(tmp_path, 10**18)


def test_a_phantom_is_six_files(tmp_path: Path) -> None:
    made = sample()
    ct, mask = made.outputs["ct"], made.outputs["mask"]
    assert isinstance(ct, Volume)
    assert isinstance(mask, LabelMap)
    pet = Volume(np.full(GRID.shape, 2.5, np.float32), GRID, "PT", "SUV", synthetic=True)
    write_phantom(tmp_path / "p", Phantom(ct, mask, pet, None), "Findings: none.", {"seed": 3, "liver_ml": 1500.5})
    names = {p.name for p in (tmp_path / "p").iterdir()}
    assert names == {"ct.nii.gz", "labels.nii.gz", "pet.nii.gz", "report.txt", "truth.json"}
    again = read_volume(tmp_path / "p" / "pet.nii.gz")
    assert (again.modality, again.unit, again.synthetic) == ("PT", "SUV", True)
    assert (tmp_path / "p" / "report.txt").read_text() == "Findings: none.\n"
    assert json.loads((tmp_path / "p" / "truth.json").read_text()) == {"seed": 3, "liver_ml": 1500.5}
