"""Folders in every layout become data sets that numpy alone reads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

import small_cases as small
from ctstudio.catalog.dataset import DatasetInfo, leaking_patients, read_dataset
from ctstudio.core.grid import Grid
from ctstudio.core.labels import Label, LabelTable
from ctstudio.io.dataset_building import build_dataset
from ctstudio.io.dataset_options import DatasetOptions
from ctstudio.io.phantom_files import write_phantom


def built(source: Path, out: Path, **options: object) -> DatasetInfo:
    info = build_dataset(source, out, DatasetOptions(**options))  # type: ignore[arg-type]
    assert read_dataset(out) == info
    assert leaking_patients(info.cases) == []
    return info


def test_a_folder_a_case_with_everything(tmp_path: Path) -> None:
    source = tmp_path / "source"
    small.put_cases(source, 3)
    small.put_pet(source / "p1" / "pet.nii.gz", 1)
    (source / "p1" / "report.txt").write_text("Findings: none.\n")
    (source / "p1" / "notes.txt").write_text("not ours")
    info = built(source, tmp_path / "out", seed=5)
    assert [case.name for case in info.cases] == ["p1", "p2", "p3"]
    assert {case.part for case in info.cases} == {"train", "validation", "test"}
    first = info.cases[0]
    assert set(first.files) == {"ct", "labels", "pet", "report"}
    ct = np.load(tmp_path / "out" / first.files["ct"], mmap_mode="r")
    assert isinstance(ct, np.memmap)
    assert ct.dtype == np.int16
    np.testing.assert_array_equal(ct, small.ct(1))
    labels = np.load(tmp_path / "out" / first.files["labels"], mmap_mode="r")
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels, small.labels())
    assert np.load(tmp_path / "out" / first.files["pet"]).dtype == np.float32
    assert first.grid.matches(small.GRID)
    assert first.label_voxels == {
        name: int((small.labels() == value).sum()) for value, name in ((1, "spleen"), (5, "liver"), (118, "body"))
    }
    assert first.hu is not None
    assert -1001 <= first.hu.low < -990 < 40 < first.hu.high < 120
    assert "Findings: none." in (tmp_path / "out" / first.files["report"]).read_text()


def test_flat_files_and_folders_of_a_kind(tmp_path: Path) -> None:
    for number in (1, 2):
        small.put_ct(tmp_path / "flat" / f"p{number}_ct.nii.gz", number)
        small.put_labels(tmp_path / "flat" / f"p{number}_labels.nrrd")
        small.put_ct(tmp_path / "kinds" / "images" / f"p{number}.nii.gz", number)
        small.put_labels(tmp_path / "kinds" / "masks" / f"p{number}.nii.gz")
    for layout in ("flat", "kinds"):
        info = built(tmp_path / layout, tmp_path / f"{layout}_out")
        assert [case.name for case in info.cases] == ["p1", "p2"]
        assert all(set(case.files) == {"ct", "labels"} for case in info.cases)


def test_nnunet_with_names_in_both_forms(tmp_path: Path) -> None:
    for form, names in (
        ("v2", {"background": 0, "right kidney": 1, "Tumor": 2}),
        ("v1", {"1": "right kidney", "2": "Tumor"}),
    ):
        source = tmp_path / form
        for number in (1, 2):
            small.put_ct(source / "imagesTr" / f"K_{number}_0000.nii.gz", number)
            small.put_labels(source / "labelsTr" / f"K_{number}.nii.gz", (1, 2))
        small.put_ct(source / "imagesTs" / "K_9_0000.nii.gz", 9)
        (source / "dataset.json").write_text(json.dumps({"channel_names": {"0": "CT"}, "labels": names}))
        info = built(source, tmp_path / f"{form}_out")
        assert [case.name for case in info.cases] == ["K_1", "K_2"]
        assert all(set(case.label_voxels) == {"kidney_right", "lesion"} for case in info.cases)
        assert any(one.path == "imagesTs" for one in info.skipped)


def test_nnunet_channels_are_told_apart(tmp_path: Path) -> None:
    source = tmp_path / "source"
    small.put_ct(source / "imagesTr" / "A_1_0000.nii.gz", 1)
    small.put_pet(source / "imagesTr" / "A_1_0001.nii.gz", 1)
    small.put_labels(source / "labelsTr" / "A_1.nii.gz")
    (source / "dataset.json").write_text(json.dumps({"channel_names": {"0": "CT", "1": "PET"}, "labels": {"liver": 5}}))
    (case,) = built(source, tmp_path / "out").cases
    assert set(case.files) == {"ct", "pet", "labels"}
    assert set(case.label_voxels) == {"liver"}
    assert "left out" in " ".join(case.notes)


def test_masks_of_one_organ_each_become_one_label_map(tmp_path: Path) -> None:
    source = tmp_path / "source"
    small.put_ct(source / "s1" / "ct.nii.gz", 1)
    for name, left in (("liver", 4), ("vertebrae_T1", 12)):
        mask = np.zeros(small.SHAPE, np.uint8)
        mask[:, 10:20, left : left + 6] = 1
        small.put(source / "s1" / "segmentations" / f"{name}.nii.gz", mask)
    small.put(source / "s1" / "segmentations" / "spleen.nii.gz", np.zeros(small.SHAPE, np.uint8))
    (case,) = built(source, tmp_path / "out").cases
    assert case.label_voxels == {"liver": 480, "vertebrae_T1": 480}


def test_names_inside_a_label_file_win_over_its_numbers(tmp_path: Path) -> None:
    source = tmp_path / "source"
    small.put_ct(source / "p1_ct.nii.gz", 1)
    table = LabelTable((Label(1, "Right Kidney", (1, 2, 3)), Label(2, "gadget", (3, 2, 1))))
    small.put_named_labels(source / "p1_seg.nrrd", small.labels((1, 2)), table)
    (case,) = built(source, tmp_path / "out").cases
    assert set(case.label_voxels) == {"kidney_right"}
    assert "gadget (2)" in case.notes[0]


def test_dicom_patients_are_pseudonyms_and_nobody_is_named(tmp_path: Path) -> None:
    source = tmp_path / "Doe_Jane"
    small.put_series(source / "1234-567" / "pre", small.ct(1), FrameOfReferenceUID="1.2.3")
    small.put_series(source / "1234-567" / "post", small.ct(2), FrameOfReferenceUID="1.2.4")
    suv = {"Modality": "PT", "Units": "GML", "RescaleIntercept": 0, "FrameOfReferenceUID": "1.2.3"}
    small.put_series(source / "1234-567" / "nuc", np.abs(small.ct(3)) // 50, **suv)
    small.put_series(source / "other", small.ct(4), patient="77-88-99")
    small.put_ct(source / "x_1234_567_ct.nii.gz", 5)
    small.put(source / "1234-567_empty_ct.nii.gz", np.zeros(small.SHAPE, np.int16))
    info = built(source, tmp_path / "out")
    assert len(info.cases) == 4
    assert len({case.patient for case in info.cases}) == 2
    assert all(re.fullmatch("patient-[0-9a-f]{12}", case.patient) for case in info.cases)
    assert sorted(len(case.files) for case in info.cases) == [1, 1, 1, 2]
    text = "".join(path.read_text() for path in (tmp_path / "out").glob("*.*"))
    names = " ".join(path.name for path in (tmp_path / "out").rglob("*"))
    for secret in ("Doe", "Jane", "1234-567", "1234_567", "77-88-99"):
        assert secret not in text + names
    assert text.count(str(tmp_path)) == 2  # the source, in each of the two files
    assert "***" in info.source


def test_modalities_in_one_dicom_folder_are_told_apart(tmp_path: Path) -> None:
    frame = {"FrameOfReferenceUID": "1.2.3"}
    small.put_series(tmp_path / "source" / "mixed", small.ct(1), **frame)
    mr = {"Modality": "MR", "RescaleIntercept": 0}
    small.put_series(tmp_path / "source" / "mixed", np.abs(small.ct(2)), **mr, **frame)
    small.put_series(tmp_path / "source" / "mixed", small.ct(3), **frame)
    small.put_series(tmp_path / "source" / "mixed", np.zeros((1, 4, 4)), Modality="SEG")
    info = built(tmp_path / "source", tmp_path / "out")
    assert sorted(sorted(case.files) for case in info.cases) == [["ct"], ["ct", "mr"]]
    assert "SEG" in info.skipped[0].why


def test_the_programs_own_phantoms(tmp_path: Path) -> None:
    from ctstudio.phantom.grids import default_grid
    from ctstudio.phantom.patient import make_patient
    from ctstudio.phantom.render import render
    from ctstudio.phantom.report import report

    for seed in (1, 2):
        patient = make_patient(seed, "abdomen")
        made = render(patient, default_grid(patient, 32, 8.0))
        write_phantom(tmp_path / "source" / f"seed_{seed}", made, report(patient), {})
    info = built(tmp_path / "source", tmp_path / "out")
    assert all(set(case.files) == {"ct", "labels", "pet", "mr", "report"} for case in info.cases)
    assert all("liver" in case.label_voxels and len(case.label_voxels) > 20 for case in info.cases)
    assert all("synthetic, not acquired" in case.notes for case in info.cases)
    assert not any("TotalSegmentator" in warning for warning in info.warnings)


def test_files_that_do_not_say_what_they_are_are_looked_at(tmp_path: Path) -> None:
    small.put_ct(tmp_path / "source" / "p1.nii.gz", 1)
    small.put_labels(tmp_path / "source" / "p1_thing.nii.gz")
    small.put(tmp_path / "source" / "p2.nii.gz", np.random.default_rng(0).random(small.SHAPE).astype(np.float32))
    info = built(tmp_path / "source", tmp_path / "out")
    assert [set(case.files) for case in info.cases] == [{"ct", "labels"}]
    assert "Neither its name nor its voxels" in info.skipped[0].why


def test_a_turned_scan_is_brought_to_lps(tmp_path: Path) -> None:
    turned = Grid(small.SHAPE, (4.0, 4.0, 5.0), (62.0, 62.0, 0.0), ((-1, 0, 0), (0, -1, 0), (0, 0, 1)))
    small.put_ct(tmp_path / "source" / "p1_ct.nii.gz", 1, grid=turned)
    (case,) = built(tmp_path / "source", tmp_path / "out").cases
    array = np.load(tmp_path / "out" / case.files["ct"])
    np.testing.assert_array_equal(array, small.ct(1)[:, ::-1, ::-1])
    assert case.grid.orientation == ("L", "P", "S")


def test_a_mask_and_a_pet_on_other_grids_are_resampled_by_physical_space(tmp_path: Path) -> None:
    coarse = Grid.centred((4, 16, 16), (8.0, 8.0, 10.0))
    small.put_ct(tmp_path / "source" / "p1_ct.nii.gz", 1)
    mask = np.zeros(coarse.shape, np.uint8)
    mask[:, 4:12, 2:6] = small.LIVER
    small.put(tmp_path / "source" / "p1_labels.nii.gz", mask, coarse)
    small.put_pet(tmp_path / "source" / "p1_pet.nii.gz", 1, coarse)
    (case,) = built(tmp_path / "source", tmp_path / "out").cases
    labels = np.load(tmp_path / "out" / case.files["labels"])
    assert labels.shape == small.SHAPE
    assert set(map(tuple, np.argwhere(labels)[:, 1:])) == {(y, x) for y in range(8, 24) for x in range(4, 12)}
    assert np.load(tmp_path / "out" / case.files["pet"]).shape == small.SHAPE
    assert "resampled onto" in " ".join(case.notes)


def test_the_same_data_give_the_same_data_set_and_the_seed_decides_the_parts(tmp_path: Path) -> None:
    small.put_cases(tmp_path / "a", 12)
    for number in reversed(range(1, 13)):  # the same files, made in another order
        small.put_labels(tmp_path / "b" / f"p{number}" / "labels.nii.gz")
        small.put_ct(tmp_path / "b" / f"p{number}" / "ct.nii.gz", number)
    one, other = built(tmp_path / "a", tmp_path / "x" / "set"), built(tmp_path / "b", tmp_path / "y" / "set")
    assert one.cases == other.cases
    assert [len(one.of(part)) for part in ("train", "validation", "test")] == [10, 1, 1]
    again = built(tmp_path / "a", tmp_path / "z" / "set", seed=1)
    assert [case.part for case in again.cases] != [case.part for case in one.cases]


def test_all_scans_of_a_patient_lie_in_one_part(tmp_path: Path) -> None:
    for number in range(12):
        small.put_ct(tmp_path / "source" / f"P{number // 3}_visit{number % 3}_ct.nii.gz", number)
    info = built(tmp_path / "source", tmp_path / "out")
    assert len({case.patient for case in info.cases}) == 4
    pattern = built(tmp_path / "source", tmp_path / "all", patient_pattern=r"^P\d_(visit\d)")
    assert {case.patient for case in pattern.cases} == {"visit0", "visit1", "visit2"}


def test_real_scans_build_with_sensible_skips(real_data: Path, tmp_path: Path) -> None:
    info = built(real_data, tmp_path / "out")
    assert len(info.cases) >= 6
    chest = [case for case in info.cases if case.shape in ((22, 512, 512), (102, 256, 256))]
    assert len({case.patient for case in chest}) == 1
    whole = next(case for case in info.cases if "pet" in case.files)
    assert set(whole.files) >= {"ct", "pet", "mr"}
    why = " ".join(one.why for one in info.skipped)
    for reason in ("tilted gantry", "mixes orientations", "not evenly spaced", "RTSTRUCT", "same voxels", "covers 25%"):
        assert reason in why
    text = "".join(path.read_text() for path in (tmp_path / "out").glob("*.*"))
    assert "C3N-00249" not in text
    assert "JANCT" not in text
