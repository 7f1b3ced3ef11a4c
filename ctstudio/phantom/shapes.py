"""Continuous shapes as signed distances: negative inside, about mm near the surface; x, y, z are arrays of points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.floating[Any]]
Point = tuple[float, float, float]
Knots = NDArray[np.float64] | Sequence[Sequence[float]]


def ellipsoid(x: Float, y: Float, z: Float, centre: Point, radii: Point) -> Float:
    """Distance to an ellipsoid with axes along x, y, z (first-order exact at the surface)."""
    u, v, w = (x - centre[0]) / radii[0], (y - centre[1]) / radii[1], (z - centre[2]) / radii[2]
    squared = u * u + v * v + w * w
    u, v, w = u / radii[0], v / radii[1], w / radii[2]
    slope = np.sqrt(u * u + v * v + w * w)
    length = np.sqrt(squared)
    stretch = (length + 1e-4) / (slope + 1e-4 / min(radii))
    result: Float = ((length - 1.0) * stretch).astype(np.float32, copy=False)
    return result


def turned(x: Float, y: Float, z: Float, centre: Point, turn_deg: Point) -> tuple[Float, Float, Float]:
    """Points in the frame of a body at `centre` turned about x, then y, then z; coordinates relative to it."""
    matrix = rotation(turn_deg).T.astype(np.float32)
    u, v, w = x - centre[0], y - centre[1], z - centre[2]
    a, b, c = (matrix[i, 0] * u + matrix[i, 1] * v + matrix[i, 2] * w for i in range(3))
    return a, b, c


def rotation(turn_deg: Point) -> NDArray[np.float64]:
    """3x3 matrix of turns about x, then y, then z, degrees."""
    result = np.eye(3)
    for axis, angle in enumerate(np.deg2rad(turn_deg)):
        i, j = [(1, 2), (2, 0), (0, 1)][axis]
        step = np.eye(3)
        step[i, i] = step[j, j] = np.cos(angle)
        step[i, j], step[j, i] = -np.sin(angle), np.sin(angle)
        result = step @ result
    return result


def ring(x: Float, y: Float, half_width: Float, half_depth: Float, power: float = 2.5) -> Float:
    """Radial distance to a super-ellipse around (0, 0), mm."""
    radius = np.sqrt(x * x + y * y)
    bent = (np.abs(x / half_width) ** power + np.abs(y / half_depth) ** power) ** (-1.0 / power)
    result: Float = (radius * (1.0 - np.minimum(bent, 1e4))).astype(np.float32, copy=False)
    return result


def join(a: Float, b: Float, blend_mm: float) -> Float:
    """Smooth union of two distances; the seam is rounded over `blend_mm`."""
    part = np.maximum(blend_mm - np.abs(a - b), 0.0)
    result: Float = np.minimum(a, b) - part * part * (0.25 / blend_mm)
    return result


def meet(a: Float, b: Float, blend_mm: float) -> Float:
    """Smooth intersection of two distances."""
    part = np.maximum(blend_mm - np.abs(a - b), 0.0)
    result: Float = np.maximum(a, b) + part * part * (0.25 / blend_mm)
    return result


def spline(knots: Knots, per_span: int = 6) -> NDArray[np.float64]:
    """Catmull-Rom curve through knots (n, d): ((n - 1) * per_span + 1, d) points."""
    points = np.asarray(knots, float)
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = (np.arange(per_span) / per_span)[:, None]
    spans = []
    for i in range(len(points) - 1):
        a, b, c, d = padded[i : i + 4]
        spans.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.concatenate([*spans, points[-1:]])


def smooth_table(z: NDArray[np.float64], knots: list[tuple[float, float]], width_mm: float) -> NDArray[np.float64]:
    """A curve through (z, value) knots (ascending z), rounded by a window of `width_mm`, on an even axis `z`."""
    step = float(z[1] - z[0])
    count = max(3, round(width_mm / step)) | 1
    window = np.hanning(count + 2)[1:-1]
    raw = np.interp(z, [k[0] for k in knots], [k[1] for k in knots])
    padded = np.pad(raw, count // 2, mode="edge")
    return np.convolve(padded, window / window.sum(), mode="valid")
