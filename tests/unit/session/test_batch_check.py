"""A batch looked at before it begins; masks that have not changed are not read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctstudio.core.errors import Cancelled, InputError, StorageError
from ctstudio.io.batch_folder import begin
from ctstudio.session.batch_check import BatchCheck, BatchChecks
from small_masks import blocks, model_info, put_mask, settings


@pytest.fixture
def place(tmp_path: Path) -> Path:
    put_mask(tmp_path / "masks" / "a.nii.gz")
    (tmp_path / "few").mkdir()
    model_info().model_copy(update={"files": {}}).write(tmp_path / "few")
    return tmp_path


def check(place: Path, checks: BatchChecks, told: list[str], name: str = "0.1, 0.5") -> BatchCheck:
    asked = settings(place / "masks", str(place / "few"), lists={"dose": name})
    folder = place / "Dataset501_Synthetic"
    return checks.check(asked, folder, lambda done, total, what: told.append(what), lambda: False)


def test_masks_are_read_again_only_when_they_changed(place: Path) -> None:
    checks, told = BatchChecks(), []
    found = check(place, checks, told)
    assert (found.counts.samples, found.begun) == (2, False)
    assert check(place, checks, told, "0.25").counts.samples == 1
    assert len(told) == 1
    put_mask(place / "masks" / "b.nii.gz", blocks((1,)))
    assert check(place, checks, told).counts.samples == 4
    assert len(told) == 3


def test_what_was_begun_goes_on_and_another_is_refused(place: Path) -> None:
    checks, told = BatchChecks(), []
    begin(place / "Dataset501_Synthetic", check(place, checks, told).plan)
    assert check(place, checks, told).begun
    with pytest.raises(InputError, match="another batch"):
        check(place, checks, told, "0.25")


def test_a_disk_without_room_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    usage = shutil.disk_usage(place)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(StorageError, match="are free"):
        check(place, BatchChecks(), [])


def test_a_check_can_be_stopped(place: Path) -> None:
    asked = settings(place / "masks", str(place / "few"))
    with pytest.raises(Cancelled):
        BatchChecks().check(asked, place / "x", lambda done, total, what: None, lambda: True)


def test_the_pace_depends_on_what_takes_time(place: Path) -> None:
    checks = BatchChecks()
    first, other = check(place, checks, []), check(place, checks, [], "0.25")
    assert first.pace_key == other.pace_key
    slower = settings(place / "masks", str(place / "few"), lists={"steps": "50"})
    third = checks.check(slower, place / "x" / "Dataset501_Synthetic", lambda *_: None, lambda: False)
    assert third.pace_key != first.pace_key
