"""Runs as processes of their own: started, found again, wished for, and told from dead ones."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

import scripted_trainer
from ctstudio.catalog.recipes import load_recipe
from ctstudio.core.errors import Cancelled, InputError, StorageError
from ctstudio.jobs.training_errands import estimate, promote
from ctstudio.jobs.training_runs import RECIPE_FILE, TrainingRuns
from ctstudio.jobs.training_status import GONE, RunStatus, is_alive, log_tail
from ctstudio.protocol.training_run import RunFiles, RunInfo, Wanted, read_record, replace_record
from scripted_trainer import settings


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., TrainingRuns]]:
    made: list[TrainingRuns] = []

    def maker(script: str = "steady", calls: Path | None = None) -> TrainingRuns:
        made.append(TrainingRuns(tmp_path / "training", scripted_trainer.command(script, calls)))
        return made[-1]

    yield maker
    for runs in made:
        for status in runs.statuses():
            runs.wish(status.folder, "stop")
    for runs in made:
        for child in runs._children:
            child.wait(10)


def until(runs: TrainingRuns, state: str, folder: Path | None = None) -> RunStatus:
    end = time.monotonic() + 15
    while time.monotonic() < end:
        for status in runs.statuses():
            if status.info.state == state and folder in (None, status.folder):
                return status
        time.sleep(0.02)
    raise AssertionError(f"no run became {state}: {runs.statuses()}")


def test_a_run_starts_at_once_and_another_window_finds_it(make: Callable[..., TrainingRuns]) -> None:
    runs = make()
    folder = runs.places.free_folder("My run!")
    assert folder.name == "my-run"
    launch = runs.start(settings(), folder)
    assert runs.statuses()[0].info.state in ("starting", "running")
    assert runs.statuses()[0].info.title == "My run"
    assert os.getsid(launch.pid) == launch.pid  # its own session: it outlives the window
    other = make()
    assert until(other, "running").folder.resolve() == folder.resolve()
    assert load_recipe(str(folder / RECIPE_FILE)).title == "My run"
    assert runs.places.free_folder("My run!").name == "my-run-2"


def test_pause_resume_and_stop_are_obeyed(make: Callable[..., TrainingRuns]) -> None:
    runs = make()
    folder = runs.places.free_folder("a")
    runs.start(settings(), folder)
    until(runs, "running")
    runs.wish(folder, "pause")
    step = until(runs, "paused").info.step
    runs.wish(folder, "run")
    assert until(runs, "running").info.step >= step
    runs.wish(folder, "stop")
    status = until(runs, "stopped")
    assert status.over
    assert read_record(RunFiles(folder).wanted, Wanted) == Wanted(wish="stop")
    runs.resume(folder)
    assert until(runs, "running").info.step >= status.info.step
    with pytest.raises(InputError, match="at work"):
        runs.resume(folder)


def test_a_killed_process_is_a_failed_run(make: Callable[..., TrainingRuns]) -> None:
    runs = make()
    folder = runs.places.free_folder("a")
    launch = runs.start(settings(), folder)
    until(runs, "running")
    psutil.Process(launch.pid).kill()
    status = until(runs, "failed")
    assert status.info.message == GONE
    assert "Resume" in status.info.remedy
    runs.resume(folder)
    until(runs, "running")


def test_a_process_that_ends_without_a_word(make: Callable[..., TrainingRuns]) -> None:
    runs = make("vanish")
    folder = runs.places.free_folder("a")
    runs.start(settings(), folder)
    assert until(runs, "failed").info.message == GONE
    assert "training begins" in log_tail(folder)


def test_a_refusal_before_the_first_word_is_told(make: Callable[..., TrainingRuns]) -> None:
    runs = make("refuse")
    runs.start(settings(), runs.places.free_folder("a"))
    status = until(runs, "failed")
    assert "another system" in status.info.message
    assert status.info.title == "My run"


def test_a_later_process_of_the_same_number_is_not_the_run(tmp_path: Path) -> None:
    me = psutil.Process()
    assert is_alive(me.pid, me.create_time())
    assert not is_alive(me.pid, me.create_time() - 100)
    assert not is_alive(0, 0.0)
    info = RunInfo(id="1", recipe="r", title="t", system="na_diff", state="running", pid=me.pid, process_started=1.0)
    folder = tmp_path / "training" / "one"
    folder.mkdir(parents=True)
    replace_record(RunFiles(folder).info, info)
    runs = TrainingRuns(tmp_path / "training")
    assert runs.statuses()[0].info.state == "failed"
    replace_record(RunFiles(folder).info, info.model_copy(update={"host": "another-machine"}))
    assert runs.statuses()[0].info.state == "running"
    RunFiles(folder).info.write_text("{ broken")
    assert "cannot be read" in runs.statuses()[0].info.message


def test_the_list_forgets_a_run_but_never_its_files(tmp_path: Path, make: Callable[..., TrainingRuns]) -> None:
    runs, elsewhere = make("quick"), tmp_path / "elsewhere"
    runs.start(settings(3), elsewhere)
    until(runs, "finished")
    assert runs.statuses()[0].progress == 1.0
    runs.remove(elsewhere)
    assert runs.statuses() == []
    assert (elsewhere / "steps.jsonl").is_file()
    runs.add(elsewhere)
    assert len(runs.statuses()) == 1
    with pytest.raises(InputError, match="no training run"):
        runs.add(tmp_path)
    with pytest.raises(InputError, match="holds a run"):
        runs.start(settings(), elsewhere)


def test_progress_weighs_stages_by_their_steps() -> None:
    info = RunInfo(
        id="1", recipe="r", title="t", system="na_diff", state="running", settings={"denoiser": {"steps": 1000}},
        stages=("data", "denoiser", "figures"), stage="data", step=1, steps=2,
    )  # fmt: skip

    def progress(**changes: object) -> float:
        return RunStatus(Path("x"), info.model_copy(update=changes)).progress

    steps = [
        progress(step=0),
        progress(),
        progress(stage="denoiser", step=500, steps=1000),
        progress(stage="figures", step=0, steps=0),
    ]
    assert steps == sorted(steps)
    assert steps[0] == 0
    assert steps[1] < 0.03
    assert abs(steps[2] - 0.5) < 0.01
    assert progress(stage="", stages=()) == 0
    assert progress(state="finished") == 1
    assert 0 < progress(settings={}) < 1


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    runs = TrainingRuns(tmp_path / "training", scripted_trainer.command())
    with pytest.raises(StorageError, match="file"):
        runs.start(settings(), blocked / "run")


def test_a_damaged_list_does_no_harm(tmp_path: Path) -> None:
    home = tmp_path / "training"
    home.mkdir()
    (home / "known.json").write_text("]")
    assert TrainingRuns(home).statuses() == []


def test_estimate_and_promote_ask_the_command(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    runs, never = TrainingRuns(tmp_path, scripted_trainer.command("quick", calls)), threading.Event()
    found = estimate(runs.words, settings(), 2.0, never)
    assert (found.seconds, found.memory_bytes, found.disk_bytes, found.cost) == (5400.0, 3 * 10**9, 2 * 10**8, 3.0)
    assert found.stages[0].stage == "denoiser"
    assert estimate(runs.words, settings(), 0, never).cost is None
    assert promote(runs.words, tmp_path / "run", "mine", "best", never)["name"] == "mine"
    said = [json.loads(line) for line in calls.read_text().splitlines()]
    assert said[0][0] == "train"
    assert said[0][-4:] == ["--estimate", "--json", "--price", "2"]
    promoted = ["models", "promote", str(tmp_path / "run"), "--name", "mine", "--checkpoint", "best", "--json"]
    assert said[2] == promoted


def test_a_refused_or_cancelled_errand(tmp_path: Path) -> None:
    runs, event = TrainingRuns(tmp_path, scripted_trainer.command("refuse")), threading.Event()
    with pytest.raises(InputError, match="another system"):
        estimate(runs.words, settings(), 0, event)
    event.set()
    with pytest.raises(Cancelled):
        estimate(runs.words, settings(), 0, event)
