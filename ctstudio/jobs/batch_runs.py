"""Batches: start them as processes of their own, find them again, stop them, and let them go on."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ctstudio.catalog.batch import BatchSettings, records_of
from ctstudio.catalog.sweeps import text_of
from ctstudio.core.errors import InputError
from ctstudio.jobs.detached import calmed, detached, writing
from ctstudio.jobs.job import now_utc
from ctstudio.jobs.program import program
from ctstudio.jobs.training_errands import answer_of
from ctstudio.jobs.training_places import Launch, TrainingPlaces
from ctstudio.jobs.training_status import GONE, RunStatus, status_of
from ctstudio.protocol.training_run import RunFiles, Wanted, replace_record

_GO_ON = "Press Go on: what is done stays."


def user_batches_dir() -> Path:
    """Where this user's batches are remembered."""
    from platformdirs import user_data_path

    return user_data_path("ctstudio", appauthor=False) / "batches"


class BatchRuns:
    """All batches that this user's windows have started.

    Args:
        home: Where they are remembered; the user's own by default.
        command: What stands in place of the program's own command.
    """

    def __init__(self, home: Path | None = None, command: Sequence[str] | None = None) -> None:
        self._places = TrainingPlaces(user_batches_dir() if home is None else home)
        self._command = program() if command is None else list(command)
        self._children: list[subprocess.Popen[bytes]] = []

    def statuses(self) -> list[RunStatus]:
        """How every batch stands, the newest first; `RunStatus.folder` is that of its records."""
        self._children = [child for child in self._children if child.poll() is None]
        launches = self._places.launches()
        found = [status_of(folder, launches.get(folder)) for folder in self._places.folders()]
        told = [_in_words(status) for status in found if status is not None]
        return sorted(told, key=lambda one: one.info.started, reverse=True)

    def start(self, settings: BatchSettings, folder: Path) -> Launch:
        """Start a batch, or go on with the one in the folder when it has the same settings.

        Args:
            settings: What to make.
            folder: Of the data set.

        Raises:
            InputError: A batch is at work there.
            StorageError: The folder cannot be written.
            EngineError: The process cannot be started.
        """
        return self._launch(folder, settings.system, [*command_words(settings), "--out", str(folder)])

    def go_on(self, folder: Path, settings: BatchSettings) -> Launch:
        """Go on with a batch that was stopped or has failed.

        Raises:
            InputError: It is at work.
            StorageError: The folder cannot be written.
            EngineError: The process cannot be started.
        """
        words = ["batch", _dashed(settings.system), _dashed(settings.task), "--resume", "--out", str(folder)]
        return self._launch(folder, settings.system, words)

    def stop(self, folder: Path) -> None:
        """Let a batch stop after its present step; it can go on.

        Raises:
            StorageError: The folder cannot be written.
        """
        with writing(folder):
            replace_record(RunFiles(records_of(folder)).wanted, Wanted(wish="stop"))

    def forget(self, folder: Path) -> None:
        """Take a batch off the list; its files stay.

        Raises:
            StorageError: The list cannot be written.
        """
        self._places.remove(records_of(folder))

    def estimate(self, settings: BatchSettings, folder: Path, cancelled: threading.Event) -> dict[str, Any]:
        """What a batch will take, by a process that makes a few slices; the facts that it answers.

        Raises:
            InputError: The command refuses.
            EngineError: The command failed.
            Cancelled: It was cancelled.
        """
        words = [*command_words(settings), "--out", str(folder), "--estimate", "--json"]
        return answer_of([*self._command, *words], cancelled)

    def _launch(self, folder: Path, system: str, words: list[str]) -> Launch:
        records = records_of(folder)
        status = status_of(records, self._places.launch(records))
        if status is not None and not status.over:
            raise InputError(f"A batch is at work in {folder}.", "Stop it first, or choose another folder.")
        with writing(records):
            records.mkdir(parents=True, exist_ok=True)
            replace_record(RunFiles(records).wanted, Wanted())  # a wish of an earlier start must not end this one
            with RunFiles(records).log.open("ab") as log:
                child = detached([*self._command, *words], log.fileno())
        self._children.append(child)
        started = calmed(child.pid)
        launch = Launch(pid=child.pid, process_started=started, title=folder.name, system=system, when=now_utc())
        self._places.add(records, launch)
        return launch


def command_words(settings: BatchSettings) -> list[str]:
    """The command that makes a batch, without its folder."""
    words = ["batch", _dashed(settings.system), _dashed(settings.task), "--masks", settings.masks]
    for name, values in settings.sweeps.items():
        words += [f"--{_dashed(name)}", text_of(values).replace(" ", "")]
    words += ["--model", settings.model, "--layout", settings.layout, "--name", settings.name]
    words += ["--label-source", settings.label_source, "--device", settings.device, "--dtype", settings.dtype]
    if settings.labels:
        words += ["--labels", ",".join(settings.labels)]
    if settings.patient_pattern:
        words += ["--patient-pattern", settings.patient_pattern]
    return [*words, "--leave-out"] if settings.leave_out else words


def _in_words(status: RunStatus) -> RunStatus:
    """A batch whose process has gone, in words for batches."""
    if not status.over or status.info.state == "finished":
        return status
    told = {"message": "Its process ended before it was done." if status.info.message == GONE else status.info.message}
    return RunStatus(status.folder, status.info.model_copy(update={**told, "remedy": status.info.remedy or _GO_ON}))


def _dashed(name: str) -> str:
    return name.replace("_", "-")
