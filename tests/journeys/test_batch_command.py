"""A person makes a data set of a folder of masks, with the real command: killed, stopped, resumed, refused.

Where no image is compared with one of the real engine, a stand-in for it saves the loading.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import scripted_batch
from command_line import ROOT, Said, ctstudio
from ctstudio.catalog.dataset import read_dataset
from ctstudio.cli.main import run_command
from ctstudio.core.errors import CtStudioError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import values_of
from small_masks import put_mask
from tiny_na_diff import SMALL, write_tiny_model

pytestmark = pytest.mark.timeout(400)

GRID = Grid.centred((6, 64, 64), (6.0, 6.0, 5.0))
[LIVER] = values_of(["liver"])
NAME = "Dataset501_Synthetic"
REAL = [sys.executable, "-m", "ctstudio"]
SETTINGS = ("--doses", "10%,0.5", "--seeds", "0-1", "--steps", "4", "--guidance", "1", "--device", "cpu")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("batch")
    for number in (1, 2):
        array = np.zeros(GRID.shape, np.uint8)
        array[1:5, 20:40, 20 + number : 40] = LIVER
        put_mask(place / "masks" / f"p{number}.nii.gz", array, GRID)
    write_tiny_model(place / "tiny", changes=SMALL)
    return place


def quick(*given: object) -> Said:
    """The real command with a stand-in for the engine."""
    command = [*scripted_batch.command(0.03), *map(str, given)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT, check=False)
    assert "Traceback" not in done.stderr
    return Said(done.returncode, done.stdout, done.stderr)


def words(place: Path, out: Path, *more: str) -> list[str]:
    fixed = ("--masks", str(place / "masks"), "--model", str(place / "tiny"), "--out", str(out))
    return ["batch", "na-diff", "generate", *fixed, *SETTINGS, *more]


@pytest.fixture(scope="module")
def whole(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set made in one go."""
    out = tmp_path_factory.mktemp("raw")
    facts = ctstudio(*words(place, out), "--json").facts
    assert (facts["cases"], facts["samples"], facts["masks"], facts["never"]) == (8, 8, 2, [])
    assert facts["folder"] == str(out / NAME)
    return out / NAME


def files(folder: Path) -> dict[str, bytes]:
    """All that two makings must share: images, label maps, index, splits, record of cases."""
    chosen = [*folder.rglob("*.nii.gz"), *folder.glob("*.json"), folder / "batch" / "cases.jsonl"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in chosen}


