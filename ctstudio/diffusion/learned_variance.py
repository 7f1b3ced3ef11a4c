"""The variance of a backward step, where the network learns it beside the mean.

The network says for each value a number v from -1 to 1: the log variance lies that far between the smallest and the
largest that can be right, log beta-tilde and log beta (Nichol and Dhariwal 2021, eq. 15).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ctstudio.diffusion.schedules import alphas_bar


def variational_bound(x_0: Tensor, estimate: Tensor, said: Tensor, timesteps: Tensor) -> Tensor:
    """How far the learned backward step is from the true one: KL(q(x_t-1 | x_t, x_0) || p(x_t-1 | x_t)).

    Args:
        x_0: (B, ...) the truth.
        estimate: (B, ...) the network's estimate of x_0; without gradient, as the mean has a loss of its own.
        said: (B, ...) v, what the network says of the variance.
        timesteps: (B,) int64 in [0, 1000).

    Returns:
        (B,) bits per dimension.

    Source: Nichol and Dhariwal 2021, eq. 4 and 15. Differs: the last step, t = 0, whose true variance is 0, is judged
    with the variance of t = 1 instead of a likelihood of discrete grey values, which latents have not.
    """
    smallest, largest, weight = (
        each.to(x_0.device)[timesteps].to(x_0.dtype).view(-1, *[1] * (x_0.ndim - 1)) for each in _step_tables()
    )
    log_variance = smallest + (said + 1) / 2 * (largest - smallest)
    apart = (weight * (x_0 - estimate)) ** 2 * torch.exp(-log_variance)
    nats = 0.5 * (log_variance - smallest + torch.exp(smallest - log_variance) - 1 + apart)
    return nats.flatten(1).mean(dim=1) / math.log(2)


def _step_tables() -> tuple[Tensor, Tensor, Tensor]:
    """By timestep, (1000,) float64: log beta-tilde, log beta, and how much x_0 weighs in the mean of the true step."""
    bar = alphas_bar()
    before = torch.cat([torch.ones(1, dtype=bar.dtype), bar[:-1]])
    beta = 1 - bar / before
    tilde = beta * (1 - before) / (1 - bar)
    tilde[0] = tilde[1]
    return tilde.log(), beta.log(), before.sqrt() * beta / (1 - bar)
