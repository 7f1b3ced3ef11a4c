"""What a batch will take: time by making a few slices of it, room by writing them."""

from __future__ import annotations

import tempfile
import time
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctstudio.cli.batching import mask_of, request_for
from ctstudio.core.errors import EngineError
from ctstudio.io.batch_counts import counts_of, missing
from ctstudio.io.batch_folder import CaseLine
from ctstudio.io.batch_plan import most_bytes
from ctstudio.io.batch_writing import write_batch_sample
from ctstudio.protocol.events import Finished, Loading, Stepped

if TYPE_CHECKING:
    from ctstudio.catalog.batch import BatchMask, BatchPlan
    from ctstudio.protocol.result import Result

PROBE_SLICES = 4


def estimated(plan: BatchPlan, folder: Path, done: dict[str, CaseLine]) -> dict[str, Any]:
    """The same with seconds and expected bytes, from a few slices of the first missing sample; nothing is left on disk.

    Raises:
        CtStudioError: The probe failed, as the batch itself would.
    """
    counts = counts_of(plan, folder, done)
    facts = {"folder": str(folder), **asdict(counts), "fits": counts.fits}
    facts |= {"labels": list(plan.labels), "left_out": list(plan.left_out)}
    todo = missing(plan, done)
    if not todo:
        return facts | {"seconds": 0.0, "seconds_per_slice": 0.0, "disk_bytes": 0}
    short = replace(todo[0], mask=_shortened(todo[0].mask))
    mask = mask_of(plan, todo[0].mask)
    first, count = short.mask.slabs[0]
    probe = replace(mask, array=mask.array[first : first + count], grid=mask.grid.slab(first, count))
    short = replace(short, mask=short.mask.model_copy(update={"slabs": ((0, count),), "shape": probe.grid.shape}))
    result, seconds = _timed(plan, short, probe)
    with tempfile.TemporaryDirectory(prefix="ctstudio-batch-") as place:
        lines = write_batch_sample(Path(place), plan, short, result)
    written = sum(sum(line.files.values()) for line in lines)
    share = most_bytes(plan, todo) / most_bytes(plan, [short])
    each = seconds / count
    return facts | {
        "seconds": round(each * facts["slices"], 1),
        "seconds_per_slice": round(each, 3),
        "disk_bytes": round(written * share),
    }


def _shortened(mask: BatchMask) -> BatchMask:
    """The mask with the first slices of its longest run alone."""
    first, count = max(mask.slabs, key=lambda slab: slab[1])
    return mask.model_copy(update={"slabs": ((first, min(count, PROBE_SLICES)),)})


def _timed(plan: BatchPlan, short: Any, probe: Any) -> tuple[Result, float]:
    """A result, and the seconds it would take once everything is loaded and warm."""
    from ctstudio.engine import pipelines
    from ctstudio.engine.cache import ModelCache

    began, share = time.monotonic(), 1.0
    with closing(pipelines.run(request_for(plan, short, probe), ModelCache())) as events:
        for event in events:
            if isinstance(event, Loading):
                began = time.monotonic()
            elif isinstance(event, Stepped) and event.step == 1:
                began, share = time.monotonic(), (event.total - 1) / max(1, event.total)
            elif isinstance(event, Finished):
                return event.result, (time.monotonic() - began) / max(share, 0.1)
    raise EngineError("The engine ended without a result.", "Please report it.")
