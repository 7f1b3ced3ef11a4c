"""From masks and settings to a plan: labels, groups, room, and what the user is told to mind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ctstudio.catalog.batch import BatchPlan
from ctstudio.catalog.model_card import Range
from ctstudio.core.errors import CtStudioError, InputError, MaskError
from ctstudio.io.batch_counts import counts_of, missing
from ctstudio.io.batch_masks import look_at_masks
from ctstudio.io.batch_plan import most_bytes, plan_of
from small_masks import GRID, LIVER, PANCREAS, SPLEEN, blocks, model_info, put_mask, settings


def planned(folder: Path, **more: Any) -> tuple[BatchPlan, tuple[str, ...]]:
    info = model_info()
    return plan_of(settings(folder, **more), look_at_masks(folder, info), info)


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    folder = tmp_path / "masks"
    put_mask(folder / "P1_a.nii.gz", blocks((2, 3), (SPLEEN, LIVER)))
    put_mask(folder / "P1_b.nii.gz", blocks((2, 3, 4), (LIVER, PANCREAS)))
    put_mask(folder / "P2_a.nii.gz", blocks((1, 5), (LIVER,)))
    return folder


def test_labels_are_those_that_masks_hold_and_the_model_knows(masks: Path) -> None:
    plan, to_mind = planned(masks)
    assert plan.labels == ("spleen", "liver")
    assert any("spleen in 2" in line and "background" in line for line in to_mind)
    assert any("fewer than 3 slices" in line for line in to_mind)
    chosen, to_mind = planned(masks, labels=("Liver",))
    assert chosen.labels == ("liver",)
    assert not any("background" in line for line in to_mind)


@pytest.mark.parametrize(("name", "said"), [("pancreas", "does not know"), ("body", "No mask holds"), ("x", "'x'")])
def test_labels_that_the_images_would_not_show_are_refused(masks: Path, name: str, said: str) -> None:
    with pytest.raises(MaskError, match=said):
        planned(masks, labels=(name,))


def test_completed_anatomy_may_have_labels_that_no_mask_holds(masks: Path) -> None:
    plan, _ = planned(masks, labels=("body", "liver"), label_source="completed")
    assert plan.labels == ("body", "liver")


def test_completed_labels_are_what_the_model_draws(masks: Path) -> None:
    known = ("body", "liver", "spleen", "kidney", "kidney_left", "kidney_right")
    info = model_info(known)
    groups = {"kidneys": ["kidney", "kidney_right", "kidney_left"], "liver": ["liver"]}
    info = info.model_copy(update={"config": {"label_groups": groups}})
    found = look_at_masks(masks, info)
    plan, _ = plan_of(settings(masks, labels=("kidney", "liver"), label_source="completed"), found, info)
    assert plan.parts == {"kidney_right": "kidney", "kidney_left": "kidney"}
    with pytest.raises(MaskError, match="it draws kidney, not kidney_left") as caught:
        plan_of(settings(masks, labels=("kidney_left",), label_source="completed"), found, info)
    assert "Name kidney" in caught.value.remedy
    given, _ = plan_of(settings(masks, labels=("liver",)), found, info)
    assert given.parts == {}


def test_patients_and_masks_of_the_same_voxels_stay_together(masks: Path) -> None:
    plan, _ = planned(masks)
    assert len({mask.group for mask in plan.masks}) == 3
    by_patient, _ = planned(masks, patient_pattern=r"^(P\d)")
    assert [mask.group for mask in by_patient.masks] == ["P1", "P1", "P2"]
    put_mask(masks / "P3_copy.nii.gz", blocks((2, 3), (SPLEEN, LIVER)))
    plan, to_mind = planned(masks)
    groups = {mask.file: mask.group for mask in plan.masks}
    assert groups["P3_copy.nii.gz"] == groups["P1_a.nii.gz"]
    assert any("same voxels" in line for line in to_mind)
    # A copy ties its patient to the other one, and so do all of that patient's masks.
    put_mask(masks / "P3_other.nii.gz", blocks((6,)))
    plan, _ = planned(masks, patient_pattern=r"^(P\d)")
    assert len({mask.group for mask in plan.masks}) == 2
    with pytest.raises(InputError, match="finds nothing in P1_a"):
        planned(masks, patient_pattern="^nobody")


def test_files_that_cannot_be_used_stop_the_batch_or_are_left_out_and_listed(masks: Path) -> None:
    (masks / "slice.dcm").write_bytes(b"\0" * 128 + b"DICM")
    (masks / "torn.nii.gz").write_bytes(b"torn")
    with pytest.raises(InputError, match=r"slice\.dcm") as caught:
        planned(masks)
    assert "one other" in caught.value.message
    assert "--leave-out" in caught.value.remedy
    assert "torn.nii.gz" in caught.value.detail
    plan, _ = planned(masks, leave_out=True)
    assert len(plan.masks) == 3
    assert [line.split(":")[0] for line in plan.left_out] == ["slice.dcm", "torn.nii.gz"]


def test_nothing_usable_is_refused_even_when_left_out(tmp_path: Path) -> None:
    (tmp_path / "slice.dcm").write_bytes(b"\0" * 128 + b"DICM")
    with pytest.raises(InputError, match="No mask in"):
        planned(tmp_path, leave_out=True)


def test_one_patient_has_no_split_and_that_is_said(tmp_path: Path) -> None:
    put_mask(tmp_path / "a.nii.gz")
    assert any("no split" in line for line in planned(tmp_path)[1])


def test_room_and_work_are_counted_for_what_is_missing(masks: Path, tmp_path: Path) -> None:
    plan, _ = planned(masks)
    samples = list(plan.samples())
    rows, columns = GRID.shape[1:]
    voxels = 2 * (2 + 3 + 2) * rows * columns
    assert 3 * voxels < most_bytes(plan, samples) < 3 * voxels + 8 * 70_000
    runs, _ = planned(masks, layout="runs", name="x")
    assert most_bytes(runs, runs.samples()) > 8 * 6 * GRID.shape[0] * rows * columns
    done = set(plan.cases_of(samples[0]))
    counts = counts_of(plan, tmp_path / "new" / "place", done)
    assert (counts.samples, counts.samples_done, counts.cases, counts.slices) == (6, 1, 8, 12)
    assert counts.fits
    assert counts.disk_bytes_at_most == most_bytes(plan, samples[1:])
    part = {plan.cases_of(samples[4])[0]}
    assert samples[4] in missing(plan, part)  # half of a mask's parts is not the sample


def test_doses_beyond_the_model_are_told(masks: Path) -> None:
    info = model_info()
    ranges = info.ranges.model_copy(update={"dose": Range(low=0.2, high=1.0)})
    narrow = info.model_copy(update={"ranges": ranges})
    _, to_mind = plan_of(settings(masks), look_at_masks(masks, narrow), narrow)
    assert any("0.1 lies outside" in line for line in to_mind)


def test_every_refusal_says_what_to_do(masks: Path) -> None:
    for more in ({"labels": ("x",)}, {"patient_pattern": "^nobody"}, {"name": "Liver"}):
        with pytest.raises(CtStudioError) as caught:
            planned(masks, **more)
        assert caught.value.remedy
        assert caught.value.exit_code == 2
