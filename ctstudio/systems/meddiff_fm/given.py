"""What a request gives, checked before any work begins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError, IntensityError, MaskError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap
from ctstudio.core.resample import labels_onto
from ctstudio.core.volume import Volume
from ctstudio.protocol.request import Request


def scan_of(request: Request) -> Volume:
    """The scan.

    Raises:
        IntensityError: There is none, it holds no HU, or voxels without a number.
    """
    scan = request.inputs.get("scan")
    if not isinstance(scan, Volume):
        raise IntensityError("There is no scan.", "Give a CT in HU as the scan.")
    if not scan.is_hu:
        raise IntensityError(f"The scan holds {scan.unit} values, not Hounsfield units.", "Give a CT in HU.")
    if not scan.finite():
        raise IntensityError("The scan has voxels without a number (NaN or infinite).", "Repair the file.")
    return scan


def anatomy_of(request: Request, beside: Grid | None = None) -> LabelMap:
    """The anatomy, which must be given.

    Args:
        request: With the input `anatomy`.
        beside: Grid of the scan that it belongs to, if any.

    Raises:
        MaskError: There is none, or it is empty.
        GeometryError: It lies elsewhere than the scan.
    """
    found = optional_anatomy(request, beside)
    if found is None:
        raise MaskError("There is no anatomy.", "Give a label map, such as TotalSegmentator makes of a CT.")
    return found


def optional_anatomy(request: Request, beside: Grid | None = None) -> LabelMap | None:
    """The anatomy, or None where none is given.

    Raises:
        MaskError: It is a scan, or empty.
        GeometryError: It lies elsewhere than the scan.
    """
    found = request.inputs.get("anatomy")
    if found is None:
        return None
    if isinstance(found, Volume):
        raise MaskError("What was given as anatomy is a scan.", "Give a label map.")
    if not found.array.any():
        raise MaskError("The anatomy is empty: no voxel has a label.", "Give a label map with organs.")
    if beside is not None and not found.grid.overlaps(beside):
        raise GeometryError(
            "The anatomy and the scan lie in different places.", "Give the anatomy that belongs to this scan."
        )
    return found


def lesion_of(request: Request, grid: Grid) -> tuple[LabelMap, NDArray[np.bool_]]:
    """The lesion's labels on a grid, and where they are: (z, y, x).

    Raises:
        MaskError: There is none, it is empty, or lies outside the grid.
    """
    found = request.inputs.get("lesion")
    if not isinstance(found, LabelMap):
        raise MaskError("There is no lesion mask.", "Paint a lesion, or give a label map with it.")
    if not found.array.any():
        raise MaskError("The lesion mask is empty: no voxel is marked.", "Paint a lesion, or give another mask.")
    onto = labels_onto(found, grid) if found.grid.overlaps(grid) else None
    if onto is None or not onto.array.any():
        raise MaskError(
            "The lesion lies outside the image: no voxel of it falls inside.", "Give a mask that belongs to this image."
        )
    return onto, onto.array > 0
