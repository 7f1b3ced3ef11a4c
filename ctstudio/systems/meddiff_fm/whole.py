"""A model that predicts a whole volume, or a part of one, window by window.

Source: MedDiff-FM, section 3.4 (the mean of overlapping predictions); the windows are `diffusion.windows`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ctstudio.diffusion.loop import Predict, predicting_x0
from ctstudio.diffusion.schedules import Schedule
from ctstudio.diffusion.windows import Weights, Windows, blended
from ctstudio.systems.meddiff_fm.inference import Corner, Told, WindowNetwork
from ctstudio.systems.meddiff_fm.weights import MeddiffModel

SCHEDULE: Schedule = "cosine"
_WHOLE: Corner = (0, 0, 0)


@dataclass(frozen=True)
class Manner:
    """How windows are gone through.

    Attributes:
        batch: Windows at once.
        keep_bytes: Memory for what windows are told.
        weights: How they are averaged.
    """

    batch: int
    keep_bytes: int
    weights: Weights


def estimator(
    model: MeddiffModel,
    told: Told,
    windows: Windows,
    manner: Manner,
    keep: Sequence[int],
    elsewhere: Tensor | None,
    corner: Corner = _WHOLE,
) -> Predict:
    """A network call for samplers that estimates a volume, or a part of one, from windows over it.

    Args:
        model: That predicts.
        told: What it is told of the whole volume.
        windows: Of the part.
        manner: How they are gone through.
        keep: Numbers of the windows that are predicted.
        elsewhere: (1, 1, D, H, W) of the part, in [-1, 1]: x_0 in the windows that are not; None when all are.
        corner: First voxel (z, y, x) of the part in the whole volume.

    Returns:
        `(x_t (1, 1, D, H, W), timesteps (1,)) -> x_0` in [-1, 1], where `x_t` lies.
    """
    dz, dy, dx = corner
    network = WindowNetwork(model, told, [(z + dz, y + dy, x + dx) for z, y, x in windows.corners], manner.keep_bytes)
    left_out = _left_out(windows, keep)

    def predict(x_t: Tensor, timesteps: Tensor) -> Tensor:
        def of_parts(parts: Tensor, numbers: Sequence[int]) -> Tensor:
            return network(parts, timesteps, numbers)

        return blended(x_t, windows, of_parts, manner.batch, manner.weights, keep)  # (1, 1, D, H, W)

    estimate = predicting_x0(predict, model.config.prediction, SCHEDULE)
    if left_out is None or elsewhere is None:
        return estimate
    return lambda x_t, timesteps: torch.where(left_out, elsewhere, estimate(x_t, timesteps))


def _left_out(windows: Windows, keep: Sequence[int]) -> Tensor | None:
    """(1, 1, D, H, W) True in every window that is not predicted; None when all are."""
    skipped = set(range(len(windows.corners))) - set(keep)
    if not skipped:
        return None
    found = torch.zeros(windows.shape, dtype=torch.bool)
    for number in skipped:
        windows.part(found, windows.corners[number]).fill_(True)
    return found[None, None]
