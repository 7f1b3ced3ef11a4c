"""Where the patient is in a scan: a filled outline without the table."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

BODY_ABOVE_HU = -300.0
OPENING_PIXELS = 9


def body_outline(slices_hu: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The body in each axial slice.

    Tissue is what is brighter than -300 HU; an opening with a 9-pixel square takes thin table tops away; air that the
    border cannot reach lies inside the body (lungs, bowel) and is filled.

    Args:
        slices_hu: (N, y, x) HU at about 1.5 mm a pixel.

    Returns:
        (N, y, x) True inside the patient.

    Source: ours.
    """
    tissue = torch.from_numpy(slices_hu > BODY_ABOVE_HU)[:, None].float()  # (N, 1, y, x)
    core = _dilate(_erode(tissue, OPENING_PIXELS), OPENING_PIXELS)  # opened: no thin sheets
    core = _grow(_largest_seed(core), core)
    outside = _grow(_border(core), 1.0 - core)
    return np.asarray((outside < 0.5)[:, 0].numpy(), bool)


def _erode(x: Tensor, size: int) -> Tensor:
    return 1.0 - _dilate(1.0 - x, size)


def _dilate(x: Tensor, size: int) -> Tensor:
    return functional.max_pool2d(x, size, stride=1, padding=size // 2)


def _border(x: Tensor) -> Tensor:
    """Ones on the image's edge."""
    frame = torch.ones_like(x)
    frame[..., 1:-1, 1:-1] = 0.0
    return frame


def _grow(seed: Tensor, allowed: Tensor) -> Tensor:
    """All of `allowed` that is connected to `seed`."""
    grown = seed * allowed
    while True:
        larger = _dilate(grown, 3) * allowed
        if torch.equal(larger, grown):
            return grown
        grown = larger


def _largest_seed(core: Tensor) -> Tensor:
    """One pixel well inside the largest part of each slice: where a wide average is highest."""
    wide = functional.avg_pool2d(core, 61, stride=1, padding=30) * core  # (N, 1, y, x)
    flat = wide.flatten(1)
    seed = torch.zeros_like(flat)
    seed.scatter_(1, flat.argmax(dim=1, keepdim=True), 1.0)
    return seed.view_as(core)
