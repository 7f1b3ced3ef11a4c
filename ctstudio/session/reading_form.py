"""What the Generate page holds for reading the structures of a CT: the case it reads, and the request made of it."""

from __future__ import annotations

from ctstudio.catalog.fit import Fit
from ctstudio.catalog.fits import fits_of
from ctstudio.catalog.shelf import Model
from ctstudio.core.errors import IntensityError
from ctstudio.protocol.request import Request
from ctstudio.session.document import Case
from ctstudio.session.generation import check_geometry
from ctstudio.session.task_form import TaskForm

SCAN = "scan"


class ReadingForm(TaskForm):
    """The choices for reading one scan."""

    def findings(self, model: Model, case: Case, free_bytes: int | None = None) -> list[Fit]:
        """How well the case's scan fits what a model has seen, and the device's free memory; any thread may ask."""
        return fits_of(model, self.values, {SCAN: case.volume}, free_bytes)

    def build_request(self, case: Case | None) -> Request:
        """Everything that decides the result; voxels without a number are found by the engine.

        Raises:
            ParameterError: A parameter cannot be used.
            ModelNotFound: No model is chosen.
            GeometryError: The scan has too few voxels.
            IntensityError: There is no scan, or it is not in HU.
        """
        self.check_model()
        if case is None or not case.has_scan:
            raise IntensityError("There is no CT to read.", "Open a CT first.")
        if not case.volume.is_hu:
            raise IntensityError(
                f"This scan holds {case.volume.unit} values, not Hounsfield units.", "Open a CT in Hounsfield units."
            )
        check_geometry(case)
        return self.request({SCAN: case.volume}, {SCAN: str(case.path or "")})
