"""A CT from anatomy, as a generator of events."""

from __future__ import annotations

from collections.abc import Iterator

from ctstudio.catalog.meddiff_parameters import SynthesizeParameters
from ctstudio.protocol.request import Request
from ctstudio.systems.meddiff_fm.drawing import drawn
from ctstudio.systems.meddiff_fm.given import anatomy_of
from ctstudio.systems.meddiff_fm.job import Event, begin
from ctstudio.systems.meddiff_fm.weights import MeddiffModel


def synthesize(request: Request, model: MeddiffModel) -> Iterator[Event]:
    """Make CTs that have a given anatomy.

    Args:
        request: Input `anatomy` (LabelMap); parameters of `SynthesizeParameters`.
        model: A loaded model.

    Yields:
        `Stepped` after each step and while a long one lasts, `Preview` now and then, and `Finished` with "ct" and
        "labels" on the anatomy's grid.

    Raises:
        InputError: What was given cannot be used, or memory is too small; says what, why and what to do.

    Source: MedDiff-FM, section 3.4.
    """
    parameters = SynthesizeParameters.model_validate(request.parameters)
    anatomy = anatomy_of(request)
    job = begin(request, model, parameters, anatomy.grid, anatomy, None)
    yield from drawn(job, parameters, job.told(), None)
