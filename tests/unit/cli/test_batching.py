"""A batch in this process: made, broken off anywhere, taken up again, and the same to the byte."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctstudio.catalog.batch import BatchPlan, records_of
from ctstudio.catalog.shelf import find_model
from ctstudio.cli.batch_estimate import estimated
from ctstudio.cli.batching import run_batch
from ctstudio.core.errors import Cancelled, InputError, StorageError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import values_of
from ctstudio.io.batch_folder import check_folder, done_cases
from ctstudio.io.batch_masks import look_at_masks
from ctstudio.io.batch_plan import plan_of
from ctstudio.io.reading import read_labels, read_volume
from ctstudio.io.samples import read_provenance
from ctstudio.protocol.training_run import RunFiles, RunInfo, Wanted, read_record, replace_record
from small_masks import put_mask, settings
from tiny_na_diff import COMPLETING, SMALL, write_tiny_model

pytestmark = pytest.mark.timeout(400)

BODY, LIVER = values_of(["body", "liver"])
GRID = Grid.centred((7, 70, 80), (6.0, 6.0, 5.0))
"""Wider than the 384 mm that the model sees."""
NAME = "Dataset501_Synthetic"


def body(slices: tuple[int, ...], side: int = 0) -> np.ndarray:
    """A liver in a body that reaches beyond the model's field of view."""
    array = np.zeros(GRID.shape, np.uint8)
    for z in slices:
        array[z, 1:-1, 1:-1] = BODY
        array[z, 20:40, 20 + side : 40] = LIVER
    return array


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("batch")
    put_mask(place / "masks" / "whole.nii.gz", body((1, 2, 3)), GRID)
    put_mask(place / "masks" / "gaps.nii.gz", body((0, 4, 5), side=3), GRID)
    write_tiny_model(place / "tiny", changes=SMALL)
    return place


def plan(place: Path, **more: Any) -> BatchPlan:
    asked = settings(place / "masks", str(place / "tiny"), device="cpu", **more)
    info = find_model(asked.model).info
    return plan_of(asked, look_at_masks(place / "masks", info), info)[0]


@pytest.fixture(scope="module")
def made(place: Path) -> Path:
    """The data set, made in one go."""
    folder = place / "made" / NAME
    run_batch(plan(place), folder, lambda done, total, what: None)
    return folder


