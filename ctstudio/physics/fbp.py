"""A slice from its line integrals: filtered back-projection of a parallel beam."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from ctstudio.core.errors import GeometryError
from ctstudio.measure.ramp import FilterName, padded_detectors, ramp_response, transform_length
from ctstudio.physics.geometry import ParallelGeometry
from ctstudio.physics.radon import circle
from ctstudio.physics.row_sums import HalfTurn, RowSums, batches, kept_when_small

_TAPS = 2


@torch.no_grad()
def filtered_back_projection(
    sinogram: Tensor, geometry: ParallelGeometry, filter: FilterName = "hann", cutoff: float = 1.0
) -> Tensor:
    """The slice whose line integrals these are. Linear in the sinogram.

    Args:
        sinogram: (B, 1, n, angles) float32, line integrals (a quantity times mm).
        geometry: As used for the projection.
        filter: "hann" is smooth, "ramp" keeps every frequency, "sharp" raises the fine ones; the noise grows with them.
        cutoff: Where the Hann window ends, in Nyquist frequencies.

    Returns:
        (B, 1, n, n) float32, the quantity per mm; 0 outside the inscribed circle. No gradient.

    Raises:
        GeometryError: The sinogram does not have the geometry's shape.

    Source: as scikit-image's `iradon` (circle=True, linear interpolation), projections padded to the diagonal. Places
    and weights are shared by all slices and by the angles a quarter turn apart.
    """
    n, device = geometry.size, sinogram.device
    if sinogram.dim() != 4 or tuple(sinogram.shape[1:]) != (1, n, geometry.angles):
        raise GeometryError(
            f"The sinogram has shape {tuple(sinogram.shape)}, the geometry expects (B, 1, {n}, {geometry.angles}).",
            "Reconstruct with the geometry that made the projections.",
        )
    half_turn = HalfTurn(geometry.angles)
    rows = _filtered(sinogram[:, 0].transpose(1, 2).float(), n, filter, cutoff)  # (B, angles, d)
    rows = rows.unflatten(1, (half_turn.turns, half_turn.own)).permute(2, 3, 1, 0)  # (own, d, turns, B)
    table = rows.reshape(half_turn.own * rows.shape[1], -1).contiguous()  # (own * d, turns * B)
    total = sum(sums.of(table) for sums in _sums(n, geometry.angles, device))  # (P, turns * B)
    side = 2 * (n // 2) + 1
    whole = table.new_zeros(side, side, table.shape[1])
    whole[circle(side, device)] = total
    turned = whole.view(side, side, half_turn.turns, -1).permute(2, 3, 0, 1)  # (turns, B, side, side)
    slices = turned[0] if half_turn.turns == 1 else turned[0] + turned[1].rot90(1, (1, 2))
    return slices[:, None, :n, :n] * (math.pi / (2 * geometry.angles * geometry.pixel_mm))  # (B, 1, n, n)


def _filtered(rows: Tensor, n: int, name: FilterName, cutoff: float) -> Tensor:
    """Projections (B, angles, n) after the ramp, padded to the diagonal: (B, angles, d)."""
    wide = padded_detectors(n)
    before = wide // 2 - n // 2
    length = transform_length(n)
    response = torch.as_tensor(ramp_response(length, name, cutoff), dtype=torch.float32, device=rows.device)
    filtered = torch.fft.irfft(torch.fft.rfft(rows, n=length) * response, n=length)
    return torch.cat([filtered[..., length - before :], filtered[..., : wide - before]], -1)


@kept_when_small(_TAPS)
def _sums(n: int, angles: int, device: torch.device) -> Iterator[RowSums]:
    """The pixels of the circle as sums over detectors; to be added up."""
    half, wide, half_turn = n // 2, padded_detectors(n), HalfTurn(angles)
    y, x = (place.float() - half for place in circle(2 * half + 1, device).nonzero(as_tuple=True))  # (P,)
    cos, sin = half_turn.directions(device)
    first = torch.arange(half_turn.own, device=device, dtype=torch.int32) * wide
    for part in batches(half_turn.own, _TAPS * x.numel()):
        at = x[:, None] * cos[part] - y[:, None] * sin[part] + wide // 2  # (P, m)
        left = at.int()  # never negative, so this rounds down
        place = left.new_empty(*at.shape, _TAPS)
        weight = at.new_empty(*at.shape, _TAPS)
        torch.add(left, first[part], out=place[..., 0])
        torch.add(place[..., 0], 1, out=place[..., 1])
        torch.sub(at, left, out=weight[..., 1])
        torch.sub(1, weight[..., 1], out=weight[..., 0])
        begin = torch.arange(x.numel() + 1, device=device, dtype=torch.int32) * (_TAPS * at.shape[1])
        yield RowSums(place.flatten(), weight.flatten(), begin)
