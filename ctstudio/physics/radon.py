"""Line integrals of a slice: the forward projection of a parallel beam."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from ctstudio.core.errors import GeometryError
from ctstudio.physics.geometry import ParallelGeometry
from ctstudio.physics.row_sums import HalfTurn, RowSums, batches, kept_when_small

_TAPS = 4
_RIM = 3
"""Pixels of air about the slice: samples this far outside the circle see nothing of it."""


@torch.no_grad()
def project(image: Tensor, geometry: ParallelGeometry) -> Tensor:
    """Line integrals, by turning the slice and summing its rows.

    Args:
        image: (B, 1, n, n) float32, any quantity per mm. Read only inside the inscribed circle.
        geometry: With `size` n.

    Returns:
        (B, 1, n, angles) float32, the quantity times mm. No gradient.

    Raises:
        GeometryError: The image does not have the geometry's size.

    Source: Radon transform as in scikit-image's `radon` (circle=True), about pixel n // 2, bilinear. Places and
    weights of the samples are shared by all slices and by the angles a quarter turn apart.
    """
    check_square(image, geometry.size)
    n, half_turn = geometry.size, HalfTurn(geometry.angles)
    table = _pixel_table(image[:, 0].float(), half_turn.turns)  # (pixels, turns * B)
    lines = torch.cat([sums.of(table) for sums in _sums(n, geometry.angles, image.device)])  # (own * n, turns * B)
    lines = lines.view(half_turn.own, n, half_turn.turns, -1).permute(3, 1, 2, 0)  # (B, n, turns, own)
    return lines.reshape(-1, 1, n, geometry.angles) * geometry.pixel_mm  # (B, 1, n, angles)


def check_square(image: Tensor, size: int) -> None:
    """Raise GeometryError unless the image is (B, 1, size, size)."""
    if image.dim() != 4 or image.shape[1] != 1 or tuple(image.shape[2:]) != (size, size):
        raise GeometryError(
            f"The projection expects slices of shape (B, 1, {size}, {size}), not {tuple(image.shape)}.",
            "Pad the slice to a square first.",
        )


def circle(size: int, device: torch.device) -> Tensor:
    """(n, n) bool, True inside the inscribed circle about pixel n // 2, which every angle sees."""
    step = torch.arange(size, device=device) - size // 2
    return step[:, None] ** 2 + step[None, :] ** 2 <= (size // 2) ** 2


def _pixel_table(image: Tensor, turns: int) -> Tensor:
    """The slices (B, n, n) with air about them, upright and turned: a row for each pixel, (w * w, turns * B)."""
    n = image.shape[-1]
    after = _width(n) - n - _RIM
    wide = functional.pad(image * circle(n, image.device), (_RIM, after, _RIM, after))
    views = [wide, wide.rot90(-1, (1, 2))][:turns]
    return torch.stack(views).permute(2, 3, 0, 1).reshape(_width(n) ** 2, -1).contiguous()


def _width(n: int) -> int:
    """Side of the padded slice, odd, so that it can be turned about its middle pixel."""
    return 2 * (n // 2) + 1 + 2 * _RIM


@kept_when_small(_TAPS)
def _sums(n: int, angles: int, device: torch.device) -> Iterator[RowSums]:
    """The line integrals as sums over pixels, an angle after the other and a detector after the other."""
    half, width, half_turn = n // 2, _width(n), HalfTurn(angles)
    step = torch.arange(n, device=device) - half
    reached = step[:, None] ** 2 + step[None, :] ** 2 <= (half + 2) ** 2  # (detector, along the line)
    detector, along = (place.float() - half for place in reached.nonzero(as_tuple=True))  # (P,)
    summands = _TAPS * detector.numel()
    begin = functional.pad(reached.sum(1).cumsum(0), (1, 0))[:-1] * _TAPS  # (n,)
    cos, sin = half_turn.directions(device)
    for part in batches(half_turn.own, summands):
        c, s = cos[part, None], sin[part, None]
        place, weight = _bilinear(c * detector + s * along, c * along - s * detector, width)
        first = torch.arange(len(c), device=device)[:, None] * summands
        ends = functional.pad((begin + first).flatten(), (0, 1), value=len(c) * summands)
        yield RowSums(place.flatten(), weight.flatten(), ends.int())


def _bilinear(x: Tensor, y: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Pixels and weights of samples at x and y (m, P), pixels from the middle: two of (m, P, 4)."""
    x, y = x + width // 2, y + width // 2
    left, top = x.floor(), y.floor()
    x, y = x - left, y - top
    corner = (top * width + left).int()
    place = torch.stack([corner, corner + 1, corner + width, corner + width + 1], -1)
    both = x * y
    return place, torch.stack([1 - x - y + both, x - both, y - both, both], -1)
