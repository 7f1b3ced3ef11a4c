"""How a batch stands, on disk while it runs, for whoever watches it; and what they want of it."""

from __future__ import annotations

import os
import socket
import time
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from ctstudio.catalog.batch import BatchPlan, records_of
from ctstudio.core.errors import StorageError
from ctstudio.io.storage import storage_errors
from ctstudio.protocol.training_run import RunFiles, RunInfo, State, Wanted, read_record, replace_record

STAGE = "samples"
KIND = "batch"
_TELL_SECONDS = 1.0


class BatchState:
    """Keeps `run.json` of a batch up to date, as a training run keeps its own.

    Args:
        folder: Of the data set.
        plan: What is made.
        done: Samples that an earlier start has finished.

    Raises:
        StorageError: The folder cannot be written.
    """

    def __init__(self, folder: Path, plan: BatchPlan, done: int) -> None:
        import psutil

        self._files = RunFiles(records_of(folder))
        before = read_record(self._files.info, RunInfo)
        now = _now()
        self._info = RunInfo(
            id=before.id if before else uuid.uuid4().hex,
            recipe=KIND,
            title=folder.name,
            system=plan.settings.system,
            base=plan.settings.model,
            data=plan.settings.masks,
            settings=plan.settings.model_dump(mode="json"),
            pid=os.getpid(),
            process_started=psutil.Process().create_time(),
            host=socket.gethostname(),
            stage=STAGE,
            step=done,
            steps=plan.sample_count,
            stages=(STAGE,),
            seconds=before.seconds if before else 0.0,
            started=before.started if before else now,
            updated=now,
        )
        self._before, self._began, self._told = self._info.seconds, time.monotonic(), 0.0
        with storage_errors(self._files.info):
            if _written(self._files.wanted) < self._info.process_started:  # a wish for an earlier start
                replace_record(self._files.wanted, Wanted())
            replace_record(self._files.info, self._info)

    @property
    def stop_wanted(self) -> bool:
        """Whether somebody wants the batch to stop."""
        wanted = read_record(self._files.wanted, Wanted)
        return wanted is not None and wanted.wish == "stop"

    def at(self, done: int, seconds_left: float | None) -> None:
        """Say how many samples are done; written about once a second.

        Raises:
            StorageError: The folder cannot be written.
        """
        self._update("running", step=done, seconds_left=seconds_left)
        if time.monotonic() - self._told >= _TELL_SECONDS:
            self._write()

    def end(self, state: State, message: str = "", remedy: str = "") -> None:
        """Say how it ended; a disk that does not take even that is not told of."""
        self._update(state, message=message, remedy=remedy, seconds_left=None)
        with suppress(StorageError):
            self._write()

    def _update(self, state: State, **changes: object) -> None:
        spent = self._before + time.monotonic() - self._began
        told = {"state": state, "seconds": round(spent, 1), "updated": _now()}
        self._info = self._info.model_copy(update=told | changes)

    def _write(self) -> None:
        self._told = time.monotonic()
        with storage_errors(self._files.info):
            replace_record(self._files.info, self._info)


def _written(path: Path) -> float:
    """When a file was written, seconds since 1970; 0 without one."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
