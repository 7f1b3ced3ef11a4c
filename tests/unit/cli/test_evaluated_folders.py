"""Folders that are evaluated: every layout that is told of, and what cannot be read as grey CT."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import small_cases as small
from ctstudio.cli.evaluated_folders import cases_in, find_cases, pictures_in
from ctstudio.core.errors import CtStudioError, InputError, IntensityError, UnreadableFile
from tiny_dataset import write_dataset


def names(folder: Path) -> list[tuple[str, bool]]:
    """Each case and whether it has labels, read for real."""
    return [(case.name, case.labels is not None) for case in cases_in(folder)]


def test_samples_are_numbered_folders_with_a_ct_and_its_mask(tmp_path: Path) -> None:
    for number in ("0001", "0002"):
        small.put_ct(tmp_path / number / "ct.nii.gz", int(number))
        small.put_ct(tmp_path / number / "noise_map.nii.gz", 9)
    small.put_labels(tmp_path / "0001" / "labels.nii.gz")
    mask = small.put_labels(tmp_path / "0001" / "mask.nii.gz")
    (tmp_path / "0001" / "preview.png").write_bytes(b"x")
    assert names(tmp_path) == [("0001", True), ("0002", False)]
    assert find_cases(tmp_path)[0].labels == mask  # what was asked for, not what was completed
    assert names(tmp_path / "0001") == [("0001", True)]


def test_flat_files_nnunet_and_prepared_data_are_found(tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    small.put_ct(flat / "p1_ct.nii.gz", 1)
    small.put_labels(flat / "p1_labels.nii.gz")
    small.put_ct(flat / "p2.nii.gz", 2)
    small.put_pet(flat / "p2_pet.nii.gz", 2)
    assert names(flat) == [("p1", True), ("p2", False)]
    raw = tmp_path / "raw"
    small.put_ct(raw / "imagesTr" / "liver_001_0000.nii.gz", 1)
    small.put_ct(raw / "imagesTr" / "liver_001_0001.nii.gz", 1)
    small.put_labels(raw / "labelsTr" / "liver_001.nii.gz", (1, 2))
    (raw / "dataset.json").write_text('{"labels": {"background": 0, "liver": 1, "body": 2}}')
    assert names(raw) == [("liver_001", True)]
    labels = next(iter(cases_in(raw))).labels
    assert labels is not None
    assert labels.present() == (small.LIVER, small.BODY)  # by name, whatever its value there
    (tmp_path / "prepared").mkdir()
    assert names(write_dataset(tmp_path / "prepared")) == [("a", True), ("b", True)]


def test_a_folder_of_dicom_is_a_case(tmp_path: Path) -> None:
    small.put_series(tmp_path / "patient", small.ct(1))
    assert names(tmp_path) == [("patient", False)]


def test_pictures_are_taken_when_they_are_grey_and_of_eight_bits(tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (20, 30)).astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / "b.png")
    Image.fromarray(np.stack([grey] * 3, axis=-1)).save(tmp_path / "a.PNG")
    found = pictures_in(tmp_path)
    assert [name for name, _ in found] == ["a", "b"]
    np.testing.assert_array_equal(found[0][1], grey)
    assert names(tmp_path) == []


def test_colour_sixteen_bits_and_damage_are_refused(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    path = tmp_path / "a.png"
    Image.fromarray(random.integers(0, 256, (20, 30, 3)).astype(np.uint8)).save(path)
    with pytest.raises(IntensityError, match="in colour"):
        pictures_in(tmp_path)
    Image.fromarray(random.integers(0, 60_000, (20, 30)).astype(np.uint16)).save(path)
    with pytest.raises(IntensityError, match="bits a pixel"):
        pictures_in(tmp_path)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(UnreadableFile, match="not a picture"):
        pictures_in(tmp_path)


def test_what_is_no_ct_in_hu_is_refused(tmp_path: Path) -> None:
    small.put_pet(tmp_path / "p1.nii.gz", 1)
    with pytest.raises(IntensityError, match="no CT in HU"):
        names(tmp_path)
    shutil.rmtree(tmp_path)
    with pytest.raises(InputError, match="not a folder"):
        names(tmp_path)
    (tmp_path / "p1").mkdir(parents=True)
    (tmp_path / "p1" / "ct.nii.gz").write_bytes(b"broken")
    with pytest.raises(CtStudioError):
        names(tmp_path)
