"""What is said of batches, and which one is shown."""

from __future__ import annotations

from pathlib import Path

from ctstudio.jobs.training_status import RunStatus
from ctstudio.protocol.training_run import RunInfo, State
from ctstudio.session.batches import Batches
from ctstudio.session.notices import Notices


def status(name: str, state: State, step: int = 2) -> RunStatus:
    info = RunInfo(id=name, recipe="batch", title=name, system="na_diff", state=state, step=step, steps=9)
    return RunStatus(Path("raw", name, "batch"), info)


def test_an_end_is_told_once() -> None:
    notices = Notices()
    batches = Batches(notices)
    batches.take([status("a", "running"), status("b", "finished")])
    assert notices.items == ()
    batches.take([status("a", "finished"), status("b", "finished")])
    batches.take([status("a", "finished"), status("b", "finished")])
    assert [notice.text for notice in notices.items] == ["The data set a is finished."]


def test_at_the_start_what_waits_to_go_on_is_told() -> None:
    notices = Notices()
    Batches(notices).take([status("a", "stopped"), status("b", "failed"), status("c", "finished")])
    assert [notice.text.split(" is ")[0] for notice in notices.items] == ["The data set a", "The data set b"]


def test_the_one_at_work_is_shown_then_what_is_open_then_the_newest() -> None:
    batches = Batches(Notices())
    assert batches.shown is None
    batches.take([status("new", "finished"), status("open", "stopped"), status("busy", "running")])
    assert batches.shown is batches.at_work
    assert batches.shown.info.title == "busy"
    batches.take([status("new", "finished"), status("open", "stopped"), status("busy", "finished")])
    assert batches.shown.info.title == "open"
    batches.take([status("new", "finished"), status("open", "finished")])
    assert batches.shown.info.title == "new"


def test_changes_alone_are_announced() -> None:
    batches, heard = Batches(Notices()), []
    batches.changed.connect(lambda: heard.append(1))
    batches.take([])
    batches.take([])
    batches.take([status("a", "running")])
    batches.take([status("a", "running")])
    batches.take([status("a", "running", 3)])
    assert len(heard) == 3
