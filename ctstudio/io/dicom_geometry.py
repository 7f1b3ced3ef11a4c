"""Whether the slices of a series form one regular volume, and which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError
from ctstudio.core.grid import Grid
from ctstudio.io.dicom_headers import Slice

_SAME_DIRECTION = 1e-3
_SAME_PLACE_MM = 1e-3


def stack(slices: Sequence[Slice], name: str) -> tuple[tuple[Slice, ...], Grid]:
    """Slices in order along their normal, and the grid they form (columns, rows, normal).

    Args:
        slices: Images of one series, at least one.
        name: What error messages call the series.

    Raises:
        GeometryError: No position, mixed orientations or sizes, duplicates, gantry tilt, missing slices.
    """
    _check_placed(slices, name)
    _check_alike(slices, name)
    rows, columns = _directions(slices[0])
    normal = np.cross(rows, columns)
    ordered = sorted(slices, key=lambda one: float(_position(one) @ normal))
    places = np.array([_position(one) for one in ordered])
    along = (places - places[0]) @ normal
    step = _slice_step(along, ordered, name)
    _check_straight(places, along, normal, ordered[0], name)
    return tuple(ordered), _grid(ordered, rows, columns, normal, step)


def _check_placed(slices: Sequence[Slice], name: str) -> None:
    lost = [s for s in slices if s.position_mm is None or s.orientation is None or s.pixel_mm is None]
    if lost:
        raise GeometryError(
            f"{name} cannot be placed in the patient: {len(lost)} of {len(slices)} images "
            "have no position, orientation or pixel spacing.",
            "Export the original series, not screenshots or secondary captures.",
            str(lost[0].path),
        )
    for one in slices:
        rows, columns = _directions(one)
        if (
            abs(np.linalg.norm(rows) - 1) > 0.01
            or abs(rows @ columns) > 0.01
            or abs(np.linalg.norm(columns) - 1) > 0.01
        ):
            raise GeometryError(
                f"{name} has an image whose orientation is not two perpendicular directions.",
                "Export the series again.",
                str(one.path),
            )


def _check_alike(slices: Sequence[Slice], name: str) -> None:
    first = slices[0]
    turned = [s for s in slices if np.abs(_six(s) - _six(first)).max() > _SAME_DIRECTION]
    if turned:
        raise GeometryError(
            f"{name} mixes orientations: {len(turned)} of {len(slices)} images lie in another direction.",
            "Put the images of one orientation in a folder of their own and open that.",
            str(turned[0].path),
        )
    sizes = Counter((s.size, s.pixel_mm) for s in slices)
    if len(sizes) > 1:
        shown = ", ".join(f"{size[1]} x {size[0]} at {mm and mm[1]:g} mm" for size, mm in sizes)
        raise GeometryError(
            f"{name} mixes images of different size ({shown}).",
            "Put the images of one size in a folder of their own and open that.",
        )


def _slice_step(along: NDArray[np.float64], ordered: Sequence[Slice], name: str) -> float:
    """Distance of neighbouring slices, mm; the slice thickness for a single one."""
    if len(along) == 1:
        return ordered[0].thickness_mm or 1.0
    steps = np.diff(along)
    if steps.min() < _SAME_PLACE_MM:
        again = ordered[int(np.argmin(steps)) + 1]
        raise GeometryError(
            f"{name} has {int((steps < _SAME_PLACE_MM).sum())} images at a place where there is one already.",
            "Put one phase or one copy in a folder of its own and open that.",
            f"{again.path.name} at {_shown(again)}",
        )
    usual = float(np.median(steps))
    smallest = float(steps.min())
    wrong = np.flatnonzero(np.abs(steps - usual) > max(0.02, 0.02 * usual))
    if wrong.size or (len(steps) == 2 and steps.max() - smallest > max(0.02, 0.02 * smallest)):
        _raise_uneven(steps, smallest, ordered, name)
    return float(along[-1] / (len(along) - 1))


def _raise_uneven(steps: NDArray[np.float64], smallest: float, ordered: Sequence[Slice], name: str) -> None:
    at = int(np.argmax(steps))
    ratios = steps / smallest
    lost = int(np.rint(ratios - 1).sum())
    what = f"slices are {smallest:.2f} to {steps[at]:.2f} mm apart"
    if np.abs(ratios - np.rint(ratios)).max() < 0.05:
        what = f"{lost} slice{'s are' if lost > 1 else ' is'} missing where the step grows to {steps[at]:.2f} mm"
    raise GeometryError(
        f"{name} is not evenly spaced: {what} (between {_shown(ordered[at])} and {_shown(ordered[at + 1])}).",
        "Export the complete series, or resample it to equal spacing first.",
        f"steps in mm: {np.round(steps, 3).tolist()}",
    )


def _check_straight(
    places: NDArray[np.float64], along: NDArray[np.float64], normal: NDArray[np.float64], first: Slice, name: str
) -> None:
    sideways = np.linalg.norm(places - places[0] - along[:, None] * normal, axis=1)
    pixel = min(first.pixel_mm or (1.0, 1.0))
    if sideways.max() > 0.5 * pixel:
        degrees = np.degrees(np.arctan2(sideways[-1], along[-1]))
        raise GeometryError(
            f"{name} was taken with a tilted gantry: its slices shift sideways, by {degrees:.1f} degrees.",
            "Correct the gantry tilt (resample to a straight stack) and open the result.",
            f"sideways shift up to {sideways.max():.2f} mm",
        )


def _grid(
    ordered: Sequence[Slice],
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    normal: NDArray[np.float64],
    step: float,
) -> Grid:
    between_rows, between_columns = ordered[0].pixel_mm or (1.0, 1.0)
    direction = np.column_stack([rows, columns, normal])
    origin = _position(ordered[0])
    return Grid(
        (len(ordered), *ordered[0].size),
        (between_columns, between_rows, step),
        (float(origin[0]), float(origin[1]), float(origin[2])),
        tuple((float(r[0]), float(r[1]), float(r[2])) for r in direction),
    )


def _directions(one: Slice) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    six = _six(one)
    return six[:3], six[3:]


def _six(one: Slice) -> NDArray[np.float64]:
    return np.zeros(6) if one.orientation is None else one.orientation


def _position(one: Slice) -> NDArray[np.float64]:
    return np.zeros(3) if one.position_mm is None else one.position_mm


def _shown(one: Slice) -> str:
    x, y, z = _position(one)
    return f"({x:.1f}, {y:.1f}, {z:.1f}) mm"
