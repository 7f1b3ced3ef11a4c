"""What NA-Diff is trained on.

Source: NA-Diff, section 3.1: the mean squared error of the predicted noise; DiT adds the variational bound for the
variance it learns.
Differs: a configuration may predict v instead, which weighs all noise levels alike.
"""

from __future__ import annotations

from torch import Tensor

from ctstudio.diffusion.learned_variance import variational_bound
from ctstudio.diffusion.loop import estimate_x0
from ctstudio.diffusion.schedules import min_snr_weights, noised, velocity
from ctstudio.systems.na_diff.natural import NaturalNetwork
from ctstudio.systems.na_diff.network import NaDiffNetwork


def denoising_loss(
    network: NaDiffNetwork | NaturalNetwork,
    z_0: Tensor,
    condition: Tensor,
    spatial: Tensor | None,
    timesteps: Tensor,
    noise: Tensor,
    min_snr_gamma: float | None = None,
) -> Tensor:
    """The training loss.

    Args:
        network: The denoiser, or the network of the stage on natural images.
        z_0: (B, C, side, side) normalised latents.
        condition: (B, D), or (B, T, D) for one vector a token.
        spatial: (B, K, side, side) or None.
        timesteps: (B,) int64 in [0, 1000).
        noise: (B, C, side, side) what is added.
        min_snr_gamma: Weigh each sample by min(SNR, gamma) over what its prediction weighs (Hang et al. 2023); None
            weighs all alike.

    Returns:
        Scalar.
    """
    z_t = noised(z_0, noise, timesteps)  # (B, C, side, side)
    said = network(z_t, timesteps, condition, spatial).float()  # (B, C or 2C, side, side)
    prediction = said[:, : z_0.shape[1]]
    target = velocity(z_0, noise, timesteps) if network.config.prediction == "v_prediction" else noise
    error = (prediction - target).square().flatten(1).mean(dim=1)  # (B,)
    if min_snr_gamma is not None:
        error = error * min_snr_weights(timesteps, min_snr_gamma, network.config.prediction)
    if network.config.learn_sigma:
        estimate = estimate_x0(z_t, prediction.detach(), timesteps, network.config.prediction)
        error = error + variational_bound(z_0, estimate, said[:, z_0.shape[1] :], timesteps)
    return error.mean()
