"""Generating from the command line: what is written, made again, and refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from command_line import Said, ctstudio, ctstudio_here
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.core.volume import Volume
from ctstudio.io.reading import read_labels, read_volume
from ctstudio.io.writing import write_labels, write_volume
from tiny_na_diff import SMALL, write_tiny_model

GRID = Grid.centred((3, 56, 64), (6.0, 6.0, 5.0))
FINE = Grid.centred((6, 112, 128), (3.0, 3.0, 2.5))
BODY, LIVER = values_of(["body", "liver"])


def _labels(grid: Grid, fill: int = LIVER) -> LabelMap:
    """A body with a liver in all slices but the last."""
    _, y, x = np.moveaxis(grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)), -1, 0)[::-1]
    labels = np.where((x / 150) ** 2 + (y / 110) ** 2 < 1, BODY, 0)
    labels[((x + 60) / 50) ** 2 + (y / 50) ** 2 < 1] = fill
    labels[-1] = 0
    return LabelMap(labels.astype(np.uint8), grid, standard_table())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Masks, scans and a tiny model, good and bad."""
    place = tmp_path_factory.mktemp("generate")
    mask = _labels(GRID)
    scan = Volume(np.where(mask.array[:1] > 0, 40, -1000).repeat(3, axis=0).astype(np.int16), GRID)
    write_labels(mask, place / "mask.nii.gz")
    write_labels(_labels(FINE), place / "fine_mask.nii.gz")
    write_labels(replace(mask, array=np.zeros(GRID.shape, np.uint8)), place / "empty.nii.gz")
    small = Grid.centred((2, 2, 2), (50.0, 50.0, 5.0))
    write_labels(LabelMap(np.full(small.shape, LIVER, np.uint8), small, standard_table()), place / "small.nii.gz")
    write_volume(scan, place / "scan.nii.gz")
    torn = scan.array.astype(np.float32)
    torn[1, 30, 30] = np.nan
    write_volume(replace(scan, array=torn), place / "nan.nii.gz")
    unit = (scan.array.astype(np.float32) + 1000) / 1040
    write_volume(replace(scan, array=unit, unit="arbitrary", modality="MR"), place / "not_hu.nii.gz")
    far = replace(GRID, origin_mm=(4000.0, 4000.0, 4000.0))
    write_volume(replace(scan, grid=far), place / "far.nii.gz")
    (place / "notes.txt").write_text("not an image")
    write_tiny_model(place / "tiny", changes=SMALL)
    return place


def _run(place: Path, out: Path, mask: str = "mask.nii.gz", *words: object) -> Said:
    return ctstudio(*_asked(place, out, mask), *words)


def _asked(place: Path, out: Path, mask: str) -> tuple[object, ...]:
    fixed = ("--mask", place / mask, "--model", place / "tiny", "--steps", 4, "--out", out)
    return ("run", "na-diff", "generate", *fixed)


def _refused(said: Said, *words: str) -> None:
    """Exit code 2, the last line on stderr tells, what else is there are warnings of the fit; nothing was made."""
    assert said.code == 2, (said.out, said.err)
    assert said.out == ""
    last = [line for line in said.err.splitlines() if line.strip()][-1]
    assert last.startswith("ctstudio: ")
    for word in words:
        assert word in last


def test_a_sample_is_a_folder_with_all_that_belongs_to_it(place: Path, tmp_path: Path) -> None:
    facts = _run(place, tmp_path, "mask.nii.gz", "--dose", 0.25, "--seed", 5, "--json").facts
    folder = tmp_path / "0001"
    assert [sample["folder"] for sample in facts["samples"]] == [str(folder)]
    names = {"ct.nii.gz", "noise_map.nii.gz", "mask.nii.gz", "provenance.json", "preview.png"}
    assert {p.name for p in folder.iterdir()} >= names
    ct, spread, mask = (read_volume(folder / n) for n in ("ct.nii.gz", "noise_map.nii.gz", "ct.nii.gz"))
    assert ct.synthetic
    assert ct.grid.matches(GRID)
    assert spread.unit == "HU_SD"
    assert spread.grid.matches(mask.grid)
    np.testing.assert_array_equal(read_labels(folder / "mask.nii.gz").array, _labels(GRID).array)
    assert (ct.array[2] == -1024).all()
    assert ct.array[0].std() > 1
    assert any("2 of 3 slices" in note for note in facts["notes"])
    told = json.loads((folder / "provenance.json").read_text())
    assert (told["seed"], told["parameters"]["dose"], told["synthetic"]) == (5, 0.25, True)
    assert told["versions"]["torch"]
    assert told["device"] == "cpu"

    again = ctstudio("recreate", folder / "provenance.json", "--out", tmp_path / "again", "--json").facts
    assert again["identical"]
    for name in ("ct.nii.gz", "noise_map.nii.gz", "mask.nii.gz"):
        assert (tmp_path / "again" / "0001" / name).read_bytes() == (folder / name).read_bytes()


def test_a_mask_on_another_grid_is_resampled_and_that_is_said(place: Path, tmp_path: Path) -> None:
    facts = _run(place, tmp_path, "fine_mask.nii.gz", "--like", place / "scan.nii.gz", "--json").facts
    assert any("resampled from 3 x 3 mm to 6 mm" in note for note in facts["notes"])
    assert read_volume(tmp_path / "0001" / "ct.nii.gz").grid.matches(FINE)


@pytest.mark.parametrize(
    ("mask", "words", "said"),
    [
        ("empty.nii.gz", (), ("empty",)),
        ("small.nii.gz", (), ("2 x 2",)),
        ("notes.txt", (), ("notes.txt",)),
        ("missing.nii.gz", (), ("missing.nii.gz",)),
        ("mask.nii.gz", ("--dose", 1.5), ("Dose", "1.5")),
        ("mask.nii.gz", ("--dose", 0), ("Dose", "0")),
        ("mask.nii.gz", ("--like", "far.nii.gz"), ("overlap",)),
        ("mask.nii.gz", ("--like", "nan.nii.gz"), ("NaN",)),
        ("mask.nii.gz", ("--like", "not_hu.nii.gz"), ("Hounsfield",)),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(
    place: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    mask: str,
    words: tuple[object, ...],
    said: tuple[str, ...],
) -> None:
    given = [place / word if str(word).endswith(".nii.gz") else word for word in words]
    _refused(ctstudio_here(capsys, *_asked(place, tmp_path / "out", mask), *given), *said)
    assert not list(tmp_path.rglob("*.nii.gz"))


def test_a_model_that_is_not_there_or_was_changed_is_refused(place: Path, tmp_path: Path) -> None:
    mask, out = place / "mask.nii.gz", tmp_path / "out"
    words = ("run", "na-diff", "generate", "--mask", mask, "--steps", 4, "--out", out)
    ctstudio(*words, "--model", "no-such-model").complains_of("no-such-model")
    model = write_tiny_model(tmp_path / "changed", changes=SMALL)
    weights = model / "denoiser" / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    _refused(ctstudio(*words, "--model", model), "denoiser/model.safetensors")
    assert not out.exists() or not list(out.iterdir())
