"""From noise to a volume: MedSyn's samplers in continuous time, and channels that are given.

Source: MedSyn, section III-B, and the released sampling code: DDIM without noise on a cosine schedule; the network says
x_0, which is kept within -1 to 1. Given channels take the place of the network's in x_0 at every step, before that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from diffusers import DPMSolverMultistepScheduler
from torch import Tensor

from ctstudio.core.errors import ParameterError
from ctstudio.diffusion.loop import Denoised, denoise, predicting_x0
from ctstudio.systems.medsyn.schedule import LARGEST_TIME, alpha_bar

_POWERS = MappingProxyType({"ddim": 1.0, "dpm++": 1.5})
"""How much closer the times of a sampler's steps come towards the end; 1 for equal steps."""

Predict = Callable[[Tensor, Tensor], Tensor]
"""A network: x_t (B, 4, D, H, W) and times (B,) from 0 to 1000, to its x_0."""


@dataclass(frozen=True)
class Known:
    """Channels that are given.

    The samplers are deterministic, so a channel whose x_0 is replaced at every step goes the way
    x_t = sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) noise with the noise it began with: what the other channels see of
    it is a draw from q(x_t | x_0) at every time. Drawing it anew at each step, as RePaint does, was measured to read
    lobes and airway of a given CT no better (Dice within 0.005).

    Attributes:
        channels: Numbers of the channels.
        values: (B, 4, D, H, W); the other channels of it are not read.
    """

    channels: tuple[int, ...]
    values: Tensor

    def put(self, x_0: Tensor) -> Tensor:
        """The estimate with the given channels in their place."""
        rows = list(self.channels)
        x_0 = x_0.clone()
        x_0[:, rows] = self.values[:, rows].to(x_0)
        return x_0


@torch.no_grad()
def sampled(
    predict: Predict,
    sampler: str,
    steps: int,
    noise: Tensor,
    known: Known | None = None,
    few: tuple[float, ...] = (),
) -> Iterator[Denoised]:
    """Denoise a volume.

    Args:
        predict: The network, guidance included; it switches autocast on and off itself.
        sampler: As in the card.
        steps: As in the card.
        noise: (B, 4, D, H, W) standard normal.
        known: Channels that are given.
        few: Times of a distilled student, in place of sampler and steps; none for a model that takes any.

    Yields:
        A `Denoised` after each call of `predict`; x_t of the last is the volume.
    """

    def held(x_t: Tensor, times: Tensor) -> Tensor:
        x_0 = predict(x_t, times)
        return x_0 if known is None else known.put(x_0)

    solver = build_few_step_sampler(few) if few else build_sampler(sampler, steps)
    yield from denoise(predicting_x0(held, "sample"), solver, noise, [])


def evaluations(sampler: str, steps: int) -> int:
    """How often the network is called."""
    return len(times_of(sampler, steps))


def times_of(sampler: str, steps: int) -> list[float]:
    """The times of the network's calls, falling from at most 1.

    "ddim-published" takes those of the released code, range(0, 1001, 1000 // steps) backwards: with 50 steps 51 calls,
    the last at 0, where nothing is left to be done. "ddim" does without that one. "dpm++" goes in smaller steps towards
    the end, which keeps fine texture: of an SD of 0.05, 20 steps keep 0.85, and 0.48 with equal steps (ours).

    Raises:
        ParameterError: A sampler that is not known.
    """
    if sampler == "ddim-published":
        return [step / LARGEST_TIME for step in reversed(range(0, 1001, 1000 // steps))]
    if sampler in _POWERS:
        return [(step / steps) ** _POWERS[sampler] for step in range(steps, 0, -1)]
    raise ParameterError(f"No sampler of MedSyn is called {sampler!r}.", "Choose dpm++, ddim or ddim-published.")


def build_sampler(sampler: str, steps: int) -> Any:
    """A diffusers scheduler of first order (DDIM) or second (DPM-Solver++), its times and noise set to ours.

    The scheduler's own tables are for 1000 whole timesteps; they are replaced by the continuous schedule at exactly the
    times of the calls, so that nothing is rounded.
    """
    return _solver(times_of(sampler, steps), 2 if sampler == "dpm++" else 1)


def build_few_step_sampler(times: Sequence[float]) -> Any:
    """The sampler of a distilled student, which jumps by DDIM from each of its own times to the next."""
    return _solver(times, 1)


def _solver(calls: Sequence[float], order: int) -> Any:
    times = torch.tensor(calls, dtype=torch.float64)
    scheduler = DPMSolverMultistepScheduler(solver_order=order, prediction_type="sample", final_sigmas_type="zero")
    scheduler.set_timesteps(len(times))
    part = alpha_bar(times).double()
    scheduler.sigmas = torch.cat([((1 - part) / part).sqrt(), torch.zeros(1)]).float()
    scheduler.timesteps = (times * LARGEST_TIME).float()
    scheduler.set_begin_index(0)
    return scheduler
