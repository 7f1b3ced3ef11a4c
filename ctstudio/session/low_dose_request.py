"""Whether a case can be simulated at a lower dose, and the whole of it as a request."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from ctstudio.catalog.low_dose import CARD
from ctstudio.core.errors import CtStudioError, IntensityError
from ctstudio.protocol.request import Request
from ctstudio.session.document import Case
from ctstudio.session.generation import check_geometry


def trouble_of(case: Case) -> str:
    """Why a case cannot be simulated, with what to do; "" when it can. Looks at no voxel."""
    try:
        _check(case)
    except CtStudioError as error:
        return f"{error.message} {error.remedy}"
    return ""


def low_dose_request(case: Case | None, values: dict[str, Any]) -> Request:
    """The whole scan of a case at the dose of some settings, as a job.

    Voxels without a number are found by the engine, because looking for them would hold the window up.

    Raises:
        IntensityError: There is no scan, or it is not in HU.
        GeometryError: Its slices have too few voxels.
        ParameterError: A setting outside its range.
    """
    if case is None:
        raise IntensityError("There is no scan to simulate a dose of.", "Open a CT first.")
    _check(case)
    return Request(
        id=uuid4().hex,
        system=CARD.system,
        task=CARD.task,
        model="",
        parameters=CARD.validated(values),
        inputs={"scan": case.volume},
        input_files={"scan": str(case.path or "")},
    )


def _check(case: Case) -> None:
    if not case.has_scan:
        raise IntensityError("This case has a mask and no scan: there is nothing to simulate.", "Open a CT.")
    if not case.volume.is_hu:
        raise IntensityError(
            f"This scan holds {case.volume.unit} values, not Hounsfield units.", "Open a CT in Hounsfield units."
        )
    check_geometry(case)
