"""Training runs: start them as processes of their own, find them again, and tell them what is wanted."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ctstudio.core.errors import InputError
from ctstudio.jobs.detached import calmed, detached, writing
from ctstudio.jobs.job import now_utc
from ctstudio.jobs.program import program
from ctstudio.jobs.recipe_file import recipe_toml
from ctstudio.jobs.training_places import Launch, TrainingPlaces, user_training_dir
from ctstudio.jobs.training_status import RunStatus, status_of
from ctstudio.protocol.training_run import RunFiles, RunInfo, Wanted, Wish, read_record, replace_record

RECIPE_FILE = "recipe.toml"


class TrainingRuns:
    """All runs that this user's windows know of.

    Args:
        home: The folder of runs; the user's own by default.
        command: What stands in place of the program's own command, before "train" and its words.
    """

    def __init__(self, home: Path | None = None, command: Sequence[str] | None = None) -> None:
        self.places = TrainingPlaces(user_training_dir() if home is None else home)
        self._command = program() if command is None else list(command)
        self._children: list[subprocess.Popen[bytes]] = []

    def words(self, *words: str) -> list[str]:
        """The command line of one of the program's commands."""
        return [*self._command, *words]

    def statuses(self) -> list[RunStatus]:
        """How every known run stands, the newest first."""
        self._reap()
        launches = self.places.launches()
        found = [status_of(folder, launches.get(folder.resolve())) for folder in self.places.folders()]
        return sorted((one for one in found if one is not None), key=lambda one: one.info.started, reverse=True)

    def start(self, settings: Mapping[str, Any], folder: Path) -> Launch:
        """Start a new run in a folder of its own.

        Args:
            settings: The whole recipe as JSON values.
            folder: Made when missing; must not hold a run.

        Raises:
            InputError: There is a run in the folder.
            StorageError: The folder cannot be written.
            EngineError: The process cannot be started.
        """
        if RunFiles(folder).info.exists():
            raise InputError(f"{folder} holds a run already.", "Choose another folder.")
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / RECIPE_FILE).write_text(recipe_toml(settings), encoding="utf-8")
        return self._launch(folder, str(settings.get("title", "")), str(settings.get("system", "")), ())

    def resume(self, folder: Path) -> Launch:
        """Start a run again that was stopped or has failed; it goes on from its last checkpoint.

        Raises:
            InputError: The run is at work, or there is none.
            StorageError: The folder cannot be written.
            EngineError: The process cannot be started.
        """
        status = status_of(folder, self.places.launch(folder))
        if status is None:
            raise InputError(f"There is no run in {folder}.", "Start a new one.")
        if not status.over:
            raise InputError(f"{status.info.title} is at work.", "Stop it first.")
        recipe = folder / RECIPE_FILE
        if not recipe.is_file():
            with writing(folder):
                recipe.write_text(recipe_toml(status.info.settings), encoding="utf-8")
        more = ("--resume",) if RunFiles(folder).info.is_file() else ()
        return self._launch(folder, status.info.title, status.info.system, more)

    def wish(self, folder: Path, wish: Wish) -> None:
        """Tell a run to go on, to pause or to stop.

        Raises:
            StorageError: The folder cannot be written.
        """
        with writing(folder):
            replace_record(RunFiles(folder).wanted, Wanted(wish=wish))

    def remove(self, folder: Path) -> None:
        """Take a run off the list; its files stay.

        Raises:
            StorageError: The list cannot be written.
        """
        self.places.remove(folder)

    def add(self, folder: Path) -> None:
        """Put a run that lies elsewhere on the list.

        Raises:
            InputError: There is no run in the folder.
            StorageError: The list cannot be written.
        """
        if read_record(RunFiles(folder).info, RunInfo) is None:
            raise InputError(f"There is no training run in {folder}.", "Choose the folder that holds run.json.")
        self.places.add(folder)

    def _launch(self, folder: Path, title: str, system: str, more: Iterable[str]) -> Launch:
        self.wish(folder, "run")  # a wish of an earlier start must not end this one
        with writing(folder), RunFiles(folder).log.open("ab") as log:
            command = self.words("train", str(folder / RECIPE_FILE), "--out", str(folder), *more)
            child = detached(command, log.fileno())
        self._children.append(child)
        launch = Launch(pid=child.pid, process_started=calmed(child.pid), title=title, system=system, when=now_utc())
        self.places.add(folder, launch)
        return launch

    def _reap(self) -> None:
        """Let go of processes that have ended."""
        self._children = [child for child in self._children if child.poll() is None]
