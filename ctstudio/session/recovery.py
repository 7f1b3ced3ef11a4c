"""Bring back the masks that an earlier run of the program could not save."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ctstudio.core.errors import UnreadableFile
from ctstudio.session.autosave_files import INDEX, Record, read_record, remove_record


@dataclass(frozen=True)
class Recovered:
    """A mask that was found, and the folder it lies in."""

    record: Record
    folder: Path

    def forget(self) -> None:
        """Remove its files: it is saved elsewhere, or not wanted."""
        remove_record(self.folder)


@dataclass(frozen=True)
class Recovery:
    """What an earlier run left behind: masks, newest first, and notes about those that are damaged."""

    masks: tuple[Recovered, ...]
    notes: tuple[str, ...]


def recover(folder: Path) -> Recovery:
    """Look for masks of earlier runs. Runs of the program that are still going keep theirs.

    Args:
        folder: The folder that `Autosave` was given.
    """
    found, notes = [], []
    for index in sorted(folder.glob(f"*/*/{INDEX}")):
        case_folder = index.parent
        if _still_running(case_folder.parent):
            continue
        try:
            record = read_record(case_folder)
        except UnreadableFile as error:
            notes.append(f"{error.message} {error.detail}")
            continue
        if record.slices.any():
            found.append(Recovered(record, case_folder))
        else:
            remove_record(case_folder)  # everything was erased: there is nothing to bring back
    return Recovery(tuple(sorted(found, key=lambda r: r.record.saved, reverse=True)), tuple(notes))


def _still_running(run: Path) -> bool:
    """Whether the run that owns a folder, named `<start time>-<process>`, is alive: a process older than the folder."""
    import psutil

    process = run.name.rpartition("-")[2]
    try:
        born = psutil.Process(int(process)).create_time()
        return bool(born <= run.stat().st_mtime + 1.0)
    except (ValueError, OSError, psutil.Error):
        return False
