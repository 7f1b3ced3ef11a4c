"""What a person said foreign labels mean, one entry a vocabulary; it stays on this machine.

Every deed reads the file, changes it and writes it, so that two windows do not lose each other's; any thread may do it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from threading import Lock

from ctstudio.session.user_json import read_entries, write_entries

MOST = 200
_KEY = "vocabularies"


class LabelMemory:
    """Meanings by the labels' own names, the newest vocabulary first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._deed = Lock()

    def recall(self, names: Collection[str]) -> dict[str, str]:
        """What was said of these names, from the one vocabulary that knows most of them; empty when none does.

        Raises:
            UnreadableFile: The file is damaged.
        """
        entries = read_entries(self.path, _KEY)
        best = max(entries, key=lambda entry: len(set(names) & set(entry)), default={})
        return {name: best[name] for name in names if name in best}

    def remember(self, meanings: Mapping[str, str]) -> None:
        """Keep what was said of a vocabulary; what was said before of the same names goes.

        Raises:
            UnreadableFile: The file is damaged.
            StorageError: The disk is full or the place cannot be written.
        """
        with self._deed:
            old = [entry for entry in read_entries(self.path, _KEY) if set(entry) != set(meanings)]
            write_entries(self.path, _KEY, [dict(meanings), *old][:MOST])

    def forget(self) -> None:
        """Forget all, also a file that is damaged.

        Raises:
            StorageError: The place cannot be written.
        """
        with self._deed:
            write_entries(self.path, _KEY, [])


def own_label_memory() -> Path:
    """Where the user's meanings lie."""
    from platformdirs import user_data_path

    return user_data_path("ctstudio", appauthor=False) / "label_meanings.json"
