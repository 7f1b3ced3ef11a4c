"""The voxels of one slab of a grid, on which organs are painted one over the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.grid import Grid
from ctstudio.phantom.texture import Waves, on_grid

Float = NDArray[np.floating[Any]]
Box = tuple[slice, slice, slice]
EDGE_MM = 1.0
"""Width over which one tissue fades into the next, mm: about the sharpness of a clinical CT."""


class Area(NamedTuple):
    """A box of the canvas and the signed distance to a shape in it, mm, negative inside."""

    box: Box
    distance: Float


@dataclass(frozen=True)
class Body:
    """How the patient's own coordinates follow from world millimetres.

    Attributes:
        scale: Size of the patient along (x, y, z), 1 = average.
        bend: Three fields added to the patient's (x, y, z), mm.
    """

    scale: tuple[float, float, float]
    bend: tuple[Waves, Waves, Waves]


class Canvas:
    """HU and labels of a slab, with the patient's coordinates of each voxel.

    Attributes:
        hu: (z, y, x) float32.
        label: (z, y, x) uint8.
        lobes: (z, y, x) uint8, label of the lung's lobe each voxel lay in before anything was painted into the lungs.
        x, y, z: Patient coordinates, mm, float32, full shape.
        level: Patient z before bending, broadcastable to the shape (one number a slice on axial grids).
    """

    def __init__(self, grid: Grid, body: Body, values: dict[str, int]) -> None:
        self.grid, self.values, self._body = grid, values, body
        self.affine = grid.affine
        self.hu: Float = np.full(grid.shape, -1000.0, np.float32)
        self.label = np.zeros(grid.shape, np.uint8)
        self.lobes = np.zeros(grid.shape, np.uint8)
        everything: Box = (slice(0, grid.shape[0]), slice(0, grid.shape[1]), slice(0, grid.shape[2]))
        self.everything = everything
        plain = [self._plain(axis) for axis in range(3)]
        self.x, self.y, self.z = (p + self.field(b, everything) for p, b in zip(plain, body.bend, strict=True))
        self.level = plain[2]
        self.front = plain[1]
        self._reach = np.asarray([b.bound for b in body.bend])
        self._inverse = np.linalg.inv(self.affine)

    def _plain(self, axis: int) -> Float:
        """World coordinate over scale, in the smallest shape that broadcasts to the grid's."""
        total = np.full((1, 1, 1), self.affine[axis, 3])
        for index_axis in range(3):
            step = self.affine[axis, index_axis]
            if abs(step) > 1e-9:
                shape = [1, 1, 1]
                shape[2 - index_axis] = -1
                total = total + (step * np.arange(self.grid.shape[2 - index_axis])).reshape(shape)
        return (total / self._body.scale[axis]).astype(np.float32)

    def field(self, waves: Waves, box: Box) -> Float:
        """A random field over a box, in world coordinates."""
        start = (box[0].start, box[1].start, box[2].start)
        shape = (box[0].stop - start[0], box[1].stop - start[1], box[2].stop - start[2])
        return on_grid(waves, self.affine, start, shape)

    def box(self, low: NDArray[np.float64], high: NDArray[np.float64], margin_mm: float = 2.0) -> Box | None:
        """The voxels that may lie between two corners in patient coordinates; None when there are none."""
        scale = np.asarray(self._body.scale)
        low = (np.asarray(low) - self._reach - margin_mm) * scale
        high = (np.asarray(high) + self._reach + margin_mm) * scale
        middle, half = 0.5 * (low + high), 0.5 * (high - low)
        centre = self._inverse[:3, :3] @ middle + self._inverse[:3, 3]
        reach = np.abs(self._inverse[:3, :3]) @ half
        first = np.maximum(np.floor(centre - reach), 0).astype(int)[::-1]
        last = np.minimum(np.ceil(centre + reach) + 1, self.grid.shape[::-1]).astype(int)[::-1]
        if np.any(last <= first):
            return None
        a, b, c = (slice(int(f), int(t)) for f, t in zip(first, last, strict=True))
        return a, b, c

    def points(self, box: Box) -> tuple[Float, Float, Float]:
        """Patient coordinates (x, y, z) of a box."""
        return self.x[box], self.y[box], self.z[box]

    def tube(
        self, points: NDArray[np.float64], radii: NDArray[np.float64], squash: float = 1.0, margin_mm: float = 3.0
    ) -> Area | None:
        """Distance to a tube along a polyline (n, 3) with radii (n,); `squash` > 1 makes it taller along z."""
        grow = np.asarray([1.0, 1.0, squash]) * float(radii.max())
        box = self.box(points.min(axis=0) - grow, points.max(axis=0) + grow, margin_mm)
        if box is None:
            return None
        distance = np.full(tuple(s.stop - s.start for s in box), 1e3, np.float32)
        for a, b, ra, rb in zip(points[:-1], points[1:], radii[:-1], radii[1:], strict=True):
            self._segment(Area(box, distance), a, b, (float(ra), float(rb)), squash, margin_mm)
        return Area(box, distance)

    def _segment(
        self,
        area: Area,
        a: NDArray[np.float64],
        b: NDArray[np.float64],
        radii: tuple[float, float],
        squash: float,
        margin_mm: float,
    ) -> None:
        grow = np.asarray([1.0, 1.0, squash]) * max(radii)
        box = _within(self.box(np.minimum(a, b) - grow, np.maximum(a, b) + grow, margin_mm), area.box)
        if box is None:
            return
        new = segment_distance(*self.points(box), a, b, radii, squash)
        inner = tuple(slice(s.start - o.start, s.stop - o.start) for s, o in zip(box, area.box, strict=True))
        part = area.distance[inner]
        np.minimum(part, new, out=part)

    def paint(
        self,
        area: Area | None,
        hu: float | Float,
        label: str | None,
        only: NDArray[np.bool_] | None = None,
        edge_mm: float = EDGE_MM,
    ) -> None:
        """Put a tissue over what is there: softly in HU over `edge_mm`, hard in labels at distance 0."""
        if area is None:
            return
        box, distance = area
        share = np.clip(0.5 - distance / edge_mm, 0.0, 1.0)
        if only is not None:
            share *= only
        part = self.hu[box]
        part += share * (hu - part)
        if label is not None:
            np.copyto(self.label[box], self.values[label], where=share > 0.5)

    def has(self, box: Box, *names: str) -> NDArray[np.bool_]:
        """Where a box holds one of the labels now."""
        table = np.zeros(256, bool)
        table[[self.values[n] for n in names]] = True
        return table[self.label[box]]


def _within(box: Box | None, outer: Box) -> Box | None:
    """A part of a box; rounding may have let it stick out by a voxel."""
    if box is None:
        return None
    a, b, c = (slice(max(s.start, o.start), min(s.stop, o.stop)) for s, o in zip(box, outer, strict=True))
    return (a, b, c) if all(s.stop > s.start for s in (a, b, c)) else None


def segment_distance(
    x: Float,
    y: Float,
    z: Float,
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    radii: tuple[float, float],
    squash: float = 1.0,
) -> Float:
    """Distance to a rounded cone from a to b, float32."""
    along = (b - a) / np.asarray([1.0, 1.0, squash])
    ax, ay, az = along.astype(np.float32)
    length2 = np.float32(max(float(along @ along), 1e-6))
    u, v, w = x - np.float32(a[0]), y - np.float32(a[1]), (z - np.float32(a[2])) / np.float32(squash)
    t = np.clip((u * ax + v * ay + w * az) / length2, 0.0, 1.0)
    u, v, w = u - t * ax, v - t * ay, w - t * az
    result: Float = np.sqrt(u * u + v * v + w * w) - (np.float32(radii[0]) + t * np.float32(radii[1] - radii[0]))
    return result
