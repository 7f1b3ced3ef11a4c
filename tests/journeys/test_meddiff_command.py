"""MedDiff-FM from the command line: all six tasks, made again, and refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from command_line import ctstudio, ctstudio_here
from ctstudio.io.reading import read_labels, read_volume
from ctstudio.io.writing import write_labels, write_volume
from meddiff_requests import GRID, LESION, anatomy, lesion, scan
from tiny_meddiff import write_tiny_meddiff


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model, a scan, its anatomy and a lesion."""
    place = tmp_path_factory.mktemp("meddiff")
    write_tiny_meddiff(place / "tiny", changes={"fold": 2})
    write_volume(scan(), place / "scan.nii.gz")
    write_labels(anatomy(), place / "anatomy.nii.gz")
    write_labels(lesion(), place / "lesion.nii.gz")
    return place


def _asked(place: Path, task: str, out: Path, *names: str) -> list[object]:
    files = [word for name in names for word in (f"--{name}", place / f"{name}.nii.gz")]
    return ["run", "meddiff-fm", task, *files, "--model", place / "tiny", "--device", "cpu", "--out", out]


RUNS = {
    "synthesize": (("anatomy",), ("--region", "abdomen", "--steps", 2), {"ct", "labels"}, set()),
    "denoise": (("scan",), ("--steps", 2), {"ct"}, set()),
    "detect": (
        ("scan", "anatomy"),
        ("--organ", "liver", "--draws", 1, "--threshold-hu", 5),
        {"anomaly", "labels"},
        {"findings.csv", "findings.json"},
    ),
    "add-lesion": (("anatomy", "lesion"), ("--steps", 2), {"ct", "labels"}, set()),
    "inpaint-lesion": (
        ("scan", "lesion"), ("--steps", 3, "--resamples", 1), {"ct", "labels"}, {"receipt.json"},
    ),
    "remove-lesion": (
        ("scan", "lesion"), ("--steps", 3, "--resamples", 1), {"ct", "labels"}, {"receipt.json"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("task", RUNS)
def test_a_task_gives_its_files_on_the_given_grid_and_again_the_same(
    task: str, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names, given, outputs, texts = RUNS[task]
    facts = ctstudio_here(capsys, *_asked(place, task, tmp_path / "a", *names), *given, "--json").facts
    folder = tmp_path / "a" / "0001"
    assert [sample["folder"] for sample in facts["samples"]] == [str(folder)]
    files = {f"{name}.nii.gz" for name in outputs} | texts | {"provenance.json", "preview.png"}
    assert {p.name for p in folder.iterdir()} == files
    for name in outputs:
        read = read_labels if name == "labels" else read_volume
        image = read(folder / f"{name}.nii.gz")
        assert image.grid.matches(GRID)
        assert image.synthetic
    again = ctstudio_here(capsys, "recreate", folder / "provenance.json", "--out", tmp_path / "b", "--json").facts
    assert again["identical"], again


def test_findings_and_receipt_say_what_was_done(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, given, _, _ = RUNS["detect"]
    asked = _asked(place, "detect", tmp_path / "d", "scan", "anatomy")
    facts = ctstudio_here(capsys, *asked, *given, "--json").facts
    rows = list(csv.DictReader((tmp_path / "d" / "0001" / "findings.csv").open()))
    told = json.loads((tmp_path / "d" / "0001" / "findings.json").read_text())
    assert len(rows) == len(told) == facts["samples"][0]["measures"]["findings"] > 0
    largest = np.array([float(rows[0][axis]) for axis in ("x_mm", "y_mm", "z_mm")])
    assert GRID.contains(GRID.to_index(largest))
    assert float(rows[0]["volume_ml"]) == told[0]["volume_ml"] > 0

    _, given, _, _ = RUNS["inpaint-lesion"]
    ctstudio_here(capsys, *_asked(place, "inpaint-lesion", tmp_path / "i", "scan", "lesion"), *given)
    receipt = json.loads((tmp_path / "i" / "0001" / "receipt.json").read_text())
    assert receipt["outside_unchanged"] == 1.0
    assert receipt["sha256"]["ct beyond the margin"] == receipt["sha256"]["scan beyond the margin"]
    changed = read_volume(tmp_path / "i" / "0001" / "ct.nii.gz").array != scan().array
    assert receipt["voxels_changed"] == changed.sum()
    assert (read_labels(tmp_path / "i" / "0001" / "labels.nii.gz").array == LESION).sum() == (lesion().array > 0).sum()


def test_the_plan_and_what_is_outside_the_models_range_is_said(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    real = scan()
    write_volume(type(real)(real.array, real.grid), tmp_path / "scan.nii.gz")
    asked = ["run", "meddiff-fm", "denoise", "--scan", tmp_path / "scan.nii.gz", "--model", place / "tiny"]
    said = ctstudio_here(capsys, *asked, "--steps", 1, "--device", "cpu", "--out", tmp_path / "out")
    assert said.code == 0
    assert "4 windows, 25% overlap, of 16 × 16 × 16" in said.err
    assert "Outside what the model knows" in said.err


def test_what_cannot_be_used_is_one_line(place: Path, tmp_path: Path) -> None:
    asked = _asked(place, "detect", tmp_path / "out", "scan", "anatomy")
    said = ctstudio(*asked, "--organ", "lung")
    assert said.code == 2
    last = [line for line in said.err.splitlines() if line.strip()][-1]
    assert "The anatomy holds no lung. Choose one that it holds: spleen, liver." in last
    assert not (tmp_path / "out").exists()
