"""A CT with a lesion, from anatomy, as a generator of events."""

from __future__ import annotations

from collections.abc import Iterator

from ctstudio.catalog.meddiff_parameters import AddLesionParameters
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.core.resample import labels_onto
from ctstudio.protocol.request import Request
from ctstudio.systems.meddiff_fm.drawing import drawn
from ctstudio.systems.meddiff_fm.given import anatomy_of, lesion_of
from ctstudio.systems.meddiff_fm.job import Event, begin
from ctstudio.systems.meddiff_fm.lesions import check_in_body, kind_of
from ctstudio.systems.meddiff_fm.weights import MeddiffModel


def add_lesion(request: Request, model: MeddiffModel) -> Iterator[Event]:
    """Make CTs that have a given anatomy and a lesion where a mask is.

    Args:
        request: Inputs `anatomy` and `lesion` (LabelMaps); parameters of `AddLesionParameters`.
        model: A loaded model with a ControlNet for the kind of lesion.

    Yields:
        As `synthesize`; the labels hold the lesion.

    Raises:
        InputError: What was given cannot be used.
        ModelError: The model cannot draw such lesions.

    Source: MedDiff-FM, section 3.5.
    """
    parameters = AddLesionParameters.model_validate(request.parameters)
    anatomy = anatomy_of(request)
    mask, inside = lesion_of(request, anatomy.grid)
    job = begin(request, model, parameters, anatomy.grid, anatomy, None)
    work = LabelMap(job.patient.classes, job.placement.work, standard_table())
    classes = labels_onto(work, anatomy.grid).array
    notes = check_in_body(inside, classes)
    kind, why = kind_of(model, parameters.kind, mask, inside, classes)
    told = job.told(job.placement.lesion(inside, anatomy.grid), kind)
    array = inside.astype("uint8") * values_of([kind])[0]
    marked = LabelMap(array, anatomy.grid, standard_table(), True)
    yield from drawn(job, parameters, told, marked, (*notes, *why))
