"""What all tasks do alike: bring what is given onto the model's voxels, cover it with windows, follow the steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ctstudio.catalog.meddiff_organs import region_shown
from ctstudio.catalog.meddiff_parameters import Windowed
from ctstudio.catalog.window_plan import WindowPlan
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume
from ctstudio.core.windows import Window
from ctstudio.diffusion.interruptible import watched
from ctstudio.diffusion.loop import Denoised, Predict
from ctstudio.diffusion.pace import Pace
from ctstudio.diffusion.windows import Windows, lay_windows
from ctstudio.protocol.events import Finished, Preview, Stepped
from ctstudio.protocol.recorded import provenance_of
from ctstudio.protocol.request import Request
from ctstudio.protocol.result import Sample
from ctstudio.systems.meddiff_fm.anatomy import REGION_NOTE, Patient, patient_of
from ctstudio.systems.meddiff_fm.inference import Told
from ctstudio.systems.meddiff_fm.memory import planned
from ctstudio.systems.meddiff_fm.placement import Placement, place
from ctstudio.systems.meddiff_fm.weights import MeddiffModel
from ctstudio.systems.meddiff_fm.whole import Manner, estimator

Event = Stepped | Preview | Finished
Shown = Callable[[Tensor], Volume]
_PREVIEWS = 5
"""Previews of a sample, about."""


@dataclass(frozen=True)
class Job:
    """A request on its model's voxels.

    Attributes:
        request: What was asked.
        model: That does it.
        parameters: As validated by the card.
        placement: Where the volume lies.
        patient: Anatomy and region.
    """

    request: Request
    model: MeddiffModel
    parameters: Windowed
    placement: Placement
    patient: Patient

    @property
    def window(self) -> Window:
        """The HU that the model sees of the region."""
        return self.model.config.window(self.patient.region)

    def told(self, lesion: Tensor | None = None, kind: str = "") -> Told:
        """What the networks are told of the whole volume."""
        anatomy = self.placement.anatomy(self.patient.classes, self.placement.work)
        return Told(self.placement, anatomy, self.patient.region, lesion, kind)


@dataclass(frozen=True)
class Cover:
    """The windows over a volume.

    Attributes:
        windows: Where they lie.
        keep: Numbers of those that are predicted.
        plan: How many, and what they take.
        estimate: A network call for samplers: the whole volume's x_0.
    """

    windows: Windows
    keep: tuple[int, ...]
    plan: WindowPlan
    estimate: Predict

    @property
    def note(self) -> str:
        """How the volume was gone through, for the user."""
        left = len(self.windows.corners) - len(self.keep)
        return f"Worked on {self.plan}{f'; {left} of them hold air alone and were left out' if left else ''}."


@dataclass(frozen=True)
class Begun:
    """When a sample was begun."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    clock: float = field(default_factory=time.monotonic)


def begin(
    request: Request,
    model: MeddiffModel,
    parameters: Windowed,
    grid: Grid,
    anatomy: LabelMap | None,
    scan: Volume | None,
) -> Job:
    """Bring what is given onto the model's voxels.

    Args:
        request: What was asked.
        model: That does it.
        parameters: As validated by the card.
        grid: That results lie on.
        anatomy: Of the patient; None for the body alone.
        scan: Of the patient; None where a CT is made from anatomy.

    Raises:
        InputError: The anatomy or the scan cannot be used.
    """
    placement = place(grid, model.config)
    patient = patient_of(placement, anatomy, scan, parameters.region, parameters.labels_mean)
    return Job(request, model, parameters, placement, patient)


def focused(job: Job, where: NDArray[np.bool_]) -> Job:
    """The same with the region of the organs at one place: a liver in a scan of the trunk wants the abdomen's window.

    Args:
        job: The request; a region that the user chose stays.
        where: (z, y, x) on the work grid.
    """
    shown = region_shown(job.patient.classes[where])
    if job.parameters.region != "auto" or shown in (None, job.patient.region):
        return job
    notes = tuple(note for note in job.patient.notes if not note.startswith(REGION_NOTE))
    told = f"{REGION_NOTE} {shown}, by the organ that is looked at."
    return replace(job, patient=replace(job.patient, region=str(shown), notes=(*notes, told)))


def cover(job: Job, told: Told, elsewhere: Tensor) -> Cover:
    """Cover the whole volume with windows.

    Args:
        job: The request.
        told: What the networks are told.
        elsewhere: (1, 1, *placement.shape) in [-1, 1]: what lies in windows of air, which are left out if asked.

    Raises:
        ParameterError: Not even one window fits into the memory.
    """
    asked = job.parameters
    windows = lay_windows(job.placement.shape, job.placement.patch, asked.overlap)
    plan, manner = _planned(job, windows.shape, told)
    every = tuple(range(len(windows.corners)))
    keep = (windows.holding(told.anatomy > 0) or every) if asked.skip_air else every
    return Cover(windows, keep, plan, estimator(job.model, told, windows, manner, keep, elsewhere))


def cover_part(job: Job, told: Told, corner: tuple[int, int, int], shape: tuple[int, int, int]) -> Cover:
    """Cover a part of the volume, from a corner (z, y, x), with windows.

    Raises:
        ParameterError: Not even one window fits into the memory.
    """
    windows = lay_windows(shape, job.placement.patch, job.parameters.overlap)
    plan, manner = _planned(job, shape, told)
    every = tuple(range(len(windows.corners)))
    return Cover(windows, every, plan, estimator(job.model, told, windows, manner, every, None, corner))


def followed(
    job: Job, number: int, pace: Pace, steps: Iterator[Denoised], shown: Shown | None = None
) -> Generator[Event, None, Denoised]:
    """All steps of a sample as events; returns the last.

    Args:
        job: The request.
        number: Of the sample, from 1.
        pace: Of the whole request.
        steps: What is worked out.
        shown: Makes a preview of x_0, if there shall be any.
    """
    last = None
    with closing(watched(steps, job.model.device)) as coming:
        for done in coming:
            if done is None:
                yield pace.waiting(number)
                continue
            yield pace.step(number)
            every = max(1, done.total // _PREVIEWS)
            if shown is not None and done.step % every == 0 and done.step < done.total:
                yield Preview(job.request.id, number, shown(done.x_0))
            last = done
    if last is None:
        raise RuntimeError("a sampler ended without a step")
    return last


def sample_of(
    job: Job,
    begun: Begun,
    seed: int,
    outputs: Mapping[str, Volume | LabelMap],
    measures: Mapping[str, float],
    digests: Mapping[str, str] | None = None,
) -> Sample:
    """A finished sample.

    Args:
        job: The request.
        begun: When.
        seed: Of this sample.
        outputs: What was made.
        measures: What was measured in it.
        digests: More that must be the same when it is made again, beside the outputs' own.
    """
    seconds = time.monotonic() - begun.clock
    parameters = job.parameters.model_dump(mode="json")
    told = provenance_of(job.request, job.model.info, parameters, seed, outputs, begun.at, seconds)
    told = replace(told, outputs={**told.outputs, **(digests or {})})
    return Sample(seed, dict(outputs), {name: round(float(value), 4) for name, value in measures.items()}, told)


def _planned(job: Job, shape: tuple[int, int, int], told: Told) -> tuple[WindowPlan, Manner]:
    plan, keep_bytes = planned(job.model, shape, job.parameters.overlap, told.lesion is not None)
    return plan, Manner(plan.batch, keep_bytes, job.parameters.weights)
