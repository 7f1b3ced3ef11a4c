"""Keep the painted masks safe against a crash, without the window ever waiting.

Each run of the program has a folder of its own. A worker thread copies the labelled slices and writes them
uncompressed; `autosave.json` is put in place last, so that a crash at any moment leaves a whole older state.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ctstudio.session.autosave_files import INDEX, Record, remove_record, write_record
from ctstudio.session.document import Case
from ctstudio.session.notices import Notices


@dataclass
class _Watch:
    case: Case
    stop: Callable[[], None]
    due: float | None = None
    latest: float = 0.0


class Autosave:
    """Watches cases and writes their masks a moment after the last stroke.

    Args:
        folder: Where all runs keep their files; this run gets a subfolder.
        notices: Where trouble with the disk is told.
        quiet_seconds: How long painting must rest before a mask is written.
        longest_seconds: How long a change may wait when painting never rests.
    """

    def __init__(
        self, folder: Path, notices: Notices, quiet_seconds: float = 2.0, longest_seconds: float = 30.0
    ) -> None:
        started = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        self.folder = folder / f"{started}-{os.getpid()}"
        self._notices = notices
        self._quiet_seconds = quiet_seconds
        self._longest_seconds = longest_seconds
        self._watches: dict[str, _Watch] = {}
        self._removals: list[str] = []
        self._wake = threading.Condition()
        self._writing = threading.Lock()
        self._troubles: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="autosave", daemon=True)
        self._thread.start()

    def watch(self, case: Case) -> None:
        """Keep a case's mask safe from now on."""
        case_id = case.id

        def on_change(_region: object = None) -> None:
            self._mark(case_id)

        case.mask.changed.connect(on_change)
        with self._wake:
            self._watches[case_id] = _Watch(case, lambda: case.mask.changed.disconnect(on_change))

    def saved(self, case: Case) -> None:
        """The mask is safe elsewhere: the worker removes its file, unless strokes came while it was being saved."""
        with self._wake:
            if not case.mask.modified:
                self._give_up(case)

    def unwatch(self, case: Case) -> None:
        """The case is closed: stop watching; the worker removes its file."""
        with self._wake:
            self._give_up(case)
            watch = self._watches.pop(case.id, None)
        if watch is not None:
            watch.stop()

    def keeps(self, case: Case) -> bool:
        """Whether the mask of a case lies in a file of this run."""
        return (self.folder / case.id / INDEX).is_file()

    def flush(self) -> None:
        """Write and remove everything that waits, now, in this thread."""
        self._remove()
        with self._wake:
            waiting = [watch for watch in self._watches.values() if watch.due is not None]
        for watch in waiting:
            self._save(watch)
        self._remove()
        self.tell_troubles()

    def tell_troubles(self) -> None:
        """Say what went wrong in the worker; call it in the window's thread now and then."""
        while not self._troubles.empty():
            text = self._troubles.get()
            self._notices.say(text, "Save the mask to another disk.", "warning")

    def close(self) -> None:
        """End the worker. What waits is written first."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()
        self.flush()

    def _give_up(self, case: Case) -> None:
        watch = self._watches.get(case.id)
        if watch is not None:
            watch.due = None
        self._removals.append(case.id)
        self._wake.notify()

    def _mark(self, case_id: str) -> None:
        with self._wake:
            watch = self._watches.get(case_id)
            if watch is not None:
                now = time.monotonic()
                if watch.due is None:
                    watch.latest = now + self._longest_seconds
                watch.due = min(now + self._quiet_seconds, watch.latest)
                self._wake.notify()
        if not self._troubles.empty():
            self.tell_troubles()

    def _work(self) -> None:
        while True:
            with self._wake:
                if self._closed:
                    return
                now = time.monotonic()
                dues = [(watch.due, watch) for watch in self._watches.values() if watch.due is not None]
                ready = [watch for due, watch in dues if due <= now]
                if not ready and not self._removals:
                    self._wake.wait(min((due for due, _ in dues), default=now + 3600.0) - now)
            self._remove()
            for watch in ready:
                self._save(watch)

    def _remove(self) -> None:
        with self._writing:
            with self._wake:
                removals, self._removals = self._removals, []
            for case_id in removals:
                remove_record(self.folder / case_id)

    def _save(self, watch: _Watch) -> None:
        with self._writing:
            with self._wake:
                if watch.due is None:
                    return
                watch.due = None
            try:
                if watch.case.mask.empty:  # there is nothing to bring back
                    remove_record(self.folder / watch.case.id)
                else:
                    write_record(self.folder / watch.case.id, _record(watch.case))
            except OSError as error:
                self._troubles.put(f"The mask could not be kept safe in {self.folder}: {error.strerror or error}.")


def _record(case: Case) -> Record:
    """The labelled slices of a case, copied."""
    mask = case.mask
    slices = mask.labelled_slices()
    first, stop = (int(slices[0]), int(slices[-1]) + 1) if slices.size else (0, 0)
    return Record(
        name=case.name,
        scan_path="" if case.path is None else str(case.path),
        saved=datetime.now(UTC).isoformat(timespec="seconds"),
        grid=mask.grid,
        table=mask.table,
        synthetic=mask.synthetic,
        first_slice=first,
        slices=mask.array[first:stop].copy(),
    )
