"""What is wrong with the data is said before anything is trained; a failed build leaves nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import small_cases as small
from ctstudio.catalog.dataset import DatasetInfo, Skipped, read_dataset
from ctstudio.core.errors import Cancelled, InputError, StorageError
from ctstudio.core.grid import Grid
from ctstudio.io.dataset_building import build_dataset
from ctstudio.io.dataset_options import DatasetOptions

WHOLE = small.ct(7)


def build(tmp_path: Path, **options: Any) -> DatasetInfo:
    return build_dataset(tmp_path / "source", tmp_path / "out", DatasetOptions(**options))


def skipped(info: DatasetInfo, path: str) -> Skipped:
    return next(one for one in info.skipped if one.path == path)


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("content", ["nothing", "text", "missing", "file"])
def test_a_folder_without_cases(tmp_path: Path, content: str) -> None:
    source = tmp_path / "source"
    if content == "file":
        source.write_text("x")
    elif content != "missing":
        source.mkdir()
    if content == "text":
        (source / "readme.txt").write_text("hello")
    before = left_in(tmp_path)
    with pytest.raises(InputError, match=r"holds no scans|does not exist|is a file") as caught:
        build(tmp_path)
    assert caught.value.remedy
    assert left_in(tmp_path) == before


def test_one_case_goes_to_training_with_a_warning(tmp_path: Path) -> None:
    small.put_cases(tmp_path / "source", 1)
    info = build(tmp_path)
    assert [case.part for case in info.cases] == ["train"]
    assert any("one patient only" in warning for warning in info.warnings)


def with_nan(array: Any) -> Any:
    bad = array.astype(np.float32)
    bad[3, 4, 5:9] = np.nan
    return bad


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (with_nan, "4 voxels .* NaN"),
        (lambda array: np.zeros_like(array), "All its voxels are 0"),
        (lambda array: array[:3], r"3 axial slice\(s\), fewer than 4"),
        (lambda array: (array + 1024).astype(np.uint16), r"not HU.* 1024\?"),
        (lambda array: ((array + 1000) / 2000).astype(np.float32), "not HU"),
        (lambda array: np.clip((array + 160) * 0.6, 0, 255).astype(np.uint8), "not HU"),
    ],
)
def test_a_bad_scan_is_left_out_and_the_others_stay(tmp_path: Path, spoil: Callable[[Any], Any], why: str) -> None:
    small.put_cases(tmp_path / "source", 2)
    bad = spoil(WHOLE)
    small.put(tmp_path / "source" / "p7" / "ct.nii.gz", bad, Grid(bad.shape, (4.0, 4.0, 5.0)))
    info = build(tmp_path)
    assert [case.name for case in info.cases] == ["p1", "p2"]
    one = skipped(info, "p7/ct.nii.gz")
    assert one.remedy
    with pytest.raises(AssertionError, match=why):
        raise AssertionError(one.why)
    assert one.why in (tmp_path / "out" / "report.md").read_text()


def test_a_truncated_file_is_left_out(tmp_path: Path) -> None:
    small.put_cases(tmp_path / "source", 2)
    broken = tmp_path / "source" / "p2" / "ct.nii.gz"
    broken.write_bytes(broken.read_bytes()[:2000])
    info = build(tmp_path)
    assert [case.name for case in info.cases] == ["p1"]
    assert skipped(info, "p2/ct.nii.gz").why


def test_a_folder_where_nothing_is_usable_says_so(tmp_path: Path) -> None:
    small.put(tmp_path / "source" / "p1_ct.nii.gz", np.zeros(small.SHAPE, np.int16))
    with pytest.raises(InputError, match=r"no case that can be used.*All its voxels are 0"):
        build(tmp_path)
    assert left_in(tmp_path) == {"source"}


@pytest.mark.parametrize(
    ("grid", "why"),
    [
        (Grid(small.SHAPE, (4.0, 4.0, 5.0), (900.0, 0.0, 0.0)), "outside the scan"),
        (Grid((2, 32, 32), (4.0, 4.0, 5.0), (-62.0, -62.0, -17.5)), "covers 25% of the scan"),
    ],
)
def test_a_mask_that_lies_elsewhere_is_left_out(tmp_path: Path, grid: Grid, why: str) -> None:
    small.put_cases(tmp_path / "source", 1)
    small.put_ct(tmp_path / "source" / "p2" / "ct.nii.gz", 2)
    small.put_labels(tmp_path / "source" / "p2" / "labels.nii.gz", grid=grid)
    info = build(tmp_path)
    assert "labels" not in info.cases[1].files
    assert why in skipped(info, "p2/labels.nii.gz").why


def test_a_mask_that_is_a_scan_empty_or_unknown_is_left_out(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        small.put_ct(tmp_path / "source" / f"p{number}" / "ct.nii.gz", number)
    small.put_ct(tmp_path / "source" / "p1" / "labels.nii.gz", 9)
    small.put(tmp_path / "source" / "p2" / "labels.nii.gz", np.zeros(small.SHAPE, np.uint8))
    small.put_labels(tmp_path / "source" / "p3" / "labels.nii.gz", (200, 201))
    info = build(tmp_path)
    assert all(set(case.files) == {"ct"} for case in info.cases)
    for number, why in ((1, "looks like a scan"), (2, "empty"), (3, "None of its labels is known")):
        assert why in skipped(info, f"p{number}/labels.nii.gz").why


def test_three_labels_where_118_were_meant(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for number in range(1, 5):
        small.put_ct(source / f"p{number}" / "ct.nii.gz", number)
        small.put_labels(source / f"p{number}" / "labels.nii.gz", tuple(range(1, 14)) if number < 4 else (1, 2, 3))
    info = build(tmp_path)
    one = skipped(info, "p4/labels.nii.gz")
    assert "3 label(s), where half of the label maps hold 13" in one.why
    assert set(info.cases[3].files) == {"ct"}
    assert not (tmp_path / "out" / "cases" / "p4" / "labels.npy").exists()
    assert any("Only 3 of 4 cases have labels" in warning for warning in info.warnings)


def test_few_labels_everywhere_without_names_are_doubted(tmp_path: Path) -> None:
    for number in (1, 2):
        small.put_ct(tmp_path / "source" / f"p{number}" / "ct.nii.gz", number)
        small.put_labels(tmp_path / "source" / f"p{number}" / "labels.nii.gz", (1, 2, 3))
    said = " ".join(build(tmp_path).warnings)
    assert "3 of the standard table's 139 labels: 1 = spleen" in said
    assert "dataset.json" in said


def test_labels_without_a_scan_are_said(tmp_path: Path) -> None:
    small.put_cases(tmp_path / "source", 2)
    small.put_labels(tmp_path / "source" / "q9_labels.nii.gz")
    assert "no scan" in skipped(build(tmp_path), "q9_labels.nii.gz").why


def test_a_pet_in_becquerel_is_left_out(tmp_path: Path) -> None:
    small.put_cases(tmp_path / "source", 1)
    activity = np.abs(small.ct(1)).astype(np.float32) * 30
    small.put(tmp_path / "source" / "p1" / "pet.nii.gz", activity)
    info = build(tmp_path)
    assert "pet" not in info.cases[0].files
    assert "Bq/ml" in skipped(info, "p1/pet.nii.gz").why


def test_the_same_scan_twice_is_kept_once_and_makes_one_patient_of_two(tmp_path: Path) -> None:
    for name, seed in (("P1_a", 1), ("P1_b", 2), ("P2_a", 1), ("P2_b", 3), ("P3_a", 4), ("P4_a", 5)):
        small.put_ct(tmp_path / "source" / f"{name}_ct.nii.gz", seed)
    info = build(tmp_path, split=(0.5, 0.25, 0.25))
    assert [case.name for case in info.cases] == ["P1_a", "P1_b", "P2_b", "P3_a", "P4_a"]
    assert len({case.patient for case in info.cases[:3]}) == 1
    assert len({case.part for case in info.cases[:3]}) == 1
    assert "same voxels as that of P1_a" in skipped(info, "P2_a_ct.nii.gz").why
    assert any("count as one" in warning for warning in info.warnings)


def test_of_the_same_scan_twice_the_one_with_labels_is_kept(tmp_path: Path) -> None:
    small.put_ct(tmp_path / "source" / "a1_ct.nii.gz", 1)
    small.put_ct(tmp_path / "source" / "b1_ct.nii.gz", 1)
    small.put_labels(tmp_path / "source" / "b1_labels.nii.gz")
    assert [case.name for case in build(tmp_path).cases] == ["b1"]


def test_a_data_set_that_leaks_is_refused(tmp_path: Path) -> None:
    small.put_cases(tmp_path / "source", 4)
    info = build(tmp_path)
    first = info.cases[0].patient
    other = next(case for case in info.cases if case.part != info.cases[0].part)
    cases = tuple(c.model_copy(update={"patient": first}) if c is other else c for c in info.cases)
    info.model_copy(update={"cases": cases}).write(tmp_path / "out")
    with pytest.raises(InputError, match="more than one part"):
        read_dataset(tmp_path / "out")


def test_an_output_that_exists_is_not_touched(tmp_path: Path) -> None:
    small.put_cases(tmp_path / "source", 1)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="exists already"):
        build(tmp_path)
    assert left_in(tmp_path / "out") == {"thesis.txt"}
    (tmp_path / "out" / "thesis.txt").unlink()
    assert len(build(tmp_path).cases) == 1


def test_an_output_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    small.put_cases(tmp_path / "source", 1)
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError) as caught:
        build_dataset(tmp_path / "source", tmp_path / "file" / "out")
    assert caught.value.remedy


def test_too_little_room_is_said_before_anything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    small.put_cases(tmp_path / "source", 2)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1 << 20))
    with pytest.raises(StorageError, match="MB free"):
        build(tmp_path)
    assert left_in(tmp_path) == {"source"}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limit on the size of a file")
def test_a_disk_that_fills_up_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    import resource

    small.put_cases(tmp_path / "source", 2)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 10, before[1]))
    try:
        with pytest.raises(StorageError, match="not saved"):
            build(tmp_path)
        assert left_in(tmp_path) == {"source"}
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert len(build(tmp_path).cases) == 2


@pytest.mark.parametrize("after", [0, 2, 4, 6])
def test_a_stopped_build_leaves_nothing(tmp_path: Path, after: int) -> None:
    small.put_cases(tmp_path / "source", 3)
    asked = iter(range(100))
    with pytest.raises(Cancelled):
        build_dataset(tmp_path / "source", tmp_path / "out", cancelled=lambda: next(asked) >= after)
    assert left_in(tmp_path) == {"source"}


def test_progress_goes_to_the_end(tmp_path: Path) -> None:
    small.put_cases(tmp_path / "source", 3)
    said: list[tuple[int, int, str]] = []
    build_dataset(tmp_path / "source", tmp_path / "out", progress=lambda *now: said.append(now))
    assert "Looking for cases" in said[0][2]
    assert [now[:2] for now in said if now[1]] == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_a_prepared_data_set_inside_the_source_is_passed_over(tmp_path: Path) -> None:
    small.put_cases(tmp_path / "source", 2)
    build_dataset(tmp_path / "source", tmp_path / "source" / "prepared")
    assert len(build(tmp_path).cases) == 2
