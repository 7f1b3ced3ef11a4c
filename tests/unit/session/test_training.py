"""The list of runs, which are looked at, and what is said when one ends."""

from __future__ import annotations

from pathlib import Path

import pytest

import scripted_trainer
from ctstudio.jobs.training_reading import Fresh
from ctstudio.jobs.training_status import RunStatus
from ctstudio.protocol.training_run import RunInfo, SampleLine, State
from ctstudio.session.notices import Notices
from ctstudio.session.training import Training

A, B, C = Path("/runs/a"), Path("/runs/b"), Path("/runs/c")


def status(folder: Path, state: State = "running", step: int = 0) -> RunStatus:
    info = RunInfo(id="", recipe="r", title=folder.name, system="na_diff", state=state, step=step, steps=100)
    return RunStatus(folder, info)


def fresh(folder: Path, *steps: int, samples: tuple[int, ...] = (), restarted: bool = False) -> Fresh:
    drawn = tuple(SampleLine(stage="denoiser", step=s, number=1, title="m", file=f"{s}") for s in samples)
    return Fresh(folder, restarted, tuple(scripted_trainer.step_line(s) for s in steps), (), drawn)


@pytest.fixture
def training() -> Training:
    training = Training(Notices())
    training.take_runs([status(A), status(B), status(C)])
    return training


def test_the_newest_is_chosen_and_others_can_be_compared(training: Training) -> None:
    assert training.chosen == status(A)
    training.compare(A, True)
    training.choose(B)
    assert [s.folder for s in training.shown] == [A, B]
    training.compare(C, True)
    training.choose(C)
    assert [s.folder for s in training.shown] == [A, C]
    training.compare(A, False)
    assert [s.folder for s in training.shown] == [C]
    training.step(-1)
    assert training.chosen.folder == B
    training.step(5)
    assert training.chosen.folder == C


def test_a_run_that_is_gone_is_no_longer_shown(training: Training) -> None:
    training.compare(B, True)
    training.take_runs([status(C)])
    assert [s.folder for s in training.shown] == [C]
    training.take_runs([])
    assert training.chosen is None
    assert training.shown == ()
    training.step(1)


def test_nothing_is_said_when_nothing_changed(training: Training) -> None:
    heard: list[str] = []
    training.runs_changed.connect(lambda: heard.append("runs"))
    training.take_runs([status(A), status(B), status(C)])
    training.take_fresh(Fresh(A))
    assert heard == []
    training.take_runs([status(A, step=5), status(B), status(C)])
    assert heard == ["runs"]


def test_ends_are_told_once_and_only_when_seen(training: Training) -> None:
    notices = training._notices
    training.take_runs([status(A, "finished"), status(B, "failed"), status(C)])
    training.take_runs([status(A, "finished", 100), status(B, "failed"), status(C)])
    assert [n.level for n in notices.items] == ["info", "error"]
    fresh_window = Training(Notices())
    fresh_window.take_runs([status(A, "failed")])
    assert fresh_window._notices.items == ()


def test_what_runs_write_is_kept_and_forgotten_when_they_begin_anew(training: Training) -> None:
    heard: list[str] = []
    training.curves_changed.connect(lambda: heard.append("curves"))
    training.take_fresh(fresh(A, 1, 2))
    training.take_fresh(fresh(B, 1))
    assert heard == ["curves"]  # B is not looked at
    assert len(training.curves(A).stages["denoiser"]) == 2
    assert len(training.curves(B).stages["denoiser"]) == 1
    training.take_fresh(fresh(A, 1, restarted=True))
    assert len(training.curves(A).stages["denoiser"]) == 1


def test_the_newest_sample_is_followed_until_another_is_chosen(training: Training) -> None:
    training.take_fresh(fresh(A, samples=(10, 20)))
    assert training.moment == ("denoiser", 20)
    training.take_fresh(fresh(A, samples=(30,)))
    assert training.moment == ("denoiser", 30)
    training.step_moment(-1)
    training.take_fresh(fresh(A, samples=(40,)))
    assert training.moment == ("denoiser", 20)
    training.look_at_moment(99)
    training.take_fresh(fresh(A, samples=(50,)))
    assert training.moment == ("denoiser", 50)
    training.choose(B)
    assert training.moment is None
    training.step_moment(1)


def test_a_run_started_here_is_looked_at_at_once(training: Training) -> None:
    new = Path("/runs/new")
    training.started(new, status(new, "starting"))
    assert training.chosen.folder == new
    training.take_runs([status(new, "running"), status(A)])
    assert training.chosen.folder == new
