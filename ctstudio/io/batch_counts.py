"""How much a batch is: samples, cases, slices, room on the disk."""

from __future__ import annotations

import shutil
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from ctstudio.catalog.batch import BatchPlan, BatchSample
from ctstudio.io.batch_plan import most_bytes
from ctstudio.io.storage import nearest_folder, storage_errors


@dataclass(frozen=True)
class BatchCounts:
    """What can be said of a batch without a model.

    Attributes:
        masks, groups: Masks, and the patients they are of.
        samples, samples_done: All, and those that are there.
        cases: All cases of the data set.
        slices: Still to be generated.
        disk_bytes_at_most: Of what is still to be made, uncompressed.
        free_bytes: On the disk.
    """

    masks: int
    groups: int
    samples: int
    samples_done: int
    cases: int
    slices: int
    disk_bytes_at_most: int
    free_bytes: int

    @property
    def fits(self) -> bool:
        """Whether the disk has the room."""
        return self.disk_bytes_at_most < self.free_bytes


def missing(plan: BatchPlan, done: Container[str]) -> list[BatchSample]:
    """The samples of which a case is not there.

    Args:
        plan: Of the batch.
        done: Names of the cases that are.
    """
    return [sample for sample in plan.samples() if not all(case in done for case in plan.cases_of(sample))]


def counts_of(plan: BatchPlan, folder: Path, done: Container[str]) -> BatchCounts:
    """Count a batch.

    Args:
        plan: What is made.
        folder: Of the data set; need not exist.
        done: Names of the cases that are there.

    Raises:
        StorageError: The disk does not answer.
    """
    todo = missing(plan, done)
    with storage_errors(folder):
        free = shutil.disk_usage(nearest_folder(folder)).free
    return BatchCounts(
        masks=len(plan.masks),
        groups=len({mask.group for mask in plan.masks}),
        samples=plan.sample_count,
        samples_done=plan.sample_count - len(todo),
        cases=plan.case_count,
        slices=sum(sample.mask.slices for sample in todo),
        disk_bytes_at_most=most_bytes(plan, todo),
        free_bytes=free,
    )
