"""Follows training runs beside the window: a timer asks, a thread reads small pieces, the session hears."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from ctstudio.catalog.dataset import FILE_NAME, DatasetInfo, read_dataset
from ctstudio.catalog.recipe import Recipe
from ctstudio.catalog.shelf import Shelf, look
from ctstudio.core.errors import CtStudioError
from ctstudio.jobs.training_reading import Fresh, RunReader
from ctstudio.jobs.training_runs import TrainingRuns
from ctstudio.jobs.training_status import RunStatus
from ctstudio.protocol.training_run import SampleLine
from ctstudio.session.notices import Notices
from ctstudio.session.training import Training
from ctstudio.session.training_form import TrainingForm, read_recipes
from ctstudio.ui.background import Background

LOOK_MS = 1000


@dataclass(frozen=True)
class Dataset:
    """A prepared data set that was found."""

    folder: Path
    info: DatasetInfo


@dataclass(frozen=True)
class _Seen:
    statuses: Sequence[RunStatus] | None
    fresh: Sequence[Fresh]


class TrainLink(QObject):
    """Keeps a `Training` up to date, and knows what can be chosen for a new run."""

    shelf_changed = Signal()
    datasets_changed = Signal()

    def __init__(self, runs: TrainingRuns, notices: Notices, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.runs = runs
        self.notices = notices
        self.training = Training(notices)
        self.form = TrainingForm(runs.places.free_folder)
        self.shelf = Shelf((), ())
        self.datasets: dict[Path, Dataset] = {}
        self._picked: list[Path] = []
        self._background = Background(self, threads=1)
        self._readers: dict[Path, RunReader] = {}
        self._looking = False
        self._loading: set[tuple[Path, str]] = set()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        self.training.shown_changed.connect(self.look)

    @property
    def dataset_home(self) -> Path:
        """Where prepared data sets lie, unless one chooses another place."""
        return self.runs.places.home.parent / "datasets"

    def start(self) -> None:
        """Look for runs, recipes, models and data sets, and go on looking."""
        self._timer.start()
        self._background.run(read_recipes, self._offer, self.notices.report)
        self.look()
        self.look_at_shelf()
        self.look_at_datasets()

    def close(self) -> None:
        """Stop looking."""
        self._timer.stop()
        self._background.close()

    # Runs.

    def look(self) -> None:
        """Read what is new, unless that is being done."""
        self._read(with_statuses=True)

    def begin_anew(self, folder: Path) -> None:
        """Read a run's files from the top at the next look."""
        self._readers.pop(folder, None)

    def _read(self, with_statuses: bool) -> None:
        if self._looking:
            return
        self._looking = True
        folders = [status.folder for status in self.training.shown]
        readers = [self._readers.setdefault(folder, RunReader(folder)) for folder in folders]

        def work() -> _Seen:
            statuses = self.runs.statuses() if with_statuses else None
            return _Seen(statuses, [reader.read() for reader in readers])

        self._background.run(work, self._take, self._failed)

    def _take(self, seen: _Seen) -> None:
        self._looking = False
        if seen.statuses is not None:
            self.training.take_runs(seen.statuses)
        for fresh in seen.fresh:
            if fresh.folder in self._readers:
                self.training.take_fresh(fresh)
        unread = any(status.folder not in self._readers for status in self.training.shown)
        if unread or any(fresh.more for fresh in seen.fresh):
            QTimer.singleShot(0, lambda: self._read(with_statuses=False))

    def _failed(self, error: CtStudioError) -> None:
        self._looking = False
        self.notices.report(error)

    # Samples.

    def load(self, folder: Path, line: SampleLine) -> None:
        """Read a sample, unless it was read or is being read; `samples_changed` follows."""
        from ctstudio.session.training_samples import load_sample

        key = folder, line.file
        if key in self._loading or self.training.samples.has(folder, line):
            return
        self._loading.add(key)

        def loaded(volume: object) -> None:
            self._loading.discard(key)
            self.training.samples.put(folder, line, volume)  # type: ignore[arg-type]
            self.training.samples_changed.emit()

        def failed(error: CtStudioError) -> None:
            self.notices.report(error)
            loaded(None)

        self._background.run(lambda: load_sample(folder, line), loaded, failed)

    # What can be chosen.

    def look_at_shelf(self) -> None:
        """Look for models again."""
        self._background.run(look, self._take_shelf, self.notices.report)

    def look_at_datasets(self, picked: Path | None = None) -> None:
        """Look for prepared data sets again; `picked` is one that lies elsewhere."""
        if picked is not None and picked not in self._picked:
            self._picked.append(picked)
        places, more = self.dataset_home, list(self._picked)
        self._background.run(lambda: _find_datasets(places, more), self._take_datasets, self.notices.report)

    def _offer(self, found: tuple[tuple[Recipe, ...], tuple[str, ...]]) -> None:
        recipes, notes = found
        self.form.offer(recipes)
        for note in notes:
            self.notices.say(note, "The others can be used.", "warning")

    def _take_shelf(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.shelf_changed.emit()

    def _take_datasets(self, found: list[Dataset]) -> None:
        self.datasets = {one.folder: one for one in found}
        self.datasets_changed.emit()


def _find_datasets(home: Path, more: Sequence[Path]) -> list[Dataset]:
    """The data sets that can be read; the others are named when somebody chooses them."""
    folders = [path.parent for path in sorted(home.glob(f"*/{FILE_NAME}"))]
    found = []
    for folder in dict.fromkeys([*folders, *more]):
        try:
            found.append(Dataset(folder, read_dataset(folder)))
        except CtStudioError:
            continue
    return found
