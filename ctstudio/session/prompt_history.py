"""The reports that were generated from, the last fifty; they stay on this machine.

Every deed reads the file, changes it and writes it, so that two windows do not lose each other's; any thread may do it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from ctstudio.session.report_text import ReportText
from ctstudio.session.user_json import read_entries, write_entries

MOST = 50
_KEY = "reports"


@dataclass(frozen=True)
class Asked:
    """A report that was generated from.

    Attributes:
        text: The report.
        when: UTC, ISO 8601 to the second.
    """

    text: ReportText
    when: str

    @property
    def day(self) -> str:
        """When it was, in this machine's time, for people; "" when that is not known."""
        try:
            return datetime.fromisoformat(self.when).astimezone().strftime("%d %b %H:%M")
        except ValueError:
            return ""


class PromptHistory:
    """The history in one file, newest first, each report once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._deed = Lock()

    def entries(self) -> tuple[Asked, ...]:
        """All of it.

        Raises:
            UnreadableFile: The file is damaged.
        """
        return tuple(_asked(entry) for entry in read_entries(self.path, _KEY))[:MOST]

    def add(self, text: ReportText) -> tuple[Asked, ...]:
        """Put a report in front; the same report further back goes, and so does the oldest of too many.

        Raises:
            UnreadableFile: The file is damaged.
            StorageError: The disk is full or the place cannot be written.
        """
        if text.empty:
            return self.entries()
        now = Asked(text, datetime.now(UTC).isoformat(timespec="seconds"))
        with self._deed:
            return self._write([now, *(old for old in self.entries() if old.text != text)])

    def forget(self, text: ReportText) -> tuple[Asked, ...]:
        """Take a report out; raises as `add` does."""
        with self._deed:
            return self._write(old for old in self.entries() if old.text != text)

    def clear(self) -> tuple[Asked, ...]:
        """Forget all, also a file that is damaged.

        Raises:
            StorageError: The place cannot be written.
        """
        with self._deed:
            return self._write(())

    def _write(self, entries: Iterable[Asked]) -> tuple[Asked, ...]:
        kept = tuple(entries)[:MOST]
        plain = [{"when": e.when, "findings": e.text.findings, "impression": e.text.impression} for e in kept]
        write_entries(self.path, _KEY, plain)
        return kept


def found(entries: Iterable[Asked], words: str) -> tuple[Asked, ...]:
    """The entries that hold every one of some words, in any order, whatever their case."""
    wanted = words.lower().split()
    return tuple(entry for entry in entries if all(word in entry.text.whole.lower() for word in wanted))


def own_history_file() -> Path:
    """Where the user's history lies."""
    from platformdirs import user_data_path

    return user_data_path("ctstudio", appauthor=False) / "report_history.json"


def _asked(entry: dict[str, str]) -> Asked:
    return Asked(ReportText(entry.get("findings", ""), entry.get("impression", "")), entry.get("when", ""))
