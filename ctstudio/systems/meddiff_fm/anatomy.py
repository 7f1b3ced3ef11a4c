"""The patient as the networks are told: classes of anatomy on the model's voxels, and the region of the body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.anatomy_vocabulary import BODY, meaning_of, to_model
from ctstudio.catalog.fit import listed
from ctstudio.catalog.label_meanings import meanings
from ctstudio.catalog.meddiff_organs import region_shown
from ctstudio.core.errors import IntensityError, MaskError
from ctstudio.core.labels import LabelMap
from ctstudio.core.resample import labels_onto, volume_onto_coarser
from ctstudio.core.volume import Volume
from ctstudio.measure.body_outline import body_envelope, envelope_around
from ctstudio.systems.meddiff_fm.placement import AIR_HU, Placement

_LUNG_BELOW_HU = -600.0
_CHEST_SHARE = 0.12
"""Part of the body that is as dark as lung in a chest; gas in an abdomen takes a few percent."""
_HEAD_MM = 260.0
"""A head is narrower, arms and shoulders left out."""

REGION_NOTE = "The region is the"


@dataclass(frozen=True)
class Patient:
    """Anatomy and region.

    Attributes:
        classes: (z, y, x) uint8 on the work grid, 0 to 118.
        region: One of `REGIONS`.
        notes: What was taken for what, for the user.
    """

    classes: NDArray[np.uint8]
    region: str
    notes: tuple[str, ...]


def patient_of(
    placement: Placement, anatomy: LabelMap | None, scan: Volume | None, region: str, labels_mean: str
) -> Patient:
    """Make out the anatomy and the region.

    Args:
        placement: Its work grid is taken.
        anatomy: In any table, on any grid that overlaps; None for the body alone.
        scan: HU, on any grid; None when a CT is to be made from the anatomy.
        region: "auto", or one of `REGIONS`.
        labels_mean: What the user says of the labels, see `meanings`.

    Raises:
        MaskError: No label is known, or none falls on the grid.
        IntensityError: No body is seen in the scan.
    """
    hu = None if scan is None else np.asarray(volume_onto_coarser(scan, placement.work, AIR_HU).array)
    classes: NDArray[np.uint8] = np.zeros(placement.work.shape, np.uint8)
    notes: list[str] = []
    if anatomy is not None:
        classes, notes = _classes(placement, anatomy, labels_mean)
    if not (classes == BODY).any():
        body = _body(placement, classes, hu)
        classes = np.where((classes == 0) & body, np.uint8(BODY), classes)
        if anatomy is not None:
            source = "around the organs" if hu is None else "from the scan"
            notes.append(f"The labels have no body: its outline was made {source}.")
    chosen, why = _region(placement, classes, hu, region)
    return Patient(classes, chosen, (*notes, *why))


def inside(patient: Patient, organ: set[int], name: str) -> NDArray[np.bool_]:
    """Where an organ is, (z, y, x) on the work grid.

    Raises:
        MaskError: The anatomy does not hold it; names what it holds.
    """
    found = np.isin(patient.classes, list(organ))
    if not found.any():
        table = _names(patient.classes)
        raise MaskError(
            f"The anatomy holds no {name}.",
            f"Choose one that it holds: {listed(table, 12)}." if table else "Give labels that hold the organ.",
        )
    return found


def _names(classes: NDArray[np.uint8]) -> list[str]:
    from ctstudio.core.totalsegmentator import TOTAL_NAMES

    there = np.flatnonzero(np.bincount(classes.ravel(), minlength=BODY + 1))
    return [TOTAL_NAMES[value - 1].replace("_", " ") for value in there if 0 < value < BODY]


def _classes(placement: Placement, anatomy: LabelMap, labels_mean: str) -> tuple[NDArray[np.uint8], list[str]]:
    mapping = meanings(labels_mean)
    meaning = meaning_of(anatomy, mapping)
    if not meaning.known or not any((*meaning.classes.values(), *meaning.parts, *meaning.sides)):
        raise MaskError(
            f"None of the labels is known: {listed(meaning.unknown) or 'all are left out'}.",
            "Say what they mean, such as '1=liver, 2=spleen' (--labels-mean), or give TotalSegmentator's labels.",
        )
    seen = labels_onto(anatomy, placement.work)
    if not seen.array.any():
        raise MaskError("No label of the anatomy falls on the image.", "Give the anatomy that belongs to this scan.")
    told = to_model(seen, mapping)
    return told.array, list(told.notes)


def _body(placement: Placement, classes: NDArray[np.uint8], hu: NDArray[np.generic] | None) -> NDArray[np.bool_]:
    spacing_mm = placement.work.spacing_mm
    if hu is None:
        return envelope_around(classes > 0, spacing_mm)
    body = body_envelope(hu, spacing_mm)
    if not body.any():
        raise IntensityError(
            "There is no body in the scan: nothing is brighter than -500 HU.", "Check that the file holds HU."
        )
    return body


def _region(
    placement: Placement, classes: NDArray[np.uint8], hu: NDArray[np.generic] | None, asked: str
) -> tuple[str, tuple[str, ...]]:
    """The region, and how it was found."""
    if asked != "auto":
        return asked, ()
    shown = region_shown(classes)
    if shown is not None:
        return shown, (f"{REGION_NOTE} {shown}, by the organs that are there.",)
    if hu is None:
        return "abdomen", ("The region is taken for the abdomen; the labels do not tell it.",)
    guess = _seen_in(hu, classes > 0, placement.work.spacing_mm)
    return guess, (f"The region is taken for the {guess}, by what the scan shows; --region says it.",)


def _seen_in(hu: NDArray[np.generic], body: NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> str:
    """A chest by its lungs, a head by its width."""
    if float((np.asarray(hu)[body] < _LUNG_BELOW_HU).mean()) > _CHEST_SHARE:
        return "chest"
    widths = [np.ptp(np.flatnonzero(plane.any(axis=0))) + 1 for plane in body if plane.any()]
    return "head" if float(np.median(widths)) * spacing_mm[0] < _HEAD_MM else "abdomen"
