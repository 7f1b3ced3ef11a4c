"""Between the mask's own grid and the square slices the network knows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from ctstudio.catalog.na_diff_fit import MIN_VOXELS
from ctstudio.core.errors import GeometryError, IntensityError, MaskError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, values_of
from ctstudio.core.resample import labels_onto, volume_onto
from ctstudio.core.volume import Volume
from ctstudio.core.working_grid import FieldOfView, working_grid
from ctstudio.measure.body_outline import with_outline
from ctstudio.systems.na_diff.conditions import ENVELOPE, LabelGroups
from ctstudio.systems.na_diff.config import NaDiffConfig

AIR_HU = -1024.0


@dataclass(frozen=True)
class Placement:
    """The slices to generate.

    Attributes:
        target: The mask's grid, on which results are written.
        working: The network's slices: (M, 256, 256) at the network's pixel size, same direction and z positions.
        slices: For each of the M slices its number z on `target`.
        labels: (M, 256, 256) uint8, the mask on `working`, the scan's body outline filled in when there is a scan.
        given: (G,) bool, which groups the mask speaks of.
        scan_hu: (M, 256, 256) float32 HU of the scan, or None.
        notes: What the user should know.
    """

    target: Grid
    working: Grid
    slices: tuple[int, ...]
    labels: NDArray[np.uint8]
    given: NDArray[np.bool_]
    scan_hu: NDArray[np.float32] | None
    notes: tuple[str, ...]


def place(mask: LabelMap, like: Volume | None, config: NaDiffConfig, groups: LabelGroups) -> Placement:
    """Lay the network's slices through every slice of the mask that holds a label.

    Raises:
        MaskError: The mask is empty, or holds no label the model knows.
        GeometryError: Too few voxels, or mask and scan do not overlap.
        IntensityError: The scan holds NaN, or is not in HU.
    """
    slices = _slices_to_generate(mask, groups)
    if like is not None:
        _check_scan(like, mask.grid)
    full = working_grid(mask, like, FieldOfView(config.image_size, config.pixel_mm))
    labels = labels_onto(mask, full).array[list(slices)]
    given = _given_groups(mask, groups)
    scan_hu = None
    if like is not None:
        scan_hu = volume_onto(like, full, AIR_HU).array[list(slices)].astype(np.float32)
        labels = with_outline(labels, scan_hu)
        given[groups.index(ENVELOPE)] = True
    notes = _notes(mask, like, labels, slices, config)
    return Placement(mask.grid, full, slices, labels, given, scan_hu, notes)


def onto_target(images: NDArray[np.float32], placement: Placement, mode: str, outside: float) -> NDArray[np.float32]:
    """Slices (M, 256, 256) on the mask's grid (z, y, x); `outside` where nothing was generated.

    `mode` is "bicubic", which keeps the noise of a band-limited image, "bilinear", or "nearest".
    """
    result = np.full(placement.target.shape, outside, np.float32)
    target, working = placement.target, placement.working
    rows = _line(target, working, axis=1)
    columns = _line(target, working, axis=2)
    n = images.shape[-1]
    inside = ((rows > -0.5) & (rows < n - 0.5))[:, None] & ((columns > -0.5) & (columns < n - 0.5))[None]
    unit = [torch.from_numpy(line * 2 / (n - 1) - 1).float() for line in (rows, columns)]
    grid = torch.stack([unit[1][None].expand(len(rows), -1), unit[0][:, None].expand(-1, len(columns))], dim=-1)
    for z, image in zip(placement.slices, images, strict=True):
        part = functional.grid_sample(
            torch.from_numpy(image)[None, None], grid[None], mode, padding_mode="border", align_corners=True
        )
        result[z] = np.where(inside, part[0, 0].numpy(), outside)
    return result


def _line(target: Grid, working: Grid, axis: int) -> NDArray[np.float64]:
    """Positions along `axis` of `working` of the voxels along that axis of `target`; both share their direction."""
    index = np.zeros((target.shape[axis], 3))
    index[:, axis] = np.arange(target.shape[axis])
    return working.to_index(target.to_world(index))[:, axis]


def _slices_to_generate(mask: LabelMap, groups: LabelGroups) -> tuple[int, ...]:
    if min(mask.grid.shape[1:]) < MIN_VOXELS:
        raise GeometryError(
            f"The mask has slices of {mask.grid.shape[1]} x {mask.grid.shape[2]} voxels; nothing can be drawn in that.",
            f"Give a mask with at least {MIN_VOXELS} x {MIN_VOXELS} voxels a slice.",
        )
    known = groups.table.numpy() > 0
    holding = np.array([bool(known[plane].any()) for plane in mask.array])
    if not mask.array.any():
        raise MaskError("The mask is empty.", "Paint an organ, such as the liver, or import a label file.")
    if not holding.any():
        raise MaskError(
            "The mask holds no label that this model knows.", f"Use labels of these groups: {', '.join(groups.names)}."
        )
    return tuple(int(z) for z in np.flatnonzero(holding))


def _check_scan(like: Volume, grid: Grid) -> None:
    if not like.is_hu:
        raise IntensityError(
            "The scan to be like is not in Hounsfield units.", "Give a CT in HU, or leave the scan out."
        )
    if not like.finite():
        raise IntensityError(
            "The scan holds voxels that are NaN or infinite.", "Replace them, for example by -1000, and try again."
        )
    if not like.grid.overlaps(grid):
        raise GeometryError(
            "Mask and scan do not overlap in space.", "Give the scan the mask was drawn on, or leave the scan out."
        )


def _given_groups(mask: LabelMap, groups: LabelGroups) -> NDArray[np.bool_]:
    """Groups that occur anywhere in the mask; the envelope when it is drawn, or both its layers, fat and muscle, are.

    A single muscle tells nothing about where the body ends.
    """
    channels = groups.table.numpy()[list(mask.present())]
    given = np.zeros(len(groups.names), bool)
    given[channels[channels > 0] - 1] = True
    outer = [groups.index(name) for name in ("fat", "muscle") if name in groups.names]
    given[groups.index(ENVELOPE)] |= len(outer) == 2 and bool(given[outer].all())
    return given


def _notes(
    mask: LabelMap, like: Volume | None, labels: NDArray[np.uint8], slices: tuple[int, ...], config: NaDiffConfig
) -> tuple[str, ...]:
    notes = []
    spacing = mask.grid.spacing_mm
    if abs(spacing[0] - config.pixel_mm) > 0.01 or abs(spacing[1] - config.pixel_mm) > 0.01:
        notes.append(f"Mask resampled from {spacing[0]:.2g} x {spacing[1]:.2g} mm to {config.pixel_mm:.2g} mm.")
    painted = np.count_nonzero(mask.array) * spacing[0] * spacing[1]
    kept = np.count_nonzero(labels if like is None else labels != values_of([ENVELOPE])[0]) * config.pixel_mm**2
    if kept < 0.95 * painted:
        side = config.image_size * config.pixel_mm
        notes.append(f"{1 - kept / painted:.0%} of the mask lies outside the model's field of view of {side:.0f} mm.")
    if "mask" not in config.conditions and not config.control:
        notes.append("This model does not follow the mask; the mask only says which slices are generated.")
    elif config.told_groups and not config.control:
        notes.append(f"This model follows {', '.join(config.told_groups)} alone, whatever else the mask holds.")
    if "noise_map" not in config.conditions and not config.control:
        notes.append("This model does not hear the dose; its noise is what it learned, at any dose.")
    if len(slices) < mask.grid.shape[0]:
        notes.append(f"{len(slices)} of {mask.grid.shape[0]} slices hold mask and are generated; the others are air.")
    return tuple(notes)
