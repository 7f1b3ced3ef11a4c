"""Draw a part of a scan anew so that it agrees with what is around it, and leave all the rest as it is."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ctstudio.catalog.meddiff_parameters import RemoveLesionParameters
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.resample import volume_onto
from ctstudio.core.volume import Volume
from ctstudio.diffusion.noise import generator_for
from ctstudio.diffusion.pace import Pace, Stage
from ctstudio.diffusion.repaint import network_calls, repaint_order, repainted
from ctstudio.protocol.events import Finished
from ctstudio.protocol.result import Result, Sample
from ctstudio.systems.meddiff_fm.inference import Corner, Told
from ctstudio.systems.meddiff_fm.job import Begun, Cover, Event, Job, cover_part, followed, sample_of
from ctstudio.systems.meddiff_fm.pasting import Feather, box_about, feather, outside_digest, pasted
from ctstudio.systems.meddiff_fm.receipt import receipt
from ctstudio.systems.meddiff_fm.whole import SCHEDULE

_MARGIN = 2.0
"""Voxels of the model around a mask that are drawn anew, unless the user says how far."""
_CONTEXT = 0.25
"""Part of a patch around what is drawn that the model sees, at least."""


@dataclass(frozen=True)
class Redrawing:
    """What is drawn anew.

    Attributes:
        job: The request, on the model's voxels.
        parameters: Its parameters.
        scan: As given.
        inside: (z, y, x) the mask on the scan.
    """

    job: Job
    parameters: RemoveLesionParameters
    scan: Volume
    inside: NDArray[np.bool_]

    @property
    def margin_mm(self) -> float:
        """How far around the mask."""
        return self.parameters.margin_mm or _MARGIN * self.job.model.config.spacing_mm


@dataclass(frozen=True)
class _Work:
    """What all samples share; tensors are of the part of the volume that is worked on.

    Attributes:
        drawing: What is drawn anew.
        soft: Where, on the scan.
        corner: First voxel (z, y, x) of the part in the whole volume.
        known: (1, 1, D, H, W) the scan, in [-1, 1].
        keep: (1, 1, D, H, W) True where the scan stays.
        covered: The windows over the part.
        pace: Of the whole request.
    """

    drawing: Redrawing
    soft: Feather
    corner: Corner
    known: Tensor
    keep: Tensor
    covered: Cover
    pace: Pace


def redrawn(drawing: Redrawing, told: Told, label: int, notes: tuple[str, ...]) -> Iterator[Event]:
    """All samples of a request.

    Args:
        drawing: What is drawn anew.
        told: What the networks are told.
        label: Of the mask in the output.
        notes: What the user must be told besides.
    """
    parameters, request = drawing.parameters, drawing.job.request
    work = _work(drawing, told)
    samples = []
    for number in range(1, parameters.count + 1):
        sample = yield from _one(work, number, label)
        samples.append(sample)
    own = drawing.job.model.config.spacing_mm
    drawn = f"Drawn at {own:g} mm, up to {drawing.margin_mm:g} mm around the mask; beyond, no voxel changed."
    notes = (*drawing.job.patient.notes, *notes, drawn, work.covered.note)
    yield Finished(request.id, Result(request.id, tuple(samples), notes))


def _work(drawing: Redrawing, told: Told) -> _Work:
    job, parameters = drawing.job, drawing.parameters
    soft = feather(drawing.inside, drawing.scan.grid, drawing.margin_mm)
    anew = np.zeros(drawing.inside.shape, bool)
    anew[soft.box] = soft.share > 0
    wide = job.placement.lesion(anew, drawing.scan.grid)[0, 0] > 0  # (*placement.shape)
    corner, shape = _part(wide.numpy(), job.placement.patch)
    z, y, x = (slice(start, start + length) for start, length in zip(corner, shape, strict=True))
    known = job.placement.scan(drawing.scan, job.window)[..., z, y, x].clone()
    calls = network_calls(repaint_order(parameters.steps, parameters.jump, parameters.resamples))
    pace = Pace(job.request.id, (Stage("", parameters.count * calls),), parameters.count)
    return _Work(drawing, soft, corner, known, ~wide[None, None, z, y, x], cover_part(job, told, corner, shape), pace)


def _part(wide: NDArray[np.bool_], patch: int) -> tuple[Corner, tuple[int, int, int]]:
    """The part of the volume that is worked on: what is drawn anew and its surroundings, a patch at least."""
    box = box_about(wide, (1.0, 1.0, 1.0), _CONTEXT * patch)
    corner, shape = [], []
    for part, length in zip(box, wide.shape, strict=True):
        extent = max(patch, part.stop - part.start)
        begin = max(0, min((part.start + part.stop - extent) // 2, length - extent))
        corner.append(begin)
        shape.append(min(extent, length))
    return (corner[0], corner[1], corner[2]), (shape[0], shape[1], shape[2])


def _one(work: _Work, number: int, label: int) -> Generator[Event, None, Sample]:
    """Make one sample: yields events, returns the `Sample`."""
    drawing, begun = work.drawing, Begun()
    job, parameters, seed = drawing.job, drawing.parameters, drawing.parameters.seed + number - 1
    steps = repainted(
        work.covered.estimate,
        work.known,
        work.keep,
        parameters.steps,
        parameters.jump,
        parameters.resamples,
        generator_for(seed, "repaint"),
        schedule=SCHEDULE,
    )
    last = yield from followed(job, number, work.pace, steps, lambda x_0: _ct(work, x_0))
    ct = _ct(work, last.x_0)
    labels = LabelMap(drawing.inside.astype(np.uint8) * np.uint8(label), ct.grid, standard_table(), True)
    digests = {
        "ct beyond the margin": outside_digest(ct.array, work.soft),
        "scan beyond the margin": outside_digest(drawing.scan.array, work.soft),
    }
    measures = receipt(drawing.scan, ct, drawing.inside, work.soft)
    return sample_of(job, begun, seed, {"ct": ct, "labels": labels}, measures, digests)


def _ct(work: _Work, x_0: Tensor) -> Volume:
    """The scan with what was drawn in it."""
    drawing, job = work.drawing, work.drawing.job
    hu = job.window.from_unit(x_0[0, 0].clamp(-1, 1).cpu().numpy())
    spacing = job.placement.work.spacing_mm
    place = Volume(hu, _grid_at(job.placement.work, work.corner, (hu.shape[0], hu.shape[1], hu.shape[2]), spacing))
    first = [part.start for part in work.soft.box]
    shape = work.soft.share.shape
    box = _grid_at(
        drawing.scan.grid,
        (first[0], first[1], first[2]),
        (shape[0], shape[1], shape[2]),
        drawing.scan.grid.spacing_mm,
    )
    drawn = np.asarray(volume_onto(place, box, job.window.low_hu).array)
    return pasted(drawing.scan, drawn, work.soft, job.window)


def _grid_at(grid: Grid, corner: Corner, shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> Grid:
    """A part of a grid."""
    x, y, z = grid.to_world([float(start) for start in corner])
    return Grid(shape, spacing_mm, (float(x), float(y), float(z)), grid.direction)
