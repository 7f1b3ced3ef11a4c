"""Whether a mask, a scan and a dose lie within what a model of NA-Diff has seen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.fit import FAR, Fit, Level, against, is_far, listed, readiness
from ctstudio.catalog.model_card import ModelInfo, Range, Ranges
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume

_SHARE_OUTSIDE = 0.1
"""Share of a label's slices that may lie outside its range: 2 % do in training, ends of organs more. Source: ours."""
MIN_VOXELS = 8
"""Fewest voxels along each axis of a slice that can be worked on."""


def assess(
    info: ModelInfo,
    mask: LabelMap,
    grid: Grid,
    dose: float,
    like: Volume | None = None,
    slice_counts: NDArray[Any] | None = None,
) -> list[Fit]:
    """Compare a request with the ranges in `model.json`.

    Args:
        info: The model.
        mask: The labels that it is to follow.
        grid: The grid the result will lie on.
        dose: Fraction of the full dose.
        like: The scan whose field of view and outline are taken, if any.
        slice_counts: (z, 256) voxels of each label in each slice, when they are known; they are counted otherwise.

    Returns:
        One finding for each thing that was looked at, in the order they are shown.
    """
    counts = count_by_slice(mask.array) if slice_counts is None else slice_counts
    ranges = info.ranges
    found = [_voxels(grid), _field_of_view(ranges, grid), _spacing(ranges, grid), _dose(ranges.dose, dose)]
    if like is not None:
        found.append(_scan(like, grid))
    return readiness(info) + found + _hearing(info) + _labels(info.ranges, mask, counts)


def assess_noise(info: ModelInfo, noise_sd_hu: float) -> Fit | None:
    """Compare the noise that a dose will ask for (standard deviation, HU) with what the model has seen.

    Returns:
        None when the model does not say what it has seen.
    """
    seen = info.ranges.noise_sd_hu
    if seen is None:
        return None
    if seen.holds(noise_sd_hu):
        return Fit("green", "Noise", f"{noise_sd_hu:.0f} HU lies within {seen} HU.")
    side = "weaker" if noise_sd_hu < seen.low else "stronger"
    return Fit(
        "amber",
        "Noise",
        f"{noise_sd_hu:.0f} HU is {side} than the model has seen ({seen} HU); it may miss it.",
    )


def count_by_slice(array: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(z, 256) voxels of each label in each axial slice of a (z, y, x) array."""
    return np.stack([np.bincount(plane.ravel(), minlength=256) for plane in array])


def _voxels(grid: Grid) -> Fit:
    rows, columns = grid.shape[1:]
    if min(rows, columns) < MIN_VOXELS:
        return Fit(
            "red", "Voxels", f"A slice has {columns} × {rows} voxels; at least {MIN_VOXELS} × {MIN_VOXELS} are needed."
        )
    return Fit("green", "Voxels", f"{columns} × {rows} voxels in a slice.")


def _field_of_view(ranges: Ranges, grid: Grid) -> Fit:
    size_mm = max(grid.extent_mm[:2])
    return against(ranges.fov_mm, size_mm, "Field of view", f"{size_mm:.0f} mm", "mm")


def _spacing(ranges: Ranges, grid: Grid) -> Fit:
    size_mm = max(grid.spacing_mm[:2])
    return against(ranges.spacing_mm, size_mm, "Voxel size", f"{size_mm:.2f} mm", "mm")


def _dose(trained_on: Range | None, dose: float) -> Fit:
    if trained_on is None:
        return Fit("amber", "Dose", "The model does not say what doses it was trained on.")
    if trained_on.holds(dose, 1e-6):
        return Fit("green", "Dose", f"{dose:.0%} was trained.")
    trained = f"{trained_on.low:.0%} to {trained_on.high:.0%}"
    return Fit("red" if is_far(trained_on, dose) else "amber", "Dose", f"{dose:.0%} is outside the trained {trained}.")


def _scan(like: Volume, grid: Grid) -> Fit:
    if not like.is_hu:
        return Fit("red", "Scan", f"The scan holds {like.unit} values, not Hounsfield units.")
    if not like.grid.overlaps(grid):
        return Fit("red", "Scan", "The scan and the mask lie in different places.")
    return Fit("green", "Scan", "The outline is taken from the scan.")


def _hearing(info: ModelInfo) -> list[Fit]:
    """What is asked that the model cannot hear, for models that hear the mask or the dose alone."""
    every = ("noise_map", "mask")
    hears = every if info.config.get("control") else info.config.get("conditions", every)
    found = []
    if "mask" not in hears:
        found.append(Fit("amber", "Mask", "This model does not follow a mask; it hears the dose alone."))
    if "noise_map" not in hears:
        found.append(Fit("amber", "Dose", "This model does not hear the dose; it follows the mask alone."))
    return found


def _labels(ranges: Ranges, mask: LabelMap, counts: NDArray[Any]) -> list[Fit]:
    present = [int(v) for v in np.flatnonzero(counts.sum(axis=0)) if v]
    if not present:
        return [Fit("red", "Mask", "The mask is empty.")]
    labels = [mask.table.by_value(v) for v in present]
    unknown = [label.title for label in labels if label.name not in ranges.labels]
    if len(unknown) == len(labels):
        return [Fit("red", "Labels", f"The model knows none of these labels: {listed(unknown)}.")]
    found = []
    if unknown:
        found.append(Fit("amber", "Labels", f"The model does not know {listed(unknown)}; ignored."))
    pixel_mm2 = mask.grid.spacing_mm[0] * mask.grid.spacing_mm[1]
    for label in labels:
        area = ranges.label_area_mm2.get(label.name)
        if area is not None and label.name in ranges.labels:
            found.append(_label_size(label.title, area, counts[:, label.value] * pixel_mm2))
    return found or [Fit("green", "Labels", "All labels are known.")]


def _label_size(title: str, trained: Range, areas_mm2: NDArray[Any]) -> Fit:
    """Judge the areas of one label over the slices that hold it."""
    areas = areas_mm2[areas_mm2 > 0]
    small, large = areas < trained.low, areas > trained.high
    what = f"{title[:1].upper()}{title[1:]} size"  # "Vertebrae L1", not "Vertebrae l1"
    in_words = f"{_in_cm2(trained.low, 3)} to {_in_cm2(trained.high, 3)} cm²"
    if (small | large).mean() <= _SHARE_OUTSIDE:
        return Fit("green", what, f"Within the trained {in_words} per slice.")
    side, chosen = ("larger", areas[large]) if large.sum() >= small.sum() else ("smaller", areas[small])
    middle = float(np.median(chosen))
    # Too small is never red: every organ ends in a slice that just touches it.
    level: Level = "red" if bool((areas > trained.high * FAR).all()) else "amber"
    reason = f"{_in_cm2(middle, 2)} cm² in {len(chosen)} of {len(areas)} slices, {side} than the trained {in_words}."
    return Fit(level, what, reason)


def _in_cm2(area_mm2: float, digits: int) -> str:
    """An area in cm², to some digits, without an exponent."""
    area = area_mm2 / 100
    return f"{area:.0f}" if area >= 10 ** (digits - 1) else f"{area:.{digits}g}"
