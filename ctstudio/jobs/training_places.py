"""Where training runs lie: the user's own folder of runs, and folders elsewhere that are remembered."""

from __future__ import annotations

import re
import threading
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ctstudio.core.errors import StorageError
from ctstudio.protocol.training_run import RunFiles, read_record, replace_record


class Launch(BaseModel):
    """A process that the window started for a run.

    Attributes:
        pid, process_started: The process, and its start in seconds since 1970.
        title: Of the run, until the run says so itself.
        system: Likewise.
        when: UTC, ISO 8601.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    pid: int
    process_started: float
    title: str = ""
    system: str = ""
    when: str = ""


class _Known(BaseModel):
    """`known.json`: folders that were added or taken off the list, and the processes started last."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    folders: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    launches: dict[str, Launch] = {}


def user_training_dir() -> Path:
    """The folder of the user's training runs."""
    from platformdirs import user_data_path

    return user_data_path("ctstudio", appauthor=False) / "training"


class TrainingPlaces:
    """The folders of known runs; `home` is scanned, others are remembered in `home/known.json`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._file = home / "known.json"
        self._lock = threading.Lock()

    def folders(self) -> tuple[Path, ...]:
        """Resolved paths of all known runs that still have a folder, in no order."""
        known = self._known()
        found = [str(folder.resolve()) for folder in _runs_in(self.home)]
        there = dict.fromkeys([*found, *(name for name in known.folders if Path(name).is_dir())])
        return tuple(Path(name) for name in there if name not in known.removed)

    def launch(self, folder: Path) -> Launch | None:
        """The process started last for a run, if the window started one."""
        return self._known().launches.get(str(folder.resolve()))

    def launches(self) -> dict[Path, Launch]:
        """The processes started last, by folder."""
        return {Path(name): launch for name, launch in self._known().launches.items()}

    def add(self, folder: Path, launch: Launch | None = None) -> None:
        """Remember a run.

        Raises:
            StorageError: The list cannot be written.
        """
        name = str(folder.resolve())
        with self._lock:
            known = self._known()
            self._write(
                _Known(
                    folders=(*(one for one in known.folders if one != name), name),
                    removed=tuple(one for one in known.removed if one != name),
                    launches=known.launches if launch is None else {**known.launches, name: launch},
                )
            )

    def remove(self, folder: Path) -> None:
        """Take a run off the list; its files stay.

        Raises:
            StorageError: The list cannot be written.
        """
        name = str(folder.resolve())
        with self._lock:
            known = self._known()
            self._write(
                _Known(
                    folders=tuple(one for one in known.folders if one != name),
                    removed=(*(one for one in known.removed if one != name), name),
                    launches={one: launch for one, launch in known.launches.items() if one != name},
                )
            )

    def free_folder(self, name: str) -> Path:
        """A folder for a run of this name that does not exist yet."""
        stem = re.sub(r"[^\w.-]+", "-", name.strip().lower()).strip("-.") or "run"
        number, folder = 1, self.home / stem
        while folder.exists():
            number += 1
            folder = self.home / f"{stem}-{number}"
        return folder.resolve()

    def _known(self) -> _Known:
        return read_record(self._file, _Known) or _Known()

    def _write(self, known: _Known) -> None:
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            replace_record(self._file, known)
        except OSError as error:
            raise StorageError(
                f"The list of training runs {self._file} cannot be written: {error.strerror or error}.",
                "Make room on the disk, or make the folder writable.",
                str(error),
            ) from error


def _runs_in(home: Path) -> list[Path]:
    try:
        return [folder for folder in home.iterdir() if RunFiles(folder).info.is_file()]
    except OSError:
        return []
