"""A lesion put into a scan, or taken out of it, as generators of events."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.meddiff_parameters import InpaintLesionParameters, RemoveLesionParameters
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.core.resample import labels_onto
from ctstudio.protocol.request import Request
from ctstudio.systems.meddiff_fm.given import lesion_of, optional_anatomy, scan_of
from ctstudio.systems.meddiff_fm.job import Event, Job, begin, focused
from ctstudio.systems.meddiff_fm.lesions import check_in_body, kind_of
from ctstudio.systems.meddiff_fm.redrawing import Redrawing, redrawn
from ctstudio.systems.meddiff_fm.weights import MeddiffModel


def inpaint_lesion(request: Request, model: MeddiffModel) -> Iterator[Event]:
    """Draw a lesion into a scan.

    Args:
        request: Inputs `scan` (Volume, HU), `lesion` (LabelMap), and `anatomy` (LabelMap) if there is any; parameters
            of `InpaintLesionParameters`.
        model: A loaded model with a ControlNet for the kind of lesion.

    Yields:
        `Stepped` after each step and while a long one lasts, `Preview` now and then, and `Finished` with "ct" and
        "labels" on the scan's grid. Beyond the margin every voxel has the bits that it had.

    Raises:
        InputError: What was given cannot be used.
        ModelError: The model cannot draw such lesions.

    Source: MedDiff-FM, section 3.5; Lugmayr et al. 2022 (RePaint).
    """
    parameters = InpaintLesionParameters.model_validate(request.parameters)
    drawing, mask, notes = _prepared(request, model, parameters)
    work = drawing.job.placement.work
    classes = labels_onto(LabelMap(drawing.job.patient.classes, work, standard_table()), drawing.scan.grid).array
    kind, why = kind_of(model, parameters.kind, mask, drawing.inside, classes)
    lesion = drawing.job.placement.lesion(drawing.inside, drawing.scan.grid)
    yield from redrawn(drawing, drawing.job.told(lesion, kind), values_of([kind])[0], (*notes, *why))


def remove_lesion(request: Request, model: MeddiffModel) -> Iterator[Event]:
    """Draw healthy tissue in the place of a lesion.

    Args:
        request: As in `inpaint_lesion`; parameters of `RemoveLesionParameters`.
        model: A loaded model; it has learned from tissue without lesions.

    Yields:
        As `inpaint_lesion`; "labels" is what was drawn anew.

    Raises:
        InputError: What was given cannot be used.

    Source: MedDiff-FM, section 3.4; Lugmayr et al. 2022 (RePaint).
    """
    parameters = RemoveLesionParameters.model_validate(request.parameters)
    drawing, _, notes = _prepared(request, model, parameters)
    yield from redrawn(drawing, drawing.job.told(), values_of(["lesion"])[0], notes)


def _prepared(
    request: Request, model: MeddiffModel, parameters: RemoveLesionParameters
) -> tuple[Redrawing, LabelMap, tuple[str, ...]]:
    """What is redrawn, the lesion's labels on the scan, and what to say of them."""
    scan = scan_of(request)
    mask, inside = lesion_of(request, scan.grid)
    anatomy = optional_anatomy(request, scan.grid)
    job = begin(request, model, parameters, scan.grid, anatomy, scan)
    job = focused(job, _on_work_grid(job, inside))
    work = LabelMap(job.patient.classes, job.placement.work, standard_table())
    notes = check_in_body(inside, labels_onto(work, scan.grid).array)
    if anatomy is None:
        notes = (*notes, "Without anatomy the model knows where the body is, but not which organ is drawn.")
    return Redrawing(job, parameters, scan, inside), mask, notes


def _on_work_grid(job: Job, inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    depth, rows, columns = job.placement.work.shape
    found = job.placement.lesion(inside, job.placement.given)[0, 0] > 0
    return np.asarray(found[:depth, :rows, :columns].numpy(), bool)
