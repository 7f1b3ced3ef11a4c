"""What the Generate page holds for a task on the open case: its scan, its anatomy, its lesion; and the request."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctstudio.catalog.card import Card, InputSpec
from ctstudio.catalog.fit import Fit
from ctstudio.catalog.fits import fits_of
from ctstudio.catalog.shelf import Model
from ctstudio.core.errors import InputError, IntensityError, MaskError
from ctstudio.core.labels import LESIONS, LabelMap
from ctstudio.core.volume import Volume
from ctstudio.protocol.request import Request
from ctstudio.session.document import Case
from ctstudio.session.generation import check_geometry
from ctstudio.session.task_form import TaskForm

SCAN, LESION = "scan", "lesion"


@dataclass(frozen=True)
class Given:
    """One input of the task as the open case gives it.

    Attributes:
        name: Of the input.
        title: What people read.
        words: What it is: "torso", "12 labels", "3.2 mL of liver lesion", or what is missing.
        there: Whether the case has it.
        required: Whether the task cannot do without.
    """

    name: str
    title: str
    words: str
    there: bool
    required: bool


class ScanTaskForm(TaskForm):
    """The choices for one task whose inputs come from the open case."""

    def __init__(self, card: Card, model: str = "") -> None:
        super().__init__(card, model)
        self.roll_seed()

    def given(self, case: Case | None) -> tuple[Given, ...]:
        """What the case gives for each input; walks through no voxel."""
        return tuple(self._given(one, case) for one in self.card.inputs)

    def findings(self, model: Model, case: Case, free_bytes: int | None = None) -> list[Fit]:
        """How well what the case has fits what a model has seen, and the device's free memory; any thread may ask."""
        there = {one.name for one in self.given(case) if one.there}
        return fits_of(model, self.values, {name: self._input(name, case) for name in there}, free_bytes)

    def build_request(self, case: Case | None) -> Request:
        """Everything that decides the result, frozen; voxels without a number are found by the engine.

        Raises:
            ParameterError: A parameter cannot be used.
            ModelNotFound: No model is chosen.
            GeometryError: The scan has too few voxels.
            IntensityError: There is no scan, or it is not in HU.
            MaskError: There is no anatomy, or no lesion.
        """
        self.check_model()
        for one in self.given(case):
            if one.required and not one.there:
                raise _missing(one, case)
        if case is None:
            raise IntensityError("No case is open.", "Open a CT first.")
        check_geometry(case)
        there = [one.name for one in self.given(case) if one.there]
        paths = {name: case.path if name == SCAN else case.mask_path for name in there}
        inputs = {name: self._input(name, case) for name in there}
        return self.request(inputs, {name: str(path or "") for name, path in paths.items()})

    def _given(self, one: InputSpec, case: Case | None) -> Given:
        words, there = _scan_words(case) if one.kind == "scan" else _mask_words(one.name, case)
        return Given(one.name, one.title, words, there, one.required)

    def _input(self, name: str, case: Case) -> Volume | LabelMap:
        if name == SCAN:
            return case.volume
        if name == LESION:
            return lesion_of(case)
        return case.mask.snapshot(case.name)


def lesion_of(case: Case) -> LabelMap:
    """The lesions of a case's mask, all other labels left out; a copy."""
    array = np.where(np.isin(case.mask.array, _values(case, lesions=True)), case.mask.array, 0).astype(np.uint8)
    return LabelMap(array, case.mask.grid, case.mask.table, case.mask.synthetic, case.name)


def organs_in(case: Case | None) -> tuple[str, ...]:
    """Names of what a case's mask holds besides lesions, those with most voxels first."""
    if case is None:
        return ()
    counts = case.mask.counts
    values = sorted(_values(case, lesions=False), key=lambda value: -counts[value])
    return tuple(case.mask.table.by_value(value).name for value in values)


def _scan_words(case: Case | None) -> tuple[str, bool]:
    if case is None or not case.has_scan:
        return "open a CT", False
    return (case.name, True) if case.volume.is_hu else (f"{case.volume.unit}, not HU", False)


def _mask_words(name: str, case: Case | None) -> tuple[str, bool]:
    values = [] if case is None else _values(case, lesions=name == LESION)
    if case is None or not values:
        return "paint one with a lesion's label" if name == LESION else "no organ in the mask", False
    titles = [case.mask.table.by_value(value).title for value in values]
    if name != LESION:
        return titles[0] if len(titles) == 1 else f"{len(titles)} labels of the mask", True
    ml = float(case.mask.counts[values].sum()) * case.mask.grid.voxel_volume_mm3 / 1000
    return f"{ml:.1f} mL of {' and '.join(titles)}", True


def _values(case: Case, lesions: bool) -> list[int]:
    """What a case's mask holds of lesions, or of everything else."""
    return [value for value in case.mask.present() if (case.mask.table.by_value(value).name in LESIONS) == lesions]


def _missing(one: Given, case: Case | None) -> InputError:
    if one.name == SCAN and (case is None or not case.has_scan):
        return IntensityError("There is no CT to work on.", "Open a CT first.")
    if one.name == SCAN:
        return IntensityError(f"This scan holds {one.words} values.", "Open a CT in Hounsfield units.")
    if one.name == LESION:
        return MaskError(
            "No lesion is marked.", "Choose a lesion's label on View & Paint, for example liver lesion, and paint it."
        )
    return MaskError("The mask holds no organ.", "Import labels (Ctrl+I), or find the organs (Ctrl+Shift+T).")