def images(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*.nii.gz"))}


def test_cases_hold_generated_slices_alone_with_their_labels(made: Path) -> None:
    cases = sorted(path.name.removesuffix(".nii.gz") for path in (made / "labelsTr").iterdir())
    parts = [f"gaps_dose0p{dose}_seed0_part{part}" for dose in "15" for part in "12"]
    assert cases == [*parts, "whole_dose0p1_seed0", "whole_dose0p5_seed0"]
    index = json.loads((made / "dataset.json").read_text())
    assert index["numTraining"] == 6
    assert index["labels"] == {"background": 0, "liver": 1, "body": 2}
    for case, slices in (("gaps_dose0p1_seed0_part1", (0,)), ("gaps_dose0p1_seed0_part2", (4, 5))):
        image = read_volume(made / "imagesTr" / f"{case}_0000.nii.gz")
        labels = read_labels(made / "labelsTr" / f"{case}.nii.gz")
        assert image.grid == labels.grid
        assert image.synthetic
        assert labels.synthetic
        assert image.array.shape[0] == len(slices)
        # Nothing of the air around what was generated, neither slices nor frame.
        assert all(side in (63, 64) for side in image.array.shape[1:])  # 384 mm, cut at voxels
        assert image.array.min() > -1024
        assert (labels.array > 0).mean() > 0.9
        where = np.rint(GRID.to_index(image.grid.to_world((0, 0, 0)))).astype(int)
        assert where[0] == slices[0]
        z, y, x = image.array.shape
        given = body(slices, side=3)[where[0] : where[0] + z, where[1] : where[1] + y, where[2] : where[2] + x]
        assert np.array_equal(labels.array == 1, given == LIVER)
        assert np.array_equal(labels.array == 2, given == BODY)


def test_provenance_lies_beside_and_inside_and_the_text_says_synthetic(made: Path) -> None:
    record = read_provenance(made / "provenance" / "whole_dose0p5_seed0.json")
    assert (record.seed, record.parameters["dose"], record.synthetic) == (0, 0.5, True)
    assert record.inputs["mask"]["file"].endswith("whole.nii.gz")
    inside = read_provenance(made / "imagesTr" / "whole_dose0p5_seed0_0000.nii.gz")
    assert inside.outputs == record.outputs
    assert (made / "README.txt").read_text().startswith("SYNTHETIC")
    done = done_cases(made)
    assert done["gaps_dose0p5_seed0_part2"].voxels["liver"] == 2 * 20 * 17
    assert done["whole_dose0p1_seed0"].parameters["dose"] == 0.1
    info = read_record(RunFiles(records_of(made)).info, RunInfo)
    assert (info.state, info.step, info.steps) == ("finished", 4, 4)


def test_splits_part_no_mask(made: Path) -> None:
    for fold in json.loads((made / "splits_final.json").read_text()):
        assert {case.split("_")[0] for case in fold["train"]} & {case.split("_")[0] for case in fold["val"]} == set()


class Killed(BaseException):
    """As good as dead: nothing but what is on disk goes on."""


@pytest.mark.parametrize("at", [1, 8, 13])
def test_broken_off_anywhere_it_ends_the_same_to_the_byte(place: Path, made: Path, tmp_path: Path, at: int) -> None:
    folder, calls, wanted = tmp_path / NAME, 0, plan(place)

    def report(done: float, total: float, what: str) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise Killed

    with pytest.raises(Killed):
        run_batch(wanted, folder, report)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.nii.gz")}
    assert check_folder(folder, wanted)
    run_batch(wanted, folder, lambda done, total, what: None)
    assert images(folder) == images(made)
    assert (records_of(folder) / "cases.jsonl").read_bytes() == (records_of(made) / "cases.jsonl").read_bytes()
    for name in ("dataset.json", "splits_final.json"):
        assert (folder / name).read_bytes() == (made / name).read_bytes()
    assert all(path.stat().st_mtime_ns == then for path, then in before.items())  # what was done stayed


def test_ctrl_c_says_how_to_go_on_and_leaves_no_index(place: Path, tmp_path: Path) -> None:
    folder = tmp_path / NAME

    def report(done: float, total: float, what: str) -> None:
        if "Sample 2" in what:
            raise KeyboardInterrupt

    with pytest.raises(Cancelled, match="1 of 4 samples") as caught:
        run_batch(plan(place), folder, report)
    assert "same command" in caught.value.remedy
    assert caught.value.exit_code == 130
    assert not (folder / "dataset.json").exists()
    assert read_record(RunFiles(records_of(folder)).info, RunInfo).state == "stopped"


def test_a_wish_to_stop_is_heard_after_the_step(place: Path, tmp_path: Path) -> None:
    folder, heard = tmp_path / NAME, []

    def report(done: float, total: float, what: str) -> None:
        heard.append(what)
        replace_record(RunFiles(records_of(folder)).wanted, Wanted(wish="stop"))

    with pytest.raises(Cancelled):
        run_batch(plan(place), folder, report)
    assert len(heard) == 1


def test_what_was_deleted_is_made_again(place: Path, made: Path, tmp_path: Path) -> None:
    folder = tmp_path / NAME
    shutil.copytree(made, folder)
    (folder / "labelsTr" / "gaps_dose0p1_seed0_part2.nii.gz").unlink()
    (folder / "imagesTr" / "whole_dose0p5_seed0_0000.nii.gz").write_bytes(b"torn")
    run_batch(plan(place), folder, lambda done, total, what: None)
    assert images(folder) == images(made)


def test_a_mask_changed_meanwhile_stops_the_batch(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "masks", tmp_path / "masks")
    (tmp_path / "tiny").symlink_to(place / "tiny")
    wanted = plan(tmp_path)
    put_mask(tmp_path / "masks" / "whole.nii.gz", body((1, 2)), GRID)
    with pytest.raises(InputError, match=r"whole\.nii\.gz was changed"):
        run_batch(wanted, tmp_path / NAME, lambda done, total, what: None)
    info = read_record(RunFiles(records_of(tmp_path / NAME)).info, RunInfo)
    assert info.state == "failed"
    assert len(done_cases(tmp_path / NAME)) == 4


def test_a_folder_a_sample_holds_what_a_single_run_writes(place: Path, tmp_path: Path) -> None:
    wanted = plan(place, layout="runs", name="runs", lists={"dose": "0.1"})
    run_batch(wanted, tmp_path / "runs", lambda done, total, what: None)
    sample = tmp_path / "runs" / "gaps_dose0p1_seed0"
    assert {path.name for path in sample.iterdir()} >= {"ct.nii.gz", "noise_map.nii.gz", "mask.nii.gz", "preview.png"}
    assert read_volume(sample / "ct.nii.gz").grid.matches(GRID)
    assert not (tmp_path / "runs" / "dataset.json").exists()
    before = images(tmp_path / "runs")
    shutil.rmtree(tmp_path / "runs" / "whole_dose0p1_seed0")
    run_batch(wanted, tmp_path / "runs", lambda done, total, what: None)
    assert images(tmp_path / "runs") == before


def test_labels_may_come_from_the_completed_anatomy(place: Path, tmp_path: Path) -> None:
    write_tiny_model(tmp_path / "tiny", changes={**SMALL, **COMPLETING})
    array = np.zeros(GRID.shape, np.uint8)
    array[2:4, 20:40, 20:40] = LIVER
    put_mask(tmp_path / "masks" / "a.nii.gz", array, GRID)
    given = plan(tmp_path, lists={"dose": "0.1"})
    completed = plan(tmp_path, lists={"dose": "0.1"}, labels=("liver", "body"), label_source="completed")
    for wanted, name in ((given, "given"), (completed, "completed")):
        run_batch(wanted, tmp_path / name / NAME, lambda done, total, what: None)
    maps = {n: read_labels(tmp_path / n / NAME / "labelsTr" / "a_dose0p1_seed0.nii.gz") for n in ("given", "completed")}
    assert set(np.unique(maps["given"].array)) == {0, 1}
    assert (maps["completed"].array == 1).sum() == (maps["given"].array == 1).sum() == 2 * 20 * 20
    assert (maps["completed"].array == 2).any()


def test_an_estimate_leaves_nothing_and_comes_near(place: Path, made: Path, tmp_path: Path) -> None:
    folder = tmp_path / NAME
    facts = estimated(plan(place), folder, {})
    assert (facts["samples"], facts["cases"], facts["slices"], facts["groups"]) == (4, 6, 12, 2)
    assert facts["seconds"] == pytest.approx(12 * facts["seconds_per_slice"], abs=0.06)  # in tenths
    assert facts["seconds"] > 0
    written = sum(len(data) for data in images(made).values())
    assert 0.5 * written < facts["disk_bytes"] < 3 * written
    assert written < facts["disk_bytes_at_most"]
    assert not folder.exists()
    assert estimated(plan(place), folder, done_cases(made))["seconds"] == 0


def test_a_place_that_refuses_is_told_and_what_was_made_stays(place: Path, tmp_path: Path) -> None:
    folder = tmp_path / NAME

    def report(done: float, total: float, what: str) -> None:
        if "Sample 3" in what and (folder / "labelsTr").is_dir():
            shutil.rmtree(folder / "labelsTr")
            (folder / "labelsTr").write_text("in the way")

    with pytest.raises(StorageError):
        run_batch(plan(place), folder, report)
    assert read_record(RunFiles(records_of(folder)).info, RunInfo).state == "failed"
    (folder / "labelsTr").unlink()
    run_batch(plan(place), folder, lambda done, total, what: None)
    assert len(done_cases(folder)) == 6
