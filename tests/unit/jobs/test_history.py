"""The history of jobs on disk."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ctstudio.core.errors import StorageError
from ctstudio.jobs.history import History
from ctstudio.jobs.job import Job, JobState
from ctstudio.protocol.request import Request

REQUEST = Request("r1", "na_diff", "generate", "demo", {"dose": 0.25, "seed": 7}, input_files={"mask": "m.nii.gz"})


def job(identity: str, state: JobState, created: str) -> Job:
    return Job(identity, dataclasses.replace(REQUEST, id=identity), state, created=created)


def test_jobs_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "jobs.sqlite"
    history = History(path)
    history.record(job("a", "finished", "2026-01-01"))
    history.record(job("b", "running", "2026-01-02"))
    history.record(job("c", "queued", "2026-01-03"))
    history.saved("a", "/out/0001")
    history.saved("a", "/out/0002")
    history.close()
    entries = History(path).entries()
    assert [(e.id, e.state) for e in entries] == [("c", "stopped"), ("b", "stopped"), ("a", "finished")]
    assert entries[2].parameters == {"dose": 0.25, "seed": 7}
    assert entries[2].input_files == {"mask": "m.nii.gz"}
    assert entries[2].saved == ("/out/0001", "/out/0002")
    assert "closed" in entries[0].message


def test_a_change_keeps_what_was_saved(tmp_path: Path) -> None:
    history = History(tmp_path / "jobs.sqlite")
    history.record(job("a", "running", "2026-01-01"))
    history.saved("a", "/out")
    history.record(dataclasses.replace(job("a", "failed", "2026-01-01"), message="why", ended="2026-01-01T01"))
    (entry,) = history.entries()
    assert (entry.state, entry.message, entry.saved, entry.ended) == ("failed", "why", ("/out",), "2026-01-01T01")


def test_only_the_latest_are_read(tmp_path: Path) -> None:
    history = History(tmp_path / "jobs.sqlite")
    for day in range(1, 10):
        history.record(job(str(day), "finished", f"2026-01-0{day}"))
    assert [e.id for e in history.entries(limit=2)] == ["9", "8"]


@pytest.mark.parametrize("content", [b"this is not a database, not at all" * 40, None])
def test_a_file_that_cannot_be_used_is_said(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "jobs.sqlite"
    path.write_bytes(content) if content else path.mkdir()
    with pytest.raises(StorageError, match="cannot be used"):
        History(path)


def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StorageError, match="newer"):
        History(path)


def test_a_history_that_cannot_be_used_is_not_held_open(tmp_path: Path) -> None:
    import psutil

    path = tmp_path / "jobs.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")
    refusals = []
    try:
        History(path)
    except StorageError as error:
        refusals.append(error)  # keeps the half-made history alive through its traceback
    assert len(refusals) == 1
    assert str(path) not in [file.path for file in psutil.Process().open_files()]
