"""Whether an image can be trained on: whole, not empty, and what its name says it is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.dataset import Kind
from ctstudio.catalog.model_card import Range
from ctstudio.core.errors import GeometryError, IntensityError
from ctstudio.core.volume import Volume
from ctstudio.io.guessing import looks_like_hu

_SAMPLE = 2_000_000
_LEAST_SPAN_HU, _MOST_HU, _LEAST_HU = 100.0, 8000.0, -9000.0
_MOST_SUV = 200.0
_EXPORT = "Export it again, or take it out of the folder."


def check_image(volume: Volume, kind: Kind, least_slices: int) -> None:
    """Refuse what cannot be trained on.

    Args:
        volume: As read.
        kind: What it is said to be: "ct", "mr" or "pet".
        least_slices: Fewest axial slices.

    Raises:
        GeometryError: Too few slices.
        IntensityError: NaN or infinite voxels, one value everywhere, values that are not HU or not SUV.
    """
    count = volume.grid.shape[0]
    if count < least_slices:
        raise GeometryError(f"It has {count} axial slice(s), fewer than {least_slices}.", "Give the whole scan.")
    bad = 0 if volume.finite() else int(np.count_nonzero(~np.isfinite(volume.array)))
    if bad:
        share = bad / volume.array.size
        raise IntensityError(f"{bad} voxels ({share:.2%}) are NaN or infinite.", "Replace them, in a CT by -1000 HU.")
    if volume.array.min() == volume.array.max():
        raise IntensityError(f"All its voxels are {volume.array.flat[0]:g}: there is no image in it.", _EXPORT)
    if kind == "ct":
        _check_hu(volume)
    if kind == "pet":
        _check_suv(volume)


def percentiles(array: NDArray[Any]) -> Range:
    """0.5th and 99.5th percentile of an image, of at most about two million voxels of it."""
    thinned = array.reshape(-1)[:: max(1, array.size // _SAMPLE)]
    low, high = np.percentile(thinned, (0.5, 99.5))
    return Range(low=float(low), high=float(high))


def _check_hu(volume: Volume) -> None:
    """HU when the file says so; else values that reach below water, over the breadth of tissue."""
    if volume.modality == "CT" and volume.is_hu and looks_like_hu(volume.array):
        return
    found = percentiles(volume.array)
    if volume.unit == "HU_SD" or volume.modality in ("MR", "PT"):
        raise IntensityError(f"It is called a CT, but holds {volume.modality} in {volume.unit}.", "Name it rightly.")
    plausible = _LEAST_HU < found.low < 0 and found.high < _MOST_HU and found.high - found.low > _LEAST_SPAN_HU
    if plausible and (volume.is_hu or found.low < -_LEAST_SPAN_HU):
        return
    hint = " Are they HU + 1000 or HU + 1024?" if found.low >= 0 and found.high > _LEAST_SPAN_HU * 5 else ""
    raise IntensityError(
        f"Its values, mostly {found}, are not HU.{hint}",
        "Save it in HU: air is -1000 and water 0; or name it mr or pet.",
    )


def _check_suv(volume: Volume) -> None:
    if volume.modality == "PT" and volume.unit != "SUV":
        raise IntensityError("This PET does not say that its values are SUV.", "Convert it to SUV (g/ml) first.")
    found = percentiles(volume.array)
    if volume.unit != "SUV" and (found.low < -1 or found.high > _MOST_SUV):
        raise IntensityError(
            f"Its values, mostly {found}, are not SUV; they may be Bq/ml.", "Convert it to SUV (g/ml) first."
        )
