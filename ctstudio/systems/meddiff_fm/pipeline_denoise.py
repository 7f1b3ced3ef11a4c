"""A scan without its noise, as a generator of events."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.meddiff_parameters import DenoiseParameters
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.lattices import Lattice, lattices
from ctstudio.core.resample import labels_onto
from ctstudio.core.volume import Volume
from ctstudio.diffusion.noise import generator_for
from ctstudio.diffusion.pace import Pace, Stage
from ctstudio.diffusion.restoration import restored, restoring_timesteps
from ctstudio.protocol.events import Finished
from ctstudio.protocol.request import Request
from ctstudio.protocol.result import Result
from ctstudio.systems.meddiff_fm.given import optional_anatomy, scan_of
from ctstudio.systems.meddiff_fm.job import Begun, Event, Job, begin, cover, followed, sample_of
from ctstudio.systems.meddiff_fm.pasting import kept_beyond
from ctstudio.systems.meddiff_fm.placement import Placement
from ctstudio.systems.meddiff_fm.scan_noise import noise_mask, scan_noise_hu
from ctstudio.systems.meddiff_fm.weights import MeddiffModel
from ctstudio.systems.meddiff_fm.whole import SCHEDULE

_LEAST_HU = 0.5
"""Noise that nobody sees; there is nothing to take away below it."""


@dataclass(frozen=True)
class _Work:
    """What all parts of a scan share.

    Attributes:
        job: The request, on the model's voxels.
        scan: As given.
        sigma_hu: Noise that is taken away.
        pace: Of the whole request.
    """

    job: Job
    scan: Volume
    sigma_hu: float
    pace: Pace


def denoise(request: Request, model: MeddiffModel) -> Iterator[Event]:
    """Take the noise out of a scan.

    Args:
        request: Input `scan` (Volume, HU), and `anatomy` (LabelMap) if there is any; parameters of
            `DenoiseParameters`.
        model: A loaded model.

    Yields:
        `Stepped` after each step and while a long one lasts, and `Finished` with "ct" on the scan's grid; HU beyond the
        model's window, and air that is left out, are the scan's own.

    Raises:
        InputError: What was given cannot be used.

    Source: MedDiff-FM, section 3.4; Zhu et al. 2023 (DiffPIR).
    """
    parameters = DenoiseParameters.model_validate(request.parameters)
    scan = scan_of(request)
    anatomy = optional_anatomy(request, scan.grid)
    job = begin(request, model, parameters, scan.grid, anatomy, scan)
    begun, where = Begun(), noise_mask(scan, job.placement, job.patient)
    before_hu = scan_noise_hu(scan.array, where)
    sigma_hu = (parameters.sigma_hu or before_hu) * parameters.strength
    parts = _parts(scan, job, parameters)
    calls = len(restoring_timesteps(2 * max(sigma_hu, _LEAST_HU) / job.window.width_hu, parameters.steps, SCHEDULE))
    pace = Pace(request.id, (Stage("", calls * len(parts)),), 1)
    notes = [*job.patient.notes, _said(before_hu, sigma_hu, parameters)]
    if sigma_hu < _LEAST_HU:
        ct = scan.array
        notes.append("There is no noise to take away; the scan is as it was.")
    else:
        ct = yield from _all_parts(_Work(job, scan, sigma_hu, pace), parts, notes)
    outputs = {"ct": Volume(ct, scan.grid, scan.modality, scan.unit, True, scan.name)}
    measures = {"noise_before_hu": before_hu, "noise_after_hu": scan_noise_hu(ct, where), "sigma_hu": sigma_hu}
    sample = sample_of(job, begun, parameters.seed, outputs, measures)
    yield Finished(request.id, Result(request.id, (sample,), tuple(notes)))


def _parts(scan: Volume, job: Job, parameters: DenoiseParameters) -> list[Lattice | None]:
    """The lattices of the scan; None for the model's own voxels over all of it."""
    if parameters.detail == "model":
        return [None]
    return list(lattices(scan.grid, job.model.config.spacing_mm))


def _all_parts(
    work: _Work, parts: list[Lattice | None], notes: list[str]
) -> Generator[Event, None, NDArray[np.generic]]:
    """All parts one after the other; returns the scan's voxels without noise."""
    array = work.scan.array.astype(np.float32)
    for number, lattice in enumerate(parts):
        made, note = yield from _part(work, lattice)
        if number == 0:
            notes.append(note if len(parts) == 1 else f"{len(parts)} lattices of the scan, one by one. Each: {note}")
        array[... if lattice is None else lattice.part] = made
    hu = kept_beyond(work.scan.array.astype(np.float32), array, work.job.window, work.sigma_hu)
    return np.rint(hu).astype(work.scan.array.dtype) if work.scan.array.dtype.kind in "iu" else hu


def _part(work: _Work, lattice: Lattice | None) -> Generator[Event, None, tuple[NDArray[np.floating], str]]:
    """One part; returns its HU on its voxels of the scan, and how it was gone through."""
    job = work.job if lattice is None else _on(work.job, lattice)
    scan = work.scan if lattice is None else Volume(work.scan.array[lattice.part], lattice.grid)
    parameters = job.parameters
    if not isinstance(parameters, DenoiseParameters):
        raise TypeError("these are parameters of another task")
    y = job.placement.scan(scan, job.window)
    covered = cover(job, job.told(), y)
    sigma = 2 * work.sigma_hu / job.window.width_hu
    steps = restored(
        covered.estimate,
        y,
        sigma,
        parameters.steps,
        generator_for(parameters.seed, "denoise"),
        parameters.mode,
        schedule=SCHEDULE,
    )
    last = yield from followed(job, 1, work.pace, steps)
    return np.asarray(job.placement.volume(last.x_0, job.window).array), covered.note


def _on(job: Job, lattice: Lattice) -> Job:
    """The same patient on the voxels of a lattice."""
    work = LabelMap(job.patient.classes, job.placement.work, standard_table())
    classes = labels_onto(work, lattice.grid).array
    placement = Placement(lattice.grid, lattice.grid, job.placement.patch)
    return replace(job, placement=placement, patient=replace(job.patient, classes=classes))


def _said(before_hu: float, sigma_hu: float, parameters: DenoiseParameters) -> str:
    source = "given" if parameters.sigma_hu else "measured in the scan"
    strength = f", times {parameters.strength:g}" if parameters.strength != 1 else ""
    return f"Noise of {sigma_hu:.1f} HU was taken away ({source}{strength}); the scan has {before_hu:.1f} HU."
