"""Batches as processes: started, found again, stopped, taken up, forgotten."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

import scripted_batch
from ctstudio.catalog.batch import BatchSettings, records_of
from ctstudio.cli.main import build
from ctstudio.core.errors import InputError
from ctstudio.jobs.batch_runs import BatchRuns, command_words
from small_masks import blocks, model_info, put_mask, settings

NAME = "Dataset501_Synthetic"


@pytest.fixture
def asked(tmp_path: Path) -> BatchSettings:
    for number in range(2):
        put_mask(tmp_path / "masks" / f"p{number}.nii.gz", blocks(shift=number))
    (tmp_path / "few").mkdir()
    model_info().model_copy(update={"files": {}}).write(tmp_path / "few")
    return settings(tmp_path / "masks", str(tmp_path / "few"), lists={"seed": "0-2"})


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not come about"
        time.sleep(0.05)


def state(runs: BatchRuns) -> str:
    return runs.statuses()[0].info.state


def test_a_batch_runs_stops_and_goes_on(tmp_path: Path, asked: BatchSettings) -> None:
    runs, folder = BatchRuns(tmp_path / "home", scripted_batch.command(0.1)), tmp_path / NAME
    launch = runs.start(asked, folder)
    assert state(runs) == "starting"
    with pytest.raises(InputError, match="at work"):
        runs.start(asked, folder)
    until(lambda: state(runs) == "running" and runs.statuses()[0].info.step >= 1)
    if hasattr(psutil, "Process"):
        assert psutil.Process(launch.pid).nice() > 0
    again = BatchRuns(tmp_path / "home", scripted_batch.command(0.01))  # another window
    assert [one.folder for one in again.statuses()] == [records_of(folder).resolve()]
    again.stop(folder)
    until(lambda: state(again) == "stopped")
    assert not (folder / "dataset.json").exists()
    again.go_on(folder, BatchSettings.model_validate(again.statuses()[0].info.settings))
    until(lambda: state(again) == "finished")
    assert again.statuses()[0].progress == 1.0
    assert (folder / "dataset.json").exists()
    again.forget(folder)
    assert again.statuses() == []
    assert (folder / "dataset.json").exists()


def test_a_refusal_is_told_from_the_log(tmp_path: Path, asked: BatchSettings) -> None:
    runs = BatchRuns(tmp_path / "home", scripted_batch.command())
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "thesis.txt").write_text("mine")
    runs.start(asked, tmp_path / NAME)
    until(lambda: state(runs) == "failed")
    assert "holds no batch" in runs.statuses()[0].info.message
    assert (tmp_path / NAME / "thesis.txt").read_text() == "mine"


def test_an_estimate_is_an_answer_and_leaves_nothing(tmp_path: Path, asked: BatchSettings) -> None:
    runs = BatchRuns(tmp_path / "home", scripted_batch.command())
    facts = runs.estimate(asked, tmp_path / NAME, threading.Event())
    assert (facts["samples"], facts["cases"]) == (12, 12)
    assert facts["seconds"] > 0
    assert not (tmp_path / NAME).exists()
    assert runs.statuses() == []


def test_the_words_of_a_batch_give_its_settings_back(asked: BatchSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    from ctstudio.cli import batch_command

    heard: list[BatchSettings] = []
    monkeypatch.setattr(batch_command, "run", lambda card, given: heard.append(batch_command._settings(card, given)))
    rich = {"labels": ("liver", "spleen"), "patient_pattern": r"(p\d)", "leave_out": True, "device": "cpu"}
    full = asked.model_copy(update=rich | {"sweeps": {**asked.sweeps, "complete": (True, False), "seed": (3, 7)}})
    for one in (asked, full):
        words = [*command_words(one), "--out", "raw"]
        build(words)(args=words, standalone_mode=False)
    assert heard == [asked, full]
