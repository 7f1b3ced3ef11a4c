"""What measures of the chest need to know of a CT: lobes, airway, vessels, and what else a reader may have found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError, IntensityError, MaskError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import AIRWAY, LUNG_LOBES, LUNG_VESSELS, LabelMap
from ctstudio.core.volume import Volume

SIDES = ("left", "right")
LUNG_LESIONS = ("lung_nodule", "consolidation", "bulla", "fdg_avid_tumor")
REACH_MM = 12.0
"""How far from a lobe a branch or a lesion may lie and still belong to it."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ChestAnatomy:
    """Structures of a chest, all (z, y, x) on one grid.

    Attributes:
        grid: Canonical LPS: x grows to the patient's left, y to the back, z to the head.
        lobes: uint8, 0 none, 1 to 5 as in `LUNG_LOBES`; filled: what lies inside a lung belongs to a lobe.
        airway: Trachea and bronchi.
        vessels: Those inside the lungs.
        heart: The heart, or None when nobody looked for it.
        effusion: Pleural fluid, or None when nobody looked for it.
        consolidation: Consolidated lung, or None when nobody looked for it.

    Raises:
        GeometryError: An array has another shape than the grid, or the grid is not LPS.
    """

    grid: Grid
    lobes: NDArray[np.uint8]
    airway: Mask
    vessels: Mask
    heart: Mask | None = None
    effusion: Mask | None = None
    consolidation: Mask | None = None

    def __post_init__(self) -> None:
        given = (self.lobes, self.airway, self.vessels, self.heart, self.effusion, self.consolidation)
        shapes = {each.shape for each in given if each is not None}
        if shapes != {self.grid.shape}:
            raise GeometryError(
                f"Structures of shapes {sorted(shapes)} do not lie on a grid of {self.grid.shape}.",
                "Resample them onto the CT's grid.",
            )
        if self.grid.orientation != ("L", "P", "S"):
            raise GeometryError(
                f"The chest lies {''.join(self.grid.orientation)}, not LPS, so that left and right would be mistaken.",
                "Read the files through the program, which turns them.",
            )

    @property
    def lungs(self) -> Mask:
        """Both lungs."""
        return self.lobes > 0

    def lung(self, side: str) -> Mask:
        """The "left" or "right" lung."""
        return np.isin(self.lobes, [n for n, name in enumerate(LUNG_LOBES, start=1) if name.endswith(side)])


def checked(ct: Volume, anatomy: ChestAnatomy) -> NDArray[np.float32]:
    """The HU of a CT that can be measured with an anatomy, (z, y, x) float32.

    Raises:
        IntensityError: It holds no HU, or voxels that are no numbers.
        GeometryError: It lies on another grid.
        MaskError: There is no lung.
    """
    if not ct.is_hu:
        raise IntensityError(f"The image is in {ct.unit}, not in HU.", "Give a CT.")
    if not ct.finite():
        raise IntensityError("The CT holds voxels that are no numbers.", "Repair or replace them first.")
    if not ct.grid.matches(anatomy.grid):
        raise GeometryError("The CT and its structures lie on different grids.", "Resample one onto the other's grid.")
    if not anatomy.lobes.any():
        raise MaskError("There is no lung to measure in.", "Give the lobes of a chest CT.")
    return np.asarray(ct.array, np.float32)


def anatomy_of(labels: LabelMap) -> ChestAnatomy:
    """The anatomy that a label map with the standard names shows; labels drawn over a lobe are given back to it.

    Heart, effusion and consolidation are None where no voxel has their label.
    """
    from scipy import ndimage

    known = {label.name for label in labels.table}
    bare = np.zeros(labels.grid.shape, np.uint8)
    for number, name in enumerate(LUNG_LOBES, start=1):
        bare[labels.of(name)] = number
    airway = labels.of(*(name for name in AIRWAY if name in known))
    vessels = labels.of(LUNG_VESSELS) if LUNG_VESSELS in known else np.zeros_like(airway)
    over = airway | vessels | labels.of(*(name for name in LUNG_LESIONS if name in known))
    lobes = bare
    if bare.any():
        sampling = labels.grid.spacing_mm[::-1]
        distance, nearest = ndimage.distance_transform_edt(bare == 0, sampling, return_indices=True)
        inside = over & (distance <= REACH_MM) & _closed(bare > 0, labels.grid)
        lobes = np.where(inside, bare[tuple(nearest)], bare).astype(np.uint8)
    heart, effusion, dense = (_found(labels, name, known) for name in ("heart", "pleural_effusion", "consolidation"))
    return ChestAnatomy(labels.grid, lobes, airway, vessels & (lobes > 0), heart, effusion, dense)


def _found(labels: LabelMap, name: str, known: set[str]) -> Mask | None:
    mask = labels.of(name) if name in known else None
    return mask if mask is not None and mask.any() else None


def ball(radius_mm: float, grid: Grid) -> Mask:
    """(z, y, x) voxels whose centres lie within a radius, at least the six neighbours."""
    from scipy import ndimage

    reach = [int(np.floor(radius_mm / s)) for s in grid.spacing_mm[::-1]]
    if min(reach) < 1:
        return np.asarray(ndimage.generate_binary_structure(3, 1))
    axes = np.ogrid[tuple(slice(-r, r + 1) for r in reach)]
    distance2 = sum((axis * s) ** 2 for axis, s in zip(axes, grid.spacing_mm[::-1], strict=True))
    return np.asarray(distance2 <= radius_mm**2)


def _closed(lungs: Mask, grid: Grid) -> Mask:
    """Lungs with gaps as wide as their own branches closed, each lung for itself by what is near."""
    from scipy import ndimage

    sampling = grid.spacing_mm[::-1]
    grown = ndimage.distance_transform_edt(~lungs, sampling) <= REACH_MM
    return np.asarray(ndimage.distance_transform_edt(np.pad(grown, 1), sampling)[1:-1, 1:-1, 1:-1] > REACH_MM) | lungs
