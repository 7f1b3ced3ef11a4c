"""What the Generate page holds for CT from a mask: its choices, how well they fit, and the request made of them."""

from __future__ import annotations

import numpy as np

from ctstudio.catalog.card import Card
from ctstudio.catalog.fit import Fit
from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.na_diff_fit import MIN_VOXELS, assess
from ctstudio.core.errors import GeometryError, IntensityError, MaskError
from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume
from ctstudio.protocol.request import Request
from ctstudio.session.document import Case
from ctstudio.session.task_form import TaskForm


class GenerationForm(TaskForm):
    """The choices for CT from a mask; `changed` also says "use_scan"."""

    def __init__(self, card: Card, model: str = "") -> None:
        super().__init__(card, model)
        self._use_scan = True

    @property
    def use_scan(self) -> bool:
        """Whether the scan's field of view and outline are taken."""
        return self._use_scan

    @use_scan.setter
    def use_scan(self, use: bool) -> None:
        if use != self._use_scan:
            self._use_scan = use
            self.changed.emit("use_scan")

    def findings(self, case: Case, info: ModelInfo) -> list[Fit]:
        """How well the case fits the model's ranges; costs no walk through the mask."""
        mask = case.mask
        labels = LabelMap(mask.array, mask.grid, mask.table, mask.synthetic)
        like = case.volume if self._use_scan and case.has_scan else None
        return assess(info, labels, case.volume.grid, float(self._values["dose"]), like, mask.slice_counts)

    def build_request(self, case: Case) -> Request:
        """Everything that decides the result, frozen: later strokes do not change it.

        Raises:
            ParameterError: A parameter cannot be used.
            ModelNotFound: No model is chosen.
            GeometryError: The scan has too few voxels.
            MaskError: The mask is empty.
            IntensityError: The scan has NaN voxels or is not in HU.
        """
        self.check_model()
        check_geometry(case)
        if case.mask.empty:
            raise MaskError("The mask is empty.", "Paint a label, or import a mask.")
        inputs: dict[str, Volume | LabelMap] = {"mask": case.mask.snapshot()}
        files = {"mask": str(case.mask_path or "")}
        if self._use_scan and case.has_scan:
            check_intensity(case.volume)
            inputs["like"] = case.volume
            files["like"] = str(case.path or "")
        return self.request(inputs, files)


def check_geometry(case: Case) -> None:
    """Whether a slice has enough voxels.

    Raises:
        GeometryError: Fewer than three along a side.
    """
    rows, columns = case.volume.grid.shape[1:]
    if min(rows, columns) < MIN_VOXELS:
        raise GeometryError(
            f"A slice of this scan has {columns} × {rows} voxels; at least {MIN_VOXELS} × {MIN_VOXELS} are needed.",
            "Open a scan with whole slices.",
        )


def check_intensity(scan: Volume) -> None:
    """Whether a scan can be taken as an example, looked at slice by slice.

    Raises:
        IntensityError: It is not in HU, or has voxels that are NaN or infinite.
    """
    without = "or turn off 'Like this scan'."
    if not scan.is_hu:
        raise IntensityError(
            f"The scan holds {scan.unit} values, not Hounsfield units.", f"Open a CT in Hounsfield units, {without}"
        )
    if scan.array.dtype.kind not in "iub":
        bad = sum(int(np.count_nonzero(~np.isfinite(plane))) for plane in scan.array)
        if bad:
            raise IntensityError(
                f"The scan has {bad} voxels without a number (NaN or infinite).", f"Repair the file, {without}"
            )
