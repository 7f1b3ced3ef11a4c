"""The folder of a batch: begun, recognised, refused with what differs, and half-written things taken away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ctstudio.catalog.batch import BatchPlan, records_of
from ctstudio.core.errors import InputError
from ctstudio.io.batch_folder import CaseLine, add_case, begin, check_folder, done_cases, keep_cases, read_plan
from ctstudio.io.batch_masks import look_at_masks
from ctstudio.io.batch_plan import plan_of
from small_masks import blocks, model_info, put_mask, settings


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    for place, name in enumerate("ab"):
        put_mask(tmp_path / "masks" / f"{name}.nii.gz", blocks(shift=place))
    return tmp_path / "masks"


def plan(masks: Path, **more: Any) -> BatchPlan:
    info = model_info()
    return plan_of(settings(masks, **more), look_at_masks(masks, info), info)[0]


def test_a_batch_is_recognised_by_its_plan(masks: Path, tmp_path: Path) -> None:
    folder = tmp_path / "Dataset501_Synthetic"
    assert read_plan(folder) is None
    assert not check_folder(folder, plan(masks))
    begin(folder, plan(masks))
    assert read_plan(folder) == plan(masks)
    assert check_folder(folder, plan(masks))
    (masks / "notes.dcm").write_bytes(b"\0" * 128 + b"DICM")
    assert check_folder(folder, plan(masks, leave_out=True))  # what is not used does not matter


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"lists": {"dose": "0.25"}}, "dose 0.1, 0.5 there, 0.25 here"),
        ({"lists": {"seed": "0-3"}}, "seed 0 there, 0-3 here"),
        ({"lists": {"steps": "5"}}, "steps 4 there, 5 here"),
        ({"labels": ("liver",)}, "labels asked for are all there, liver here"),
        ({"device": "cpu"}, "the device is auto there, cpu here"),
        ({"label_source": "completed", "labels": ("liver",)}, "label maps are given there, completed here"),
    ],
)
def test_another_batch_is_refused_with_what_differs(
    masks: Path, tmp_path: Path, more: dict[str, Any], said: str
) -> None:
    folder = tmp_path / "Dataset501_Synthetic"
    begin(folder, plan(masks))
    with pytest.raises(InputError) as caught:
        check_folder(folder, plan(masks, **more))
    assert said in caught.value.message + caught.value.detail
    assert caught.value.remedy


def test_changed_missing_and_new_masks_and_another_model_are_differences(masks: Path, tmp_path: Path) -> None:
    folder, first = tmp_path / "Dataset501_Synthetic", plan(masks)
    begin(folder, first)
    put_mask(masks / "a.nii.gz", blocks((4, 5)))
    with pytest.raises(InputError, match=r"a\.nii\.gz has other voxels"):
        check_folder(folder, plan(masks))
    (masks / "a.nii.gz").unlink()
    put_mask(masks / "c.nii.gz", blocks((6,)))
    with pytest.raises(InputError, match=r"a\.nii\.gz is gone; the mask c\.nii\.gz is new"):
        check_folder(folder, plan(masks))
    with pytest.raises(InputError, match="model few has changed"):
        check_folder(folder, first.model_copy(update={"model_files": {"w": "1" * 64}}))


def test_a_data_set_never_lies_among_its_masks(masks: Path) -> None:
    for folder in (masks, masks / "raw" / "Dataset501_Synthetic"):
        with pytest.raises(InputError, match="among its own masks"):
            check_folder(folder, plan(masks))


def test_other_peoples_folders_and_taken_numbers_are_refused(masks: Path, tmp_path: Path) -> None:
    folder = tmp_path / "raw" / "Dataset501_Synthetic"
    (tmp_path / "raw" / "Dataset501_Other").mkdir(parents=True)
    with pytest.raises(InputError, match="taken by Dataset501_Other"):
        check_folder(folder, plan(masks))
    (tmp_path / "raw" / "Dataset501_Other").rmdir()
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="holds no batch"):
        check_folder(folder, plan(masks))
    (folder / "thesis.txt").unlink()
    records_of(folder).mkdir()
    (records_of(folder) / "log.txt").write_text("starting")  # the window's, before the batch itself begins
    assert not check_folder(folder, plan(masks))
    (records_of(folder) / "plan.json").write_text("{torn")
    with pytest.raises(InputError, match="cannot be read"):
        check_folder(folder, plan(masks))


def line(folder: Path, case: str, size: int = 5) -> CaseLine:
    (folder / f"{case}.nii.gz").write_bytes(b"12345")
    (folder / f"{case}.json").write_text("{}")
    files = {f"{case}.nii.gz": size}
    return CaseLine(case=case, mask="a", group="a", parameters={}, slices=1, record=f"{case}.json", files=files)


def test_only_whole_cases_count_as_done(masks: Path, tmp_path: Path) -> None:
    folder = tmp_path / "Dataset501_Synthetic"
    begin(folder, plan(masks))
    for case, size in (("whole", 5), ("short", 9), ("gone", 5), ("without_record", 5)):
        add_case(folder, line(folder, case, size))
    (folder / "gone.nii.gz").unlink()
    (folder / "without_record.json").unlink()
    record = records_of(folder) / "cases.jsonl"
    record.write_bytes(record.read_bytes() + b'{"case": "torn", "ma')
    assert set(done_cases(folder)) == {"whole"}
    keep_cases(folder, list(done_cases(folder).values()))
    add_case(folder, line(folder, "next"))
    assert list(done_cases(folder)) == ["whole", "next"]


def test_half_written_files_of_a_killed_process_go(masks: Path, tmp_path: Path) -> None:
    folder = tmp_path / "Dataset501_Synthetic"
    begin(folder, plan(masks))
    leftovers = [folder / ".dataset.json.ab.part", folder / "imagesTr" / ".a_0000.nii.gz.cd.part"]
    (folder / ".sample.ef.part").mkdir()
    kept = folder / "imagesTr" / "a_0000.nii.gz"
    kept.parent.mkdir()
    for path in (*leftovers, kept):
        path.write_bytes(b"half")
    begin(folder, plan(masks))
    assert not any(path.exists() for path in (*leftovers, folder / ".sample.ef.part"))
    assert kept.exists()
