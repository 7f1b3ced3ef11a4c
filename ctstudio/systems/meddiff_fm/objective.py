"""What MedDiff-FM is trained on.

Source: MedDiff-FM, eq. 1 and 2, section 4.1: the absolute error of the predicted noise, cosine schedule.
Differs: a configuration may predict v instead, which does not multiply errors where there is nearly no signal.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ctstudio.diffusion.schedules import noised, velocity
from ctstudio.systems.meddiff_fm.control import LesionControl
from ctstudio.systems.meddiff_fm.network import Denoiser


@dataclass(frozen=True)
class Patches:
    """A batch to learn from.

    Attributes:
        x_0: (B, 1, p, p, p) in [-1, 1].
        coordinates: (B, 3, p, p, p) in [-1, 1], x before y before z.
        anatomy: (B, p, p, p) uint8 or int64, 0 to 118.
        region: (B,) int64, numbers in `REGIONS`.
        lesion: (B, 1, p, p, p), 0 or 1; None where no ControlNet learns.
    """

    x_0: Tensor
    coordinates: Tensor
    anatomy: Tensor
    region: Tensor
    lesion: Tensor | None = None


def loss(
    denoiser: Denoiser,
    patches: Patches,
    timesteps: Tensor,
    noise: Tensor,
    control: LesionControl | None = None,
    weights: Tensor | None = None,
) -> Tensor:
    """The training loss.

    Args:
        denoiser: Learns, or is frozen while a ControlNet learns.
        patches: What is learnt from.
        timesteps: (B,) int64 in [0, 1000).
        noise: (B, 1, p, p, p) what is added.
        control: The ControlNet that learns, if one does.
        weights: (B, 1, p, p, p) how much each voxel counts; None for all alike (paper).

    Returns:
        Scalar.
    """
    x_t = noised(patches.x_0, noise, timesteps, schedule="cosine")  # (B, 1, p, p, p)
    steering = None
    if control is not None and patches.lesion is not None:
        told = control.condition(patches.coordinates, patches.anatomy, patches.lesion)  # (B, C, q, q, q)
        steering = control(x_t, timesteps, told, patches.region)
    condition = denoiser.condition(patches.coordinates, patches.anatomy)  # (B, C, q, q, q)
    predicted = denoiser(x_t, timesteps, condition, patches.region, steering)  # (B, 1, p, p, p)
    target = noise
    if denoiser.config.prediction == "v_prediction":
        target = velocity(patches.x_0, noise, timesteps, schedule="cosine")
    error = (predicted - target).abs()  # (B, 1, p, p, p)
    return error.mean() if weights is None else (error * weights).sum() / weights.sum()
