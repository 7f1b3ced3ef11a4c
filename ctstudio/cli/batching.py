"""A batch on its way: what is missing is made, sample by sample, and may be stopped at any moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ctstudio.cli.exits import INTERRUPTED
from ctstudio.core.errors import Cancelled, CtStudioError, EngineError, InputError
from ctstudio.core.provenance import digest
from ctstudio.io.batch_counts import missing
from ctstudio.io.batch_folder import CaseLine, add_case, begin, done_cases, keep_cases
from ctstudio.io.batch_masks import read_mask
from ctstudio.io.batch_state import BatchState
from ctstudio.io.batch_writing import README, readme, write_batch_sample, write_ends
from ctstudio.io.storage import write_text
from ctstudio.jobs.progress import Countdown
from ctstudio.protocol.events import Finished, Stepped
from ctstudio.protocol.request import Request, new_id

if TYPE_CHECKING:
    from ctstudio.catalog.batch import BatchMask, BatchPlan, BatchSample
    from ctstudio.core.labels import LabelMap
    from ctstudio.engine.cache import ModelCache
    from ctstudio.protocol.events import Event
    from ctstudio.protocol.result import Result

Report = Callable[[float, float, str], None]
"""Told slices done, slices of this start, and words."""


def run_batch(plan: BatchPlan, folder: Path, report: Report) -> list[CaseLine]:
    """Make all samples of a plan that are not there yet, and then what belongs to the whole.

    Args:
        plan: What is wanted; `batch_folder.check_folder` has allowed it.
        folder: Of the data set.
        report: Told after every step.

    Returns:
        The cases in the plan's order.

    Raises:
        Cancelled: Somebody stopped it; says how to go on.
        CtStudioError: It failed; what is done stays.
    """
    begin(folder, plan)
    write_text(readme(folder, plan), folder / README)
    done = _kept(folder, plan)
    todo = missing(plan, done)
    state = BatchState(folder, plan, plan.sample_count - len(todo))
    with _ended_well(state, plan, folder):
        _make_all(plan, folder, todo, state, report)
        lines = list(_kept(folder, plan).values())
        write_ends(folder, plan, lines)
    return lines


def request_for(plan: BatchPlan, sample: BatchSample, mask: LabelMap) -> Request:
    """What is asked of the engine for one sample."""
    settings = plan.settings
    name = next(one.name for one in settings.card.inputs if one.kind == "mask" and one.required)
    place = str((Path(settings.masks) / sample.mask.file).resolve())
    return Request(
        new_id(),
        settings.system,
        settings.task,
        settings.model,
        settings.card.validated(sample.parameters),
        {name: mask},
        settings.device,
        settings.dtype,
        {name: place},
    )


def mask_of(plan: BatchPlan, mask: BatchMask) -> LabelMap:
    """The voxels of a mask.

    Raises:
        InputError: It cannot be read any more, or has other voxels than when the plan was made.
    """
    labels, _ = read_mask(Path(plan.settings.masks), mask.file)
    if digest(labels.array) != mask.digest:
        raise InputError(f"The mask {mask.file} was changed while the batch ran.", "Begin anew in another folder.")
    return labels


@dataclass
class _Course:
    """How far this start of the batch is."""

    total: float
    samples: int
    done_before: int
    state: BatchState
    report: Report
    slices: float = 0.0
    finished: int = 0
    countdown: Countdown = field(default_factory=Countdown)

    def step(self, share: float, slices: int) -> None:
        """A share of the present sample of so many slices is done.

        Raises:
            Cancelled: Somebody wants it to stop.
        """
        now = self.slices + share * slices
        left = self.countdown.update(time.monotonic(), round(1000 * now), round(1000 * self.total))
        number = self.done_before + self.finished
        self.state.at(number, left)
        self.report(now, self.total, f"Sample {min(number + 1, self.samples)} of {self.samples}")
        if self.state.stop_wanted:
            raise Cancelled("The batch was stopped.")

    def sample_done(self, slices: int) -> None:
        """One more sample is on disk."""
        self.slices += slices
        self.finished += 1
        self.step(0.0, 0)


def _make_all(plan: BatchPlan, folder: Path, todo: list[BatchSample], state: BatchState, report: Report) -> None:
    if not todo:
        return  # nothing to load an engine for
    from ctstudio.engine.cache import ModelCache

    total = float(sum(sample.mask.slices for sample in todo))
    course = _Course(total, plan.sample_count, plan.sample_count - len(todo), state, report)
    cache, labels, read = ModelCache(), None, ""
    for wanted in todo:
        if labels is None or read != wanted.mask.file:
            labels, read = mask_of(plan, wanted.mask), wanted.mask.file
        result = _made(request_for(plan, wanted, labels), cache, wanted, course)
        for line in write_batch_sample(folder, plan, wanted, result):
            add_case(folder, line)
        course.sample_done(wanted.mask.slices)


def _made(request: Request, cache: ModelCache, wanted: BatchSample, course: _Course) -> Result:
    from ctstudio.engine import pipelines

    events: Generator[Event, None, None] = pipelines.run(request, cache)
    with closing(events):
        for event in events:
            if isinstance(event, Stepped):
                course.step(event.done, wanted.mask.slices)
            elif isinstance(event, Finished):
                return event.result
    raise EngineError(f"The engine ended without the sample {wanted.name}.", "Please report it.")


def _kept(folder: Path, plan: BatchPlan) -> dict[str, CaseLine]:
    """The finished cases in the plan's order, also on disk."""
    done = done_cases(folder)
    ordered = {case: done[case] for sample in plan.samples() for case in plan.cases_of(sample) if case in done}
    keep_cases(folder, list(ordered.values()))
    return ordered


@contextmanager
def _ended_well(state: BatchState, plan: BatchPlan, folder: Path) -> Iterator[None]:
    """However the batch ends, its state says it."""
    try:
        yield
    except (KeyboardInterrupt, Cancelled) as stop:
        left = len(missing(plan, done_cases(folder)))
        told = f"Stopped: {plan.sample_count - left} of {plan.sample_count} samples are done."
        error = Cancelled(told, "Run the same command again to go on.")
        error.exit_code = INTERRUPTED
        state.end("stopped", error.message, error.remedy)
        raise error from stop
    except CtStudioError as error:
        state.end("failed", error.message, error.remedy)
        raise
    except BaseException as error:
        state.end("failed", f"{type(error).__name__}: {error}", "See the log; run the same command again to go on.")
        raise
    state.end("finished")
