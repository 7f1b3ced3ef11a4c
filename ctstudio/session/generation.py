"""What the Generate page holds: the parameters of a task, the model, the seed; and the request made of them."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

import numpy as np
from psygnal import Signal

from ctstudio.catalog.card import Card
from ctstudio.catalog.fit import MIN_VOXELS, Fit, assess
from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.shelf import model_folders
from ctstudio.core.errors import GeometryError, IntensityError, MaskError, ModelNotFound
from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume
from ctstudio.protocol.request import Request
from ctstudio.session.document import Case

SEEDS = 2**31
_SEED = "seed"


class GenerationForm:
    """The choices for one task, always valid.

    Attributes:
        card: The task.
        device: "auto", "cpu" or "cuda".
        dtype: "auto", "fp32" or "bf16".

    Signals:
        changed: The name of the parameter (or "model", "seed_locked", "use_scan") that changed.
    """

    changed = Signal(str)

    def __init__(self, card: Card, model: str = "") -> None:
        self.card = card
        self.device = "auto"
        self.dtype = "auto"
        self._values = card.defaults()
        self._model = model
        self._seed_locked = False
        self._use_scan = True

    @property
    def values(self) -> dict[str, Any]:
        """JSON values of all parameters."""
        return dict(self._values)

    def set(self, name: str, value: Any) -> None:
        """Set one parameter.

        Raises:
            ParameterError: The value is outside its range, or there is no such parameter; the old value stays.
        """
        wanted = self.card.validated({**self._values, name: value})
        if wanted != self._values:
            self._values = wanted
            self.changed.emit(name)

    def reset(self) -> None:
        """Give every parameter but the seed its default."""
        for name, value in self.card.defaults().items():
            if name != _SEED:
                self.set(name, value)

    @property
    def model(self) -> str:
        """Name or folder of the model, "" for none."""
        return self._model

    @model.setter
    def model(self, model: str) -> None:
        if model != self._model:
            self._model = model
            self.changed.emit("model")

    @property
    def seed_locked(self) -> bool:
        """Whether the next request keeps the seed."""
        return self._seed_locked

    @seed_locked.setter
    def seed_locked(self, locked: bool) -> None:
        if locked != self._seed_locked:
            self._seed_locked = locked
            self.changed.emit("seed_locked")

    @property
    def use_scan(self) -> bool:
        """Whether the scan's field of view and outline are taken."""
        return self._use_scan

    @use_scan.setter
    def use_scan(self, use: bool) -> None:
        if use != self._use_scan:
            self._use_scan = use
            self.changed.emit("use_scan")

    def roll_seed(self) -> int:
        """Throw the dice: a new seed, also when it is locked."""
        self.set(_SEED, secrets.randbelow(SEEDS))
        return int(self._values[_SEED])

    def after_submit(self) -> None:
        """Make ready for the next request: a new seed unless it is locked."""
        if not self._seed_locked:
            self.roll_seed()

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
        if not self._model:
            raise ModelNotFound("No model is chosen.", where_models_go())
        parameters = self.card.validated(self._values)
        check_geometry(case)
        if case.mask.empty:
            raise MaskError("The mask is empty.", "Paint a label, or import a mask.")
        inputs: dict[str, Volume | LabelMap] = {"mask": case.mask.snapshot()}
        files = {"mask": str(case.mask_path or "")}
        if self._use_scan and case.has_scan:
            check_intensity(case.volume)
            inputs["like"] = case.volume
            files["like"] = str(case.path or "")
        return Request(
            id=uuid.uuid4().hex,
            system=self.card.system,
            task=self.card.task,
            model=self._model,
            parameters=parameters,
            inputs=inputs,
            device=self.device,
            dtype=self.dtype,
            input_files=files,
        )


def where_models_go() -> str:
    """What to do when there is no model to choose."""
    own = model_folders()[1]
    return f"Choose a model on the Generate page; one that is not listed goes as a folder into {own}, then start again."


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
