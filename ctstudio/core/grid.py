"""Where an image lies in the patient: the only place that converts between voxels and millimetres.

Arrays are indexed (z, y, x). World points are (x, y, z) in mm, LPS: x grows to the patient's left,
y to the back, z to the head, as in DICOM and ITK.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError

FloatArray = NDArray[np.float64]
_IDENTITY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
_AXIS_LETTERS = (("L", "R"), ("P", "A"), ("S", "I"))


@dataclass(frozen=True)
class Grid:
    """Shape and placement of an image.

    Attributes:
        shape: Voxels along (z, y, x).
        spacing_mm: Voxel size along (x, y, z), mm, > 0.
        origin_mm: World position of the centre of voxel (0, 0, 0), (x, y, z) mm LPS.
        direction: 3x3 row-major matrix; column k is the world direction of index axis k of (x, y, z).

    Raises:
        GeometryError: An axis without voxels, a spacing that is not positive, a place that is not a number, or axes
            that are not at right angles.
    """

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: tuple[tuple[float, float, float], ...] = _IDENTITY

    def __post_init__(self) -> None:
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise GeometryError(
                f"An image needs three axes with at least one voxel each, this one has shape {self.shape}.",
                "Give a 3D volume.",
            )
        if not all(np.isfinite(s) and s > 0 for s in self.spacing_mm):
            raise GeometryError(
                f"The voxel spacing {self.spacing_mm} mm is not positive.", "Repair the header's spacing."
            )
        if not np.isfinite(self.origin_mm).all():
            raise GeometryError(
                f"The image lies at {self.origin_mm}, which is no place.", "Repair the header's origin."
            )
        direction = np.asarray(self.direction)
        if not np.abs(direction.T @ direction - np.eye(3)).max() <= 1e-2:
            raise GeometryError(
                "The direction matrix is not a rotation: the image is sheared or its axes collapse.",
                "Resample the image to orthogonal axes first.",
            )

    @classmethod
    def centred(cls, shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> Grid:
        """A grid with identity direction whose centre is the world's origin."""
        size = np.asarray(shape[::-1], float)
        origin = -0.5 * (size - 1.0) * np.asarray(spacing_mm)
        return cls(shape, spacing_mm, _triple(origin))

    @property
    def affine(self) -> FloatArray:
        """4x4 matrix from homogeneous index (x, y, z) to world mm (LPS)."""
        matrix = np.eye(4)
        matrix[:3, :3] = np.asarray(self.direction) * np.asarray(self.spacing_mm)
        matrix[:3, 3] = self.origin_mm
        return matrix

    @property
    def extent_mm(self) -> tuple[float, float, float]:
        """Field of view along the index axes (x, y, z), mm, voxel edges included."""
        return _triple(np.asarray(self.shape[::-1]) * np.asarray(self.spacing_mm))

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel, mm3."""
        return float(np.prod(self.spacing_mm))

    @property
    def orientation(self) -> tuple[str, str, str]:
        """Letter towards which each index axis (x, y, z) grows, for example ("L", "P", "S")."""
        letters = []
        for axis in range(3):
            column = np.asarray(self.direction)[:, axis]
            world = int(np.argmax(np.abs(column)))
            letters.append(_AXIS_LETTERS[world][0 if column[world] > 0 else 1])
        return letters[0], letters[1], letters[2]

    def to_world(self, index_zyx: Sequence[float] | FloatArray) -> FloatArray:
        """World points (..., 3) as (x, y, z) mm of voxel positions (..., 3) as (z, y, x)."""
        index = np.asarray(index_zyx, float)[..., ::-1]
        return index @ self.affine[:3, :3].T + self.affine[:3, 3]

    def to_index(self, world_mm: Sequence[float] | FloatArray) -> FloatArray:
        """Voxel positions (..., 3) as (z, y, x), not rounded, of world points (..., 3) as (x, y, z) mm."""
        inverse = np.linalg.inv(self.affine[:3, :3])
        index = (np.asarray(world_mm, float) - self.affine[:3, 3]) @ inverse.T
        return index[..., ::-1]

    def contains(self, index_zyx: Sequence[float]) -> bool:
        """Whether a voxel position rounds to a voxel of this grid."""
        return all(-0.5 <= i < n - 0.5 for i, n in zip(index_zyx, self.shape, strict=True))

    def matches(self, other: Grid, tolerance_mm: float = 1e-2) -> bool:
        """Whether both grids have the same voxels, corners within `tolerance_mm`."""
        if self.shape != other.shape:
            return False
        corners = np.array([[z, y, x] for z in (0, 1) for y in (0, 1) for x in (0, 1)], float)
        corners *= np.asarray(self.shape) - 1
        return bool(np.abs(self.to_world(corners) - other.to_world(corners)).max() <= tolerance_mm)

    def overlaps(self, other: Grid) -> bool:
        """Whether the world bounding boxes of both grids share any volume."""
        low_a, high_a = self.bounds_mm()
        low_b, high_b = other.bounds_mm()
        return bool(np.all(np.minimum(high_a, high_b) > np.maximum(low_a, low_b)))

    def bounds_mm(self) -> tuple[FloatArray, FloatArray]:
        """Lowest and highest world coordinates of the voxel edges, each (x, y, z) mm."""
        edges = np.array([[z, y, x] for z in (0, 1) for y in (0, 1) for x in (0, 1)], float)
        world = self.to_world(edges * np.asarray(self.shape) - 0.5)
        return world.min(axis=0), world.max(axis=0)

    def slab(self, first: int, count: int) -> Grid:
        """The grid of `count` axial slices beginning with slice `first`."""
        origin = self.to_world((first, 0, 0))
        return Grid((count, *self.shape[1:]), self.spacing_mm, _triple(origin), self.direction)


def _triple(values: FloatArray) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
