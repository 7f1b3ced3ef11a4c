"""TotalSegmentator is found or not, tells how far it is, ends with its children, and loads nothing unasked."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import psutil
import pytest

import scripted_totalsegmentator
from ctstudio.core.errors import Cancelled, EngineError, ModelNotFound
from ctstudio.core.grid import Grid
from ctstudio.io.reading import read_labels
from ctstudio.jobs.total_segmentator import INSTALL, find, load_weights, segment, weights_mb
from ctstudio.jobs.watched_process import HowFar
from small_cases import ct, put

GRID = Grid((6, 20, 24), (2.0, 2.5, 3.0), (-10.0, 5.0, 40.0), ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)))


def run(found, folder: Path, fast: bool = True) -> list[HowFar]:
    heard: list[HowFar] = []
    files = put(folder / "ct.nii.gz", ct(1, GRID.shape), GRID), folder / "organs.nii.gz"
    segment(found, files, folder / "home", fast, heard.append, threading.Event())
    return heard


def asked(folder: Path, program: str = "TotalSegmentator") -> dict:
    return json.loads((folder / f"{program}.json").read_text())


def test_it_is_found_on_the_path_with_its_weights(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert find() is None
    scripted_totalsegmentator.install(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(tmp_path / "bin" / "weights"))
    found = find()
    assert found is not None
    assert (found.has_weights(fast=True), found.has_weights(fast=False)) == (True, False)
    monkeypatch.delenv("TOTALSEG_WEIGHTS_PATH")
    monkeypatch.setenv("TOTALSEG_HOME_DIR", str(tmp_path / "elsewhere"))
    assert find().weights == tmp_path / "elsewhere" / "nnunet" / "results"
    assert "ctstudio[totalsegmentator]" in INSTALL


def test_a_scan_becomes_labels_on_its_own_voxels_and_progress_is_told(tmp_path) -> None:
    found = scripted_totalsegmentator.install(tmp_path / "bin", weights="all")
    heard = run(found, tmp_path, fast=False)
    shares = [one.share for one in heard if one.share is not None]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert 0.2 in shares
    assert "Predicting part 3 of 5 ..." in [one.words for one in heard]
    labels = read_labels(tmp_path / "organs.nii.gz")
    assert {scripted_totalsegmentator.LIVER, scripted_totalsegmentator.SPLEEN} == set(labels.present())
    assert labels.grid.spacing_mm == pytest.approx((2.5, 2.0, 3.0))  # in LPS


def test_it_runs_offline_tells_nobody_and_keeps_its_own_settings_apart(tmp_path) -> None:
    found = scripted_totalsegmentator.install(tmp_path / "bin")
    run(found, tmp_path)
    words, environment = asked(tmp_path / "bin")["words"], asked(tmp_path / "bin")["environment"]
    assert "--fast" in words
    assert "--ml" in words
    assert environment["HTTPS_PROXY"] == environment["http_proxy"] == "http://127.0.0.1:9"
    assert environment["TOTALSEG_HOME_DIR"] == str(tmp_path / "home")
    assert json.loads((tmp_path / "home" / "config.json").read_text())["send_usage_stats"] is False
    assert not any(name.startswith("QT_") for name in environment)


def test_without_weights_nothing_is_started_and_they_are_loaded_when_asked_for(tmp_path) -> None:
    found = scripted_totalsegmentator.install(tmp_path / "bin", weights="")
    with pytest.raises(ModelNotFound, match="not on this machine") as error:
        run(found, tmp_path)
    assert str(weights_mb(fast=True)) in error.value.remedy
    assert not (tmp_path / "bin" / "TotalSegmentator.json").exists()
    load_weights(found, tmp_path / "home", True, lambda _: None, threading.Event())
    told = asked(tmp_path / "bin", "totalseg_download_weights")
    assert told["words"] == ["-t", "total_fast"]
    assert told["environment"].get("HTTPS_PROXY") != "http://127.0.0.1:9"
    assert run(found, tmp_path)


def test_cancelling_ends_it_at_once_and_leaves_no_process(tmp_path) -> None:
    found = scripted_totalsegmentator.install(tmp_path / "bin", script="hang")
    cancelled = threading.Event()
    files = put(tmp_path / "ct.nii.gz", ct(1, GRID.shape), GRID), tmp_path / "organs.nii.gz"

    def told(how_far: HowFar) -> None:
        if how_far.share == 1.0:
            cancelled.set()

    began = time.monotonic()
    with pytest.raises(Cancelled):
        segment(found, files, tmp_path / "home", True, told, cancelled)
    assert time.monotonic() - began < 30
    assert not psutil.pid_exists(asked(tmp_path / "bin")["pid"])
    assert not (tmp_path / "organs.nii.gz").exists()


@pytest.mark.parametrize(("script", "words"), [("fail", "no such network"), ("killed", "memory ran short")])
def test_a_failure_says_why_and_keeps_its_last_words(tmp_path, script, words) -> None:
    found = scripted_totalsegmentator.install(tmp_path / "bin", script=script)
    with pytest.raises(EngineError, match=words) as error:
        run(found, tmp_path)
    assert error.value.detail
