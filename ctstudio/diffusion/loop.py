"""The denoising loop: a generator that hands out every step and can be closed between two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ctstudio.diffusion.schedules import Schedule, schedule_of, signal_and_sigma

Predict = Callable[[Tensor, Tensor], Tensor]
"""A network: x_t (B, ...) and timesteps (B,) to what it predicts."""


@dataclass(frozen=True)
class Denoised:
    """One step done: step `step` of `total`, the latent x_t after it, and the current estimate of x_0."""

    step: int
    total: int
    x_t: Tensor
    x_0: Tensor


def denoise(
    predict: Predict,
    scheduler: Any,
    x_t: Tensor,
    generators: list[torch.Generator],
) -> Iterator[Denoised]:
    """Run a sampler from noise to data.

    Args:
        predict: Network call: (x_t (B, ...), timesteps (B,)) to a prediction of the kind the scheduler was built for,
            with twice the channels where the variance is learned. It must switch autocast on and off itself: torch
            state around a `yield` would leak.
        scheduler: From `build_sampler`; used once.
        x_t: (B, ...) standard normal noise.
        generators: One CPU generator a sample, for samplers that add noise.

    Yields:
        A `Denoised` after each network call.
    """
    x_t = x_t * scheduler.init_noise_sigma
    kind, schedule = scheduler.config.prediction_type, schedule_of(scheduler)
    total = len(scheduler.timesteps)
    for step, timestep in enumerate(scheduler.timesteps, start=1):
        timesteps = timestep.expand(x_t.shape[0]).to(x_t.device)
        prediction = predict(scheduler.scale_model_input(x_t, timestep), timesteps).to(x_t.dtype)
        if prediction.shape[1] > x_t.shape[1] and step == total:
            prediction[:, x_t.shape[1] :] = -1.0  # the least spread: nothing is drawn after the last step
        x_0 = estimate_x0(x_t, prediction[:, : x_t.shape[1]], timesteps.long(), kind, schedule)
        extra = {"generator": generators} if _draws_noise(scheduler) else {}
        x_t = scheduler.step(prediction, timestep, x_t, **extra).prev_sample
        yield Denoised(step, total, x_t, x_0)


def estimate_x0(x_t: Tensor, prediction: Tensor, timesteps: Tensor, kind: str, schedule: Schedule = "linear") -> Tensor:
    """The estimate of x_0 that a prediction implies; shapes as `x_t`."""
    if kind == "sample":
        return prediction
    signal, sigma = signal_and_sigma(timesteps, x_t, schedule)
    if kind == "v_prediction":
        return signal * x_t - sigma * prediction
    return (x_t - sigma * prediction) / signal


def predicting_x0(predict: Predict, kind: str, schedule: Schedule = "linear") -> Predict:
    """A network as one that predicts x_0, kept within -1 and 1: a sampler built for "sample" takes it.

    Args:
        predict: (x_t, timesteps) to a prediction.
        kind: Of the prediction: "epsilon", "v_prediction" or "sample".
        schedule: That which the network was trained with.
    """

    def estimate(x_t: Tensor, timesteps: Tensor) -> Tensor:
        prediction = predict(x_t, timesteps).to(x_t.dtype)
        return estimate_x0(x_t, prediction, timesteps.long(), kind, schedule).clamp(-1, 1)

    return estimate


def _draws_noise(scheduler: Any) -> bool:
    return type(scheduler).__name__ in ("DDPMScheduler", "LCMScheduler")
