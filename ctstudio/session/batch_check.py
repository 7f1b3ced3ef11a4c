"""A batch looked at before it begins: what it will make, how much, and what stands against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ctstudio.catalog.batch import BatchPlan, BatchSettings
from ctstudio.catalog.shelf import find_model
from ctstudio.core.errors import StorageError
from ctstudio.core.spoken import amount
from ctstudio.io.batch_counts import BatchCounts, counts_of
from ctstudio.io.batch_folder import check_folder, done_cases
from ctstudio.io.batch_masks import FoundMasks, look_at_masks
from ctstudio.io.batch_plan import plan_of
from ctstudio.io.storage import check_place

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class BatchCheck:
    """A batch that can be started.

    Attributes:
        settings: What was asked.
        folder: Where its data set will lie.
        plan: What will be made.
        counts: How much that is.
        to_mind: What its user should know.
        begun: Whether the folder holds the beginning of this very batch.
    """

    settings: BatchSettings
    folder: Path
    plan: BatchPlan
    counts: BatchCounts
    to_mind: tuple[str, ...]
    begun: bool

    @property
    def pace_key(self) -> tuple[object, ...]:
        """The same for batches whose slices take the same time."""
        swept = {name: values[:1] for name, values in self.settings.sweeps.items() if name not in ("dose", "seed")}
        return self.settings.model, self.settings.device, self.settings.dtype, tuple(sorted(swept.items()))


class BatchChecks:
    """Checks batches; masks that have not changed are not read again. One thread at a time may use it."""

    def __init__(self) -> None:
        self._looked: tuple[object, FoundMasks] | None = None

    def check(
        self, settings: BatchSettings, folder: Path, progress: Progress, cancelled: Callable[[], bool]
    ) -> BatchCheck:
        """Look at a batch; reads every mask, so call it beside the window.

        Args:
            settings: What is asked.
            folder: Of the data set.
            progress: Told how many files of how many have been looked at.
            cancelled: Asked before each file.

        Raises:
            CtStudioError: It cannot be started; says why and what to do.
        """
        model = find_model(settings.model)
        masks = Path(settings.masks)
        key = masks, settings.model, tuple(sorted(model.info.files.items())), _state_of(masks)
        if self._looked is None or self._looked[0] != key:
            self._looked = key, look_at_masks(masks, model.info, progress, cancelled)
        plan, to_mind = plan_of(settings, self._looked[1], model.info)
        begun = check_folder(folder, plan)
        check_place(folder)
        counts = counts_of(plan, folder, done_cases(folder) if begun else {})
        if not counts.fits:
            raise StorageError(
                f"{counts.samples} samples may take {amount(counts.disk_bytes_at_most)}; "
                f"{amount(counts.free_bytes)} are free.",
                "Choose another folder, or make fewer samples.",
            )
        return BatchCheck(settings, folder, plan, counts, to_mind, begun)


def _state_of(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Names, times and sizes of the files in a folder."""
    try:
        found = [(path, path.stat()) for path in folder.rglob("*") if path.is_file()]
    except OSError:
        return ()
    return tuple(sorted((str(path), now.st_mtime_ns, now.st_size) for path, now in found))
