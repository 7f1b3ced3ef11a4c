"""The noise that a generation will be asked for, told before it runs: what the dose dial shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.model_card import ModelInfo
from ctstudio.core.errors import ParameterError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap
from ctstudio.core.resample import labels_onto, volume_onto
from ctstudio.core.working_grid import FieldOfView, working_grid
from ctstudio.measure.slices_through import slices_through
from ctstudio.session.document import Case

MOST_SLICES = 8
"""Slices looked at, spread evenly over the mask: noise changes slowly from slice to slice."""

_AIR_HU = -1024.0


def predicted_noise_sd(case: Case, dose: float, info: ModelInfo | None = None, use_scan: bool = True) -> float | None:
    """Noise SD to expect in the mask at a dose, HU: the mean over its slices, as a sample tells what it was asked for.

    It is worked out on the square that the model sees of each slice.
    Takes about 20 ms a slice: not for the window's thread.

    Args:
        case: The scan and its mask.
        dose: Fraction of the full dose, in (0, 1].
        info: The model that will be asked; without one, the usual field of view and every label count.
        use_scan: Whether the scan's attenuation is taken; otherwise that of the mask's organs is.

    Returns:
        None when there is nothing to predict in: no mask, or a scan that cannot be used.

    Raises:
        ParameterError: The dose is not above 0 and at most 1, or the model does not say what it sees.
    """
    if not 0.0 < dose <= 1.0:
        raise ParameterError(f"Dose {dose} is outside 0 to 1 (fraction).", "Give a fraction of the full dose.")
    like = case.volume if use_scan and case.has_scan else None
    slices = _slices_to_look_at(case, info)
    if not slices or (like is not None and not like.is_hu):
        return None
    mask = LabelMap(case.mask.array, case.mask.grid, case.mask.table)
    grid = working_grid(mask, like, FieldOfView() if info is None else info.field_of_view)
    planes = [grid.slab(z, 1) for z in slices]
    labels = np.concatenate([labels_onto(mask, plane).array for plane in planes])
    if like is None:
        return _mean_noise_sd(labels, None, grid, dose)
    scan_hu = np.concatenate([volume_onto(like, plane, _AIR_HU).array for plane in planes])
    return _mean_noise_sd(labels, scan_hu.astype(np.float32), grid, dose) if np.isfinite(scan_hu).all() else None


def _slices_to_look_at(case: Case, info: ModelInfo | None) -> list[int]:
    """Some of the slices that hold a label the model knows; those with the region that noise is told of, if any."""
    from ctstudio.measure.noise_region import noise_region

    counts = case.mask.slice_counts
    drawn = np.array([v for v in case.mask.present() if _known(case, v, info)], np.uint8)
    if not drawn.size:
        return []
    generated = counts[:, drawn].any(axis=1)
    present = np.flatnonzero(counts[generated].any(axis=0)).astype(np.uint8)
    region = present[noise_region(present)]
    slices = np.flatnonzero(generated & counts[:, region].any(axis=1))
    chosen = slices_through(len(slices), MOST_SLICES)
    return [int(z) for z in slices[chosen]]


def _known(case: Case, value: int, info: ModelInfo | None) -> bool:
    return info is None or case.mask.table.by_value(value).name in info.ranges.labels


def _mean_noise_sd(
    labels: NDArray[np.uint8], scan_hu: NDArray[np.float32] | None, grid: Grid, dose: float
) -> float | None:
    """Mean over slices (N, y, x) of what a dose gives in the region that noise is told of; None without a region."""
    from ctstudio.measure.body_outline import with_outline
    from ctstudio.measure.dose_prediction import predict_in_mask
    from ctstudio.measure.noise import LEAST_PIXELS
    from ctstudio.measure.noise_region import noise_region
    from ctstudio.measure.surrogate import surrogate_slice_hu

    pixel_mm = grid.spacing_mm[0]
    if scan_hu is None:
        scan_hu = np.stack([surrogate_slice_hu(plane, pixel_mm) for plane in labels])
    else:
        labels = with_outline(labels, scan_hu)
    regions = noise_region(labels)
    sizes = regions.sum(axis=(1, 2))
    rows = np.flatnonzero(sizes >= min(LEAST_PIXELS, max(1, int(sizes.max()))))
    if not rows.size:
        return None
    return float(np.mean([predict_in_mask(scan_hu[row], regions[row], pixel_mm, dose) for row in rows]))
