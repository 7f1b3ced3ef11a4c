"""Jobs beyond one sitting: what was asked, how it ended, where it was saved. SQLite, without any image."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctstudio.core.errors import StorageError
from ctstudio.jobs.job import Job, JobState

_VERSION = 1
_TABLE = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, system TEXT NOT NULL, task TEXT NOT NULL, model TEXT NOT NULL,
    parameters TEXT NOT NULL, input_files TEXT NOT NULL, state TEXT NOT NULL, message TEXT NOT NULL,
    created TEXT NOT NULL, started TEXT NOT NULL, ended TEXT NOT NULL, saved TEXT NOT NULL DEFAULT '[]'
)"""
_UPSERT = """
INSERT INTO jobs (id, system, task, model, parameters, input_files, state, message, created, started, ended)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, message = excluded.message,
    started = excluded.started, ended = excluded.ended"""
_LATEST = """
SELECT id, system, task, model, parameters, input_files, state, message, created, started, ended, saved
FROM jobs ORDER BY created DESC, rowid DESC LIMIT ?"""
_SAVED = "UPDATE jobs SET saved = json_insert(saved, '$[#]', ?) WHERE id = ?"
_LEFT_OPEN = """
UPDATE jobs SET state = 'stopped', message = 'The program was closed before this job was done.'
WHERE state IN ('queued', 'running')"""


@dataclass(frozen=True)
class Entry:
    """A job as it is remembered.

    Attributes:
        id: The request's id.
        system: For example "na_diff"; likewise `task` and `model`.
        parameters: JSON values.
        input_files: Where the inputs came from, by name.
        state: How it ended.
        message: Why, when it failed.
        created: UTC, ISO 8601; likewise `started` and `ended`, empty when it never came to that.
        saved: Places its results were saved at.
    """

    id: str
    system: str
    task: str
    model: str
    parameters: dict[str, Any]
    input_files: dict[str, str]
    state: JobState
    message: str
    created: str
    started: str
    ended: str
    saved: tuple[str, ...]


class History:
    """A file of jobs. On opening, jobs that were never ended become "stopped". One thread alone may use it.

    Args:
        path: The file; made, with its folder, when missing.

    Raises:
        StorageError: It cannot be written, is no history, or comes from a newer version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._told(), ExitStack() as undo:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path)
            undo.callback(self._database.close)
            self._database.row_factory = sqlite3.Row
            version = self._database.execute("PRAGMA user_version").fetchone()[0]
            if version > _VERSION:
                raise StorageError(
                    f"The history {path} was written by a newer CT Studio.", "Update CT Studio, or move the file away."
                )
            with self._database:
                self._database.execute(_TABLE)
                self._database.execute(_LEFT_OPEN)
                self._database.execute(f"PRAGMA user_version = {_VERSION}")
            undo.pop_all()

    def record(self, job: Job) -> None:
        """Write a job, or what has changed in it.

        Raises:
            StorageError: The file cannot be written.
        """
        request = job.request
        row = (
            job.id, request.system, request.task, request.model, json.dumps(request.parameters, default=str),
            json.dumps(request.input_files), job.state, job.message, job.created, job.started, job.ended,
        )  # fmt: skip
        with self._told(), self._database:
            self._database.execute(_UPSERT, row)

    def saved(self, job_id: str, place: str) -> None:
        """Note a place that a job's result was saved at.

        Raises:
            StorageError: The file cannot be written.
        """
        with self._told(), self._database:
            self._database.execute(_SAVED, (place, job_id))

    def entries(self, limit: int = 200) -> list[Entry]:
        """The latest jobs, the newest first.

        Raises:
            StorageError: The file cannot be read.
        """
        with self._told():
            return [_entry(row) for row in self._database.execute(_LATEST, (limit,)).fetchall()]

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Faults of the file in our words."""
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            raise StorageError(
                f"The history of jobs {self._path} cannot be used: {error}.",
                "Make room on the disk, or move the file away; jobs go on without it.",
            ) from error


def _entry(row: sqlite3.Row) -> Entry:
    values: dict[str, Any] = dict(row)
    for name in ("parameters", "input_files", "saved"):
        values[name] = json.loads(values[name])
    return Entry(**{**values, "saved": tuple(values["saved"])})
