"""The noise schedules and samplers a task may name, all from diffusers.

MONAI's schedulers are not used: with fewer than 1000 steps they step to the wrong timestep.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from diffusers import DDPMScheduler, DPMSolverMultistepScheduler, LCMScheduler, UniPCMultistepScheduler
from torch import Tensor

from ctstudio.core.errors import ParameterError

TRAIN_STEPS = 1000
COSINE_STEPS = 996
"""Samplers begin at timestep 995 of the cosine schedule, where as much signal is left as at 999 of the linear one. Its
last four steps hold less and less: at 999 an error of epsilon is one of x_0 twenty thousand times as large."""

Schedule = Literal["linear", "cosine"]
_LINEAR: dict[str, Any] = {
    "num_train_timesteps": TRAIN_STEPS,
    "beta_schedule": "linear",
    "beta_start": 1e-4,
    "beta_end": 0.02,
}
_EVEN_LOG_SNR: dict[str, Any] = {"use_lu_lambdas": True, "final_sigmas_type": "zero"}


def alphas_bar(schedule: Schedule = "linear") -> Tensor:
    """(1000,) float64 products of (1 - beta).

    Args:
        schedule: "linear", beta from 1e-4 to 0.02 (DDPM, DiT), or "cosine" (Nichol and Dhariwal 2021, eq. 17), beta at
            most 0.999.
    """
    return torch.cumprod(1.0 - _betas(schedule), dim=0)


def build_sampler(
    name: str, steps: int, prediction: str, learned_variance: bool = False, schedule: Schedule = "linear"
) -> Any:
    """A diffusers scheduler with its timesteps set.

    Args:
        name: "ddpm", "ddim", "dpm++" or "unipc".
        steps: Network calls a sample, 1 to 1000; to 996 with the cosine schedule.
        prediction: What the network predicts: "epsilon", "v_prediction" or "sample".
        learned_variance: Whether the network also says how far to spread each step, for "ddpm" alone: the other
            samplers take the mean as it is.
        schedule: That which the network was trained with.

    Raises:
        ParameterError: Unknown name, or more steps than there are.

    All but DDPM take uniform steps in log SNR (Lu et al. 2022), which keep the variance of low-variance data, such as
    CT noise: of an SD of 0.05, 20 steps of dpm++ keep 0.99, and 20 of ddim 0.87 against 0.27 with uniform timesteps.
    DDIM is the solver of first order (Lu et al. 2022, section 4.1); diffusers' own leaves noise behind when 1000 is no
    multiple of the steps.
    """
    common = {**_table(schedule), "prediction_type": prediction}
    most = common["num_train_timesteps"]
    if not 1 <= steps <= most:
        raise ParameterError(f"{steps} steps cannot be done.", f"Choose 1 to {most} steps.")
    if name == "ddpm":
        variance = "learned_range" if learned_variance else "fixed_small"
        scheduler: Any = DDPMScheduler(**common, clip_sample=False, timestep_spacing="trailing", variance_type=variance)
    elif name == "ddim":
        scheduler = DPMSolverMultistepScheduler(**common, solver_order=1, **_EVEN_LOG_SNR)
    elif name == "dpm++":
        scheduler = DPMSolverMultistepScheduler(**common, **_EVEN_LOG_SNR)
    elif name == "unipc":
        scheduler = UniPCMultistepScheduler(**common, use_exponential_sigmas=True, final_sigmas_type="zero")
    else:
        raise ParameterError(f"No sampler is called {name!r}.", "Choose ddpm, ddim, dpm++ or unipc.")
    scheduler.set_timesteps(steps)
    return scheduler


def build_few_step_sampler(
    timesteps: tuple[int, ...], prediction: str, redraw: bool, schedule: Schedule = "linear"
) -> Any:
    """The scheduler of a distilled student, which calls its network once at each of its own timesteps.

    Args:
        timesteps: Falling, each in [0, 1000); in [0, 996) with the cosine schedule.
        prediction: What the network predicts.
        redraw: True for consistency models: noise is drawn anew after each step (Luo et al. 2023). False for
            progressive students: each step jumps along the teacher's path (Salimans and Ho 2022).
        schedule: That which the network was trained with.
    """
    common = {**_table(schedule), "prediction_type": prediction}
    if redraw:
        scheduler: Any = LCMScheduler(
            **common, clip_sample=False, original_inference_steps=common["num_train_timesteps"]
        )
    else:
        scheduler = DPMSolverMultistepScheduler(**common, solver_order=1, final_sigmas_type="zero")
    scheduler.set_timesteps(timesteps=list(timesteps))
    return scheduler


def last_timestep(schedule: Schedule) -> int:
    """The noisiest timestep that a sampler begins with."""
    return int(_table(schedule)["num_train_timesteps"]) - 1


def schedule_of(scheduler: Any) -> Schedule:
    """The schedule that a sampler was built for."""
    return "linear" if scheduler.config.trained_betas is None else "cosine"


def noised(x_0: Tensor, noise: Tensor, timesteps: Tensor, schedule: Schedule = "linear") -> Tensor:
    """x_t = sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) noise; x_0 and noise (B, ...), timesteps (B,) int64."""
    signal, sigma = signal_and_sigma(timesteps, x_0, schedule)
    return signal * x_0 + sigma * noise


def velocity(x_0: Tensor, noise: Tensor, timesteps: Tensor, schedule: Schedule = "linear") -> Tensor:
    """V = sqrt(alpha_bar) noise - sqrt(1 - alpha_bar) x_0, the target of v-prediction (Salimans and Ho 2022)."""
    signal, sigma = signal_and_sigma(timesteps, x_0, schedule)
    return signal * noise - sigma * x_0


def stratified_timesteps(count: int, generator: torch.Generator) -> Tensor:
    """(count,) int64 timesteps, one from each of `count` equal strata: a batch covers all noise levels."""
    strata = (torch.rand(count, generator=generator) + torch.arange(count)) / count
    return (strata * TRAIN_STEPS).long()


def min_snr_weights(timesteps: Tensor, gamma: float, prediction: str, schedule: Schedule = "linear") -> Tensor:
    """(B,) weights of the loss: min(SNR, gamma) / SNR of epsilon, / (SNR + 1) of v, and as it is of the sample.

    Source: Hang et al. 2023, eq. 5 and section 3.4.
    """
    alpha_bar = alphas_bar(schedule).to(timesteps.device)[timesteps]
    snr = alpha_bar / (1 - alpha_bar)
    least = snr.clamp(max=gamma)
    scale = {"epsilon": snr, "v_prediction": snr + 1, "sample": torch.ones_like(snr)}[prediction]
    return (least / scale).float()


def signal_and_sigma(timesteps: Tensor, like: Tensor, schedule: Schedule = "linear") -> tuple[Tensor, Tensor]:
    """sqrt(alpha_bar) and sqrt(1 - alpha_bar) of each sample, shaped (B, 1, ...) to multiply `like`."""
    alpha_bar = alphas_bar(schedule).to(like.device)[timesteps]
    shape = (-1, *([1] * (like.ndim - 1)))
    return alpha_bar.sqrt().to(like.dtype).view(shape), (1 - alpha_bar).sqrt().to(like.dtype).view(shape)


def _betas(schedule: Schedule) -> Tensor:
    """(1000,) float64."""
    if schedule == "linear":
        return torch.linspace(_LINEAR["beta_start"], _LINEAR["beta_end"], TRAIN_STEPS, dtype=torch.float64)
    times = torch.linspace(0, 1, TRAIN_STEPS + 1, dtype=torch.float64)
    left = torch.cos((times + 0.008) / 1.008 * torch.pi / 2) ** 2
    return (1 - left[1:] / left[:-1]).clamp(max=0.999)


def _table(schedule: Schedule) -> dict[str, Any]:
    """What a scheduler of diffusers is told of the schedule."""
    if schedule == "linear":
        return _LINEAR
    return {"num_train_timesteps": COSINE_STEPS, "trained_betas": _betas("cosine")[:COSINE_STEPS].tolist()}
