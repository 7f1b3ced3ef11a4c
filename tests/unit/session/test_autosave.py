"""Painted masks survive a crash; a clean save leaves nothing behind; the window never waits."""

import json
import os
import subprocess
import sys
import textwrap
import time
from dataclasses import replace

import numpy as np
import pytest

from ctstudio.session import autosave_files
from ctstudio.session.autosave import Autosave
from ctstudio.session.autosave_files import read_record, write_record
from ctstudio.session.document import Document
from ctstudio.session.notices import Notices
from ctstudio.session.recovery import Recovery, recover
from ctstudio.session.saving import save_mask


@pytest.fixture
def case(scan):
    return Document().open_volume(scan)


@pytest.fixture
def autosave(tmp_path):
    keeper = Autosave(tmp_path / "auto", Notices(), quiet_seconds=0.02)
    yield keeper
    keeper.close()


def wait_for(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()


def files_of(autosave, case):
    try:
        return sorted(os.listdir(autosave.folder / case.id))
    except FileNotFoundError:  # the folder goes with its last file, by another thread
        return []


def test_the_worker_writes_by_itself_when_painting_rests(autosave, case):
    autosave.watch(case)
    case.mask.stamp((6, 20, 20), 0)
    folder = autosave.folder / case.id
    wait_for(lambda: (folder / "autosave.json").is_file())
    record = read_record(folder)
    assert np.array_equal(record.labels().array, case.mask.array)
    assert len(record.slices) == 1
    assert record.grid == case.mask.grid
    assert record.table == case.mask.table


def test_only_the_newest_state_is_kept(autosave, case):
    autosave.watch(case)
    for z in range(3, 7):
        case.mask.stamp((z, 20, 20), 0)
        autosave.flush()
    names = files_of(autosave, case)
    assert len(names) == 2
    assert np.array_equal(read_record(autosave.folder / case.id).labels().array, case.mask.array)


def test_a_never_resting_painter_is_saved_too(tmp_path, case):
    keeper = Autosave(tmp_path / "auto", Notices(), quiet_seconds=60.0, longest_seconds=0.05)
    keeper.watch(case)
    end = time.monotonic() + 5.0
    while "autosave.json" not in files_of(keeper, case) and time.monotonic() < end:
        case.mask.stamp(tuple(np.random.default_rng().uniform(0, 12, 3)), 0)
        time.sleep(0.005)
    assert "autosave.json" in files_of(keeper, case)
    keeper.close()


def test_a_clean_save_removes_it_and_the_next_stroke_brings_it_back(autosave, case, tmp_path):
    autosave.watch(case)
    case.mask.stamp((6, 20, 20), 0)
    autosave.flush()
    assert files_of(autosave, case)
    save_mask(case, tmp_path / "mask.nii.gz", autosave)
    wait_for(lambda: not files_of(autosave, case))
    case.mask.stamp((2, 20, 20), 0)
    wait_for(lambda: "autosave.json" in files_of(autosave, case))


def test_strokes_painted_while_the_mask_is_saved_stay_safe(autosave, case, tmp_path):
    autosave.watch(case)
    case.mask.stamp((6, 20, 20), 0)
    autosave.flush()
    original = case.mask.snapshot

    def snapshot(name):
        taken = original(name)
        case.mask.stamp((2, 20, 20), 0)  # the painter goes on while the file is written
        return taken

    case.mask.snapshot = snapshot
    save_mask(case, tmp_path / "mask.nii.gz", autosave)
    autosave.flush()
    assert case.mask.modified
    assert autosave.keeps(case)
    assert np.array_equal(read_record(autosave.folder / case.id).labels().array, case.mask.array)


def test_a_mask_erased_to_nothing_leaves_no_record(autosave, case):
    autosave.watch(case)
    case.mask.stamp((6, 20, 20), 0)
    autosave.flush()
    case.mask.clear()
    autosave.flush()
    assert not autosave.keeps(case)


def test_a_record_without_labels_is_not_offered(tmp_path, autosave, case):
    autosave.watch(case)
    case.mask.stamp((6, 20, 20), 0)
    autosave.flush()
    dead = tmp_path / "auto" / "20200101T000000000000-999999999" / "case"
    record = read_record(autosave.folder / case.id)
    write_record(dead, replace(record, slices=record.slices[:0]))
    assert recover(tmp_path / "auto") == Recovery((), ())
    assert not dead.exists()


def test_a_closed_case_is_not_watched_any_more(autosave, case):
    autosave.watch(case)
    case.mask.stamp((6, 20, 20), 0)
    autosave.unwatch(case)
    case.mask.stamp((2, 20, 20), 0)
    autosave.flush()
    assert not autosave.folder.exists()


def test_trouble_with_the_disk_is_told_and_the_mask_stays(tmp_path, case):
    (tmp_path / "auto").write_text("a file where the folder should be")
    notices = Notices()
    keeper = Autosave(tmp_path / "auto", notices, quiet_seconds=60.0)
    keeper.watch(case)
    case.mask.stamp((6, 20, 20), 0)
    keeper.close()
    assert notices.latest.level == "warning"
    assert "could not be kept safe" in notices.latest.text
    assert not case.mask.empty


def test_a_full_disk_leaves_the_older_state_whole(autosave, case, monkeypatch):
    autosave.watch(case)
    case.mask.stamp((6, 20, 20), 0)
    autosave.flush()
    older = read_record(autosave.folder / case.id).labels().array

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    case.mask.stamp((2, 20, 20), 0)
    with monkeypatch.context() as patched:
        patched.setattr(autosave_files.os, "fsync", full)
        autosave.flush()
    assert np.array_equal(read_record(autosave.folder / case.id).labels().array, older)
    assert len(files_of(autosave, case)) == 2


CRASHING = """
    import os, sys
    from pathlib import Path
    import numpy as np
    from ctstudio.core.grid import Grid
    from ctstudio.core.volume import Volume
    from ctstudio.session.autosave import Autosave
    from ctstudio.session.document import Document
    grid = Grid((12, 40, 50), (0.8, 1.2, 5.0))
    document = Document()
    case = document.open_volume(Volume(np.zeros(grid.shape, np.int16), grid, name="crashed"), Path("/scan.nii"))
    keeper = Autosave(Path(sys.argv[1]), document.notices, quiet_seconds=60.0)
    keeper.watch(case)
    case.mask.stamp((6, 20, 20), 0)
    keeper.flush()
    np.save(sys.argv[2], case.mask.array)
    os._exit(9)
"""


def test_a_crashed_run_is_recovered_and_a_living_one_is_left_alone(tmp_path, autosave, case):
    folder = tmp_path / "auto"
    expected = tmp_path / "expected.npy"
    code = textwrap.dedent(CRASHING)
    assert subprocess.run([sys.executable, "-c", code, str(folder), str(expected)], check=False).returncode == 9
    autosave.watch(case)
    case.mask.stamp((2, 20, 20), 0)
    autosave.flush()
    recovery = recover(folder)
    assert len(recovery.masks) == 1
    (found,) = recovery.masks
    assert (found.record.name, found.record.scan_path) == ("crashed", os.path.normpath("/scan.nii"))
    assert np.array_equal(found.record.labels().array, np.load(expected))
    document = Document()
    assert np.array_equal(document.import_mask(found.record.labels()).mask.array, np.load(expected))
    found.forget()
    assert recover(folder).masks == ()
    assert files_of(autosave, case)


@pytest.mark.parametrize("damage", ["truncate data", "remove data", "broken json", "wrong shape"])
def test_a_damaged_record_is_a_note(tmp_path, autosave, case, damage):
    autosave.watch(case)
    case.mask.stamp((6, 20, 20), 0)
    autosave.flush()
    dead = tmp_path / "auto" / "20200101T000000000000-999999999" / "case"
    write_record(dead, read_record(autosave.folder / case.id))
    data, index = next(dead.glob("*.npy")), dead / "autosave.json"
    if damage == "truncate data":
        data.write_bytes(data.read_bytes()[:100])
    elif damage == "remove data":
        data.unlink()
    elif damage == "broken json":
        index.write_text("{")
    else:
        index.write_text(json.dumps(json.loads(index.read_text()) | {"first_slice": 40}))
    recovery = recover(tmp_path / "auto")
    assert recovery.masks == ()
    assert len(recovery.notes) == 1


def test_no_folder_means_nothing_to_recover(tmp_path):
    assert recover(tmp_path / "none").masks == ()
