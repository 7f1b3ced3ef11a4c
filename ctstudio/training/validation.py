"""How a denoiser in training is judged: its loss on slices it never saw, and the same few samples again and again."""

from __future__ import annotations

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn

from ctstudio.catalog.recipe import RunSettings
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.diffusion.loop import denoise
from ctstudio.diffusion.noise import generator_for
from ctstudio.diffusion.schedules import build_sampler
from ctstudio.training.stages.denoiser import DenoiserStage

STEPS = 12
"""Sampling steps of the fixed samples: enough to see what is learned."""

SEED = 1


class DenoiserLooker:
    """The looker of a denoiser: `training.recorder.Looker`.

    Args:
        held: A stage over slices of the validation part, with the network that is trained.
        vae: The autoencoder.
        settings: How many slices and samples.
    """

    def __init__(self, held: DenoiserStage, vae: AutoencoderKL, settings: RunSettings) -> None:
        count = min(settings.validate_slices, len(held))
        self._held, self._vae, self._settings = held.with_batch(count), vae, settings

    @torch.no_grad()
    def figures(self, module: nn.Module) -> tuple[dict[str, float], str]:
        """The loss over the same slices, timesteps and noise at every look."""
        device = next(module.parameters()).device
        batch = self._held.draw(0, generator_for(SEED, "validation"))
        batch["which"] = torch.arange(len(batch["which"]))
        with torch.autocast(device.type, torch.bfloat16, enabled=self._settings.precision == "bf16"):
            loss = self._held.loss({key: value.to(device) for key, value in batch.items()})
        return {"validation_loss": float(loss)}, "validation_loss"

    @torch.no_grad()
    def samples(self, module: nn.Module) -> list[tuple[str, Volume]]:
        """CT slices of the first held-out masks, all labels told."""
        count = min(self._settings.samples, len(self._held))
        device = next(module.parameters()).device
        batch = self._held.with_batch(count).draw(0, generator_for(SEED, "samples"))
        batch["which"] = torch.linspace(0, len(self._held) - 1, count).long()
        batch["given"] = torch.ones_like(batch["given"])
        batch["keep_mask"] = batch["keep_map"] = torch.ones(count, dtype=torch.bool)
        batch = {key: value.to(device) for key, value in batch.items()}
        told = self._held.told(batch)

        def predict(z_t: Tensor, timesteps: Tensor) -> Tensor:
            channels = self._held.module.config.latent_channels
            with torch.autocast(device.type, torch.bfloat16, enabled=self._settings.precision == "bf16"):
                return self._held.module(z_t, timesteps, told.vector, told.spatial)[:, :channels].float()

        scheduler = build_sampler("dpm++", STEPS, self._held.module.config.prediction)
        *_, done = denoise(predict, scheduler, batch["noise"], [])
        return [(f"mask {number}", image) for number, image in enumerate(self._decoded(done.x_t), start=1)]

    def _decoded(self, z: Tensor) -> list[Volume]:
        config = self._held.module.config
        mean = torch.tensor(config.latent_mean, device=z.device).view(1, -1, 1, 1)
        std = torch.tensor(config.latent_std, device=z.device).view(1, -1, 1, 1)
        decoded = self._vae.to(z.device).decode(z * std + mean).sample.float().mean(dim=1, keepdim=True)
        images = np.round(config.window.from_unit(decoded.cpu().numpy()))  # (B, 1, 256, 256)
        grid = Grid.centred((1, *images.shape[2:]), (config.pixel_mm, config.pixel_mm, 5.0))
        return [Volume(image, grid, synthetic=True) for image in images]
