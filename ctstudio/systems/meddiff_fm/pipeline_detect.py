"""What differs from the expected in an organ, as a generator of events."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctstudio.catalog.meddiff_organs import LUNG_CLASSES, classes_of
from ctstudio.catalog.meddiff_parameters import DetectParameters
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.core.resample import labels_onto
from ctstudio.core.volume import Volume
from ctstudio.diffusion.loop import Denoised, Predict
from ctstudio.diffusion.noise import generator_for
from ctstudio.diffusion.one_step import one_step_estimate
from ctstudio.diffusion.pace import Pace, Stage
from ctstudio.measure.anomaly import Findings, findings, robust_threshold_hu
from ctstudio.protocol.events import Finished
from ctstudio.protocol.request import Request
from ctstudio.protocol.result import Result
from ctstudio.systems.meddiff_fm.anatomy import inside
from ctstudio.systems.meddiff_fm.given import anatomy_of, scan_of
from ctstudio.systems.meddiff_fm.job import Begun, Event, Job, begin, cover, focused, followed, sample_of
from ctstudio.systems.meddiff_fm.weights import MeddiffModel, precise
from ctstudio.systems.meddiff_fm.whole import SCHEDULE

LUNG_TIMESTEP, ORGAN_TIMESTEP = 950, 900
"""Source: MedDiff-FM, section 4.4."""
_NAME = "MedDiff-FM anomaly"


def detect(request: Request, model: MeddiffModel) -> Iterator[Event]:
    """Compare an organ with what the model would expect there.

    Args:
        request: Inputs `scan` (Volume, HU) and `anatomy` (LabelMap); parameters of `DetectParameters`.
        model: A loaded model.

    Yields:
        `Stepped` after each draw and while one lasts, and `Finished` with "anomaly" (scan less expected, HU, 0 beyond
        the organ) and "labels" (what reaches the threshold), on the scan's grid.

    Raises:
        InputError: What was given cannot be used, or the anatomy does not hold the organ.

    Source: MedDiff-FM, section 3.4. Differs: the mean of several draws; the paper takes one.
    """
    parameters = DetectParameters.model_validate(request.parameters)
    organ, scan = classes_of(parameters.organ), scan_of(request)
    anatomy = anatomy_of(request, scan.grid)
    job = begin(request, precise(model), parameters, scan.grid, anatomy, scan)
    where = inside(job.patient, organ, parameters.organ)
    job = focused(job, where)
    begun, told = Begun(), job.told()
    x_0 = job.placement.scan(scan, job.window)
    covered = cover(job, told, x_0)
    timestep = parameters.timestep or (LUNG_TIMESTEP if organ <= LUNG_CLASSES else ORGAN_TIMESTEP)
    pace = Pace(request.id, (Stage("", parameters.draws),), 1)
    steps = _draws(covered.estimate, x_0, timestep, parameters)
    last = yield from followed(job, 1, pace, steps)
    anomaly, organ_on_scan = _map(job, last.x_0 - x_0, where)
    found, threshold_hu, rule = _found(anomaly, organ_on_scan, parameters)
    outputs: dict[str, Volume | LabelMap] = {"anomaly": anomaly, "labels": _marked(found, scan)}
    measures = _measures(anomaly, organ_on_scan, found, threshold_hu)
    sample = sample_of(job, begun, parameters.seed, outputs, measures)
    notes = (*job.patient.notes, f"Noise level {timestep} of 1000, {parameters.draws} draws.", rule, covered.note)
    yield Finished(request.id, Result(request.id, (sample,), notes))


def _draws(estimate: Predict, x_0: Tensor, timestep: int, parameters: DetectParameters) -> Iterator[Denoised]:
    """Draw the volume anew, several times; x_0 of each step is the mean of the draws so far."""
    total = torch.zeros_like(x_0)
    for draw in range(1, parameters.draws + 1):
        generator = generator_for(parameters.seed, "draw", draw)
        total += one_step_estimate(estimate, x_0, timestep, generator, SCHEDULE)
        yield Denoised(draw, parameters.draws, x_0, total / draw)


def _map(job: Job, less: Tensor, where: NDArray[np.bool_]) -> tuple[Volume, NDArray[np.bool_]]:
    """Scan less expected in the organ, HU, and the organ, both on the scan's grid."""
    hu = -less * (job.window.width_hu / 2)
    work = LabelMap(where.astype(np.uint8), job.placement.work, standard_table())
    organ = labels_onto(work, job.placement.given).array > 0
    difference = job.placement.difference(hu, _NAME)
    array = np.where(organ, difference.array, np.float32(0)).astype(np.float32)
    return Volume(array, difference.grid, "OT", "HU", True, _NAME), organ


def _found(anomaly: Volume, organ: NDArray[np.bool_], parameters: DetectParameters) -> tuple[Findings, float, str]:
    """The findings, the threshold, and how that came to be."""
    threshold_hu, rule = parameters.threshold_hu, "as it was given"
    if not threshold_hu:
        threshold_hu = robust_threshold_hu(anomaly.array, organ)
        rule = "three robust standard deviations of the organ's differences"
    found = findings(anomaly, organ, threshold_hu, parameters.sign, parameters.smallest_ml)
    count = len(found.table)
    what = "no finding" if not count else f"{count} {'finding' if count == 1 else 'findings'}"
    return found, threshold_hu, f"Threshold {threshold_hu:.1f} HU, {rule}: {what}."


def _marked(found: Findings, scan: Volume) -> LabelMap:
    array = found.labels * np.uint8(values_of(["lesion"])[0])
    return LabelMap(array, scan.grid, standard_table(), True, _NAME)


def _measures(anomaly: Volume, organ: NDArray[np.bool_], found: Findings, threshold_hu: float) -> dict[str, float]:
    ml = anomaly.grid.voxel_volume_mm3 / 1000.0
    return {
        "threshold_hu": threshold_hu,
        "findings": len(found.table),
        "organ_ml": float(organ.sum()) * ml,
        "found_ml": float((found.labels > 0).sum()) * ml,
        "largest_ml": found.table[0].volume_ml if found.table else 0.0,
        "mean_difference_hu": float(anomaly.array[organ].mean()) if organ.any() else 0.0,
    }
