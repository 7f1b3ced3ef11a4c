"""How many photons go where: the bow-tie filter over the detector, the tube current over the angles."""

from __future__ import annotations

import torch
from torch import Tensor

from ctstudio.measure.dose_constants import MU_WATER_PER_MM
from ctstudio.measure.scanner import Scanner
from ctstudio.measure.tube_current import current_shares
from ctstudio.physics.geometry import ParallelGeometry

BOW_TIE_BODY_MM = 320.0
"""Diameter of the water cylinder that the bow-tie is made for."""

BOW_TIE_SHARE = 0.3
"""Part of the cylinder's missing water that the filter makes up for: 16 % of the photons are left at its edge. Ours."""


def fluence(lines: Tensor, geometry: ParallelGeometry, scanner: Scanner) -> Tensor:
    """Photons sent along each line, by those of a plain scan.

    Args:
        lines: (B, 1, n, angles) line integrals of the slices.
        geometry: Theirs.
        scanner: Its bow-tie and its tube current.

    Returns:
        (B, 1, n, angles) or a shape that spreads to it, > 0; in the middle of the detector 1 on average.
    """
    shares = torch.ones(1, 1, 1, 1, device=lines.device)
    if scanner.bow_tie:
        shares = shares * bow_tie(geometry).to(lines.device)
    if scanner.modulated:
        largest = lines[:, 0].amax(1).double().cpu().numpy()  # (B, angles)
        shares = shares * torch.from_numpy(current_shares(largest)).to(lines)[:, None, None, :]
    return shares


def bow_tie(geometry: ParallelGeometry) -> Tensor:
    """What a bow-tie filter lets through over the detector, (n, 1) float32, 1 in the middle.

    Source: ours; the shape follows from what it is for, to even out the path through a round body.
    """
    offset = (torch.arange(geometry.size) - geometry.size // 2) * geometry.pixel_mm
    radius = BOW_TIE_BODY_MM / 2
    water = 2 * (radius**2 - offset**2).clamp_min(0.0).sqrt()
    return torch.exp(-BOW_TIE_SHARE * MU_WATER_PER_MM * (2 * radius - water))[:, None]