def test_killed_it_ends_like_one_left_in_peace(place: Path, whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / NAME
    _ended(REAL, words(place, tmp_path), lambda: _count(folder) >= 3, signal.SIGKILL)
    assert not (folder / "dataset.json").exists()
    assert _count(folder) < 8
    (folder / "imagesTr" / ".torn_0000.nii.gz.12.part").write_bytes(b"half")
    said = ctstudio(*words(place, tmp_path))
    assert said.code == 0
    assert "8 cases from 2 masks" in said.out
    assert files(folder) == files(whole)
    assert not list(folder.rglob(".*.part"))
    # Once more, everything is there: nothing is made again.
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*.nii.gz")}
    assert quick(*words(place, tmp_path), "--json").facts["cases"] == 8
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.nii.gz")} == times


def test_killed_at_any_moment_nothing_is_half(place: Path, tmp_path: Path) -> None:
    folder = tmp_path / "killed" / NAME
    moments = (
        lambda: folder.exists(),
        lambda: (folder / "provenance").exists(),
        lambda: (folder / "imagesTr").exists(),
        lambda: (folder / "labelsTr").exists(),
        lambda: _count(folder) >= 1,
        lambda: _count(folder) >= 5,
        lambda: _count(folder) >= 8,
    )
    for moment in moments:
        _ended(scripted_batch.command(0.02), words(place, folder.parent), moment, signal.SIGKILL)
    assert quick(*words(place, folder.parent)).code == 0
    assert quick(*words(place, tmp_path / "whole")).code == 0
    assert files(folder) == files(tmp_path / "whole" / NAME)
    assert not list(folder.rglob(".*.part"))


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_says_how_to_go_on_and_resume_needs_the_folder_alone(place: Path, tmp_path: Path) -> None:
    folder = tmp_path / "stopped" / NAME
    slow = scripted_batch.command(0.1)
    code, said = _ended(slow, words(place, folder.parent), lambda: _count(folder) >= 2, signal.SIGINT)
    assert code == 130
    last = said.strip().splitlines()[-1]
    assert "of 8 samples are done" in last
    assert "same command again" in last
    again = ("batch", "na-diff", "generate", "--resume", "--out", folder)
    quick(*again, "--doses", "0.1").complains_of("--resume takes the batch's own settings", "--dose")
    assert quick(*again, "--json").facts["cases"] == 8
    assert quick(*words(place, tmp_path / "whole")).code == 0
    assert files(folder) == files(tmp_path / "whole" / NAME)


def test_another_batch_in_the_folder_is_refused_with_what_differs(place: Path, tmp_path: Path) -> None:
    whole = tmp_path / NAME
    quick(*words(place, tmp_path))
    before = files(whole)
    said = quick(*words(place, tmp_path), "--doses", "0.25")
    assert said.code == 2
    assert "dose 0.1, 0.5 there, 0.25 here" in said.err.splitlines()[-1]
    assert files(whole) == before


def test_the_estimate_writes_nothing(place: Path, tmp_path: Path) -> None:
    facts = quick(*words(place, tmp_path / "raw"), "--estimate", "--json").facts
    assert (facts["samples"], facts["cases"], facts["slices"]) == (8, 8, 32)
    assert facts["seconds"] > 0
    assert 0 < facts["disk_bytes"] < facts["disk_bytes_at_most"] < facts["free_bytes"]
    assert facts["fits"]
    assert not (tmp_path / "raw").exists()


def test_the_data_set_is_read_by_our_own_training_and_recreated(whole: Path, tmp_path: Path) -> None:
    build = ("dataset", "build", whole, "--out", tmp_path / "data", "--patient-pattern", r"(p\d)_")
    assert ctstudio(*build, "--json").facts["patients"] == 2
    info = read_dataset(tmp_path / "data")
    assert {name for case in info.cases for name in case.label_voxels} == {"liver"}
    record = whole / "provenance" / "p1_dose0p5_seed1.json"
    assert ctstudio("recreate", record, "--out", tmp_path / "again", "--json").facts["identical"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--doses", ""), ("dose", "empty")),
        (("--doses", "0.1,0"), ("outside 0.05 to 1",)),
        (("--doses", "1.5"), ("outside 0.05 to 1",)),
        (("--seeds", "4-0"), ("4-0",)),
        (("--labels", "spleen"), ("spleen",)),
        (("--label-source", "completed"), ("Name the labels",)),
        (("--label-source", "guessed"), ("--label-source",)),
        (("--layout", "bids"), ("--layout",)),
        (("--name", "Liver"), ("nnU-Net", "Dataset501")),
        (("--patient-pattern", "("), ("regular expression",)),
        (("--model", "nobody"), ("nobody",)),
        (("--masks", "/nowhere"), ("/nowhere",)),
        (("--out", "/proc/raw"), ("Dataset501_Synthetic", "not saved")),
    ],
)
def test_bad_options_are_refused_before_anything_is_written(
    place: Path, tmp_path: Path, more: tuple[str, ...], said: tuple[str, ...]
) -> None:
    with pytest.raises(CtStudioError) as caught:
        run_command(words(place, tmp_path / "raw", *more))
    assert caught.value.exit_code == 2
    assert caught.value.remedy
    for word in said:
        assert word in str(caught.value)
    assert not (tmp_path / "raw").exists()


def test_bad_files_are_refused_or_left_out(place: Path, tmp_path: Path) -> None:
    masks = tmp_path / "masks"
    shutil.copytree(place / "masks", masks)
    (masks / "slice.dcm").write_bytes(b"\0" * 128 + b"DICM")
    given = [str(masks) if word == str(place / "masks") else word for word in words(place, tmp_path / "raw")]
    quick(*given).complains_of("slice.dcm", "DICOM", "--leave-out")
    assert not (tmp_path / "raw").exists()
    facts = quick(*given, "--leave-out", "--seeds", "0", "--doses", "0.5", "--json").facts
    assert facts["cases"] == 2
    assert facts["left_out"][0].startswith("slice.dcm")
    assert "slice.dcm" in (tmp_path / "raw" / NAME / "README.txt").read_text()


def test_help_names_the_cards_parameters() -> None:
    said = ctstudio("batch", "na-diff", "generate", "--help")
    assert said.code == 0
    for word in ("--masks", "--doses", "--seeds", "--steps", "--estimate", "--resume", "--labels"):
        assert word in said.out
    ctstudio("batch", "na-diff", "generate", "--out", "/tmp/x").complains_of("--masks")


def _ended(program: list[str], given: list[str], moment: Callable[[], bool], how: int) -> tuple[int, str]:
    """Start a batch and send it a signal when the moment has come; exit code and what it said."""
    running = subprocess.Popen(
        [*program, *given],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_heed_ctrl_c,
    )
    end = time.monotonic() + 180
    while not moment():
        if running.poll() is not None and running.returncode == 0:
            break  # it was quicker
        assert running.poll() is None, running.communicate()[1]
        assert time.monotonic() < end, "the moment never came"
        time.sleep(0.005)
    running.send_signal(how)
    said = running.communicate(timeout=60)[1]
    return running.returncode, said


def _heed_ctrl_c() -> None:
    """A suite that runs in the background hands down an ignored Ctrl+C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _count(folder: Path) -> int:
    record = folder / "batch" / "cases.jsonl"
    return record.read_bytes().count(b"\n") if record.is_file() else 0
