"""How a denoiser in training is judged: its loss on slices it never saw, and the same few samples again and again."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn

from ctstudio.catalog.recipe import Distillation
from ctstudio.catalog.recipe_parts import RunSettings
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.diffusion.loop import denoise
from ctstudio.diffusion.noise import generator_for
from ctstudio.diffusion.schedules import build_few_step_sampler, build_sampler
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.latents import decoded_hu
from ctstudio.training.stage import Batch
from ctstudio.training.stages.denoiser import DenoiserStage
from ctstudio.training.stages.student import teacher_paths

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

    def samples(self, module: nn.Module) -> list[tuple[str, Volume]]:
        """CT slices of the first held-out masks, all labels told."""
        batch = self._fixed(min(self._settings.samples, len(self._held)), module)
        return [(f"mask {number}", image) for number, image in enumerate(self._decoded(self._sampled(batch)), start=1)]

    def _fixed(self, count: int, module: nn.Module) -> Batch:
        """The same masks and the same noise at every look, everything told."""
        batch = self._held.with_batch(count).draw(0, generator_for(SEED, "samples"))
        batch["which"] = torch.linspace(0, len(self._held) - 1, count).long()
        batch["given"] = torch.ones_like(batch["given"])
        batch["keep_mask"] = batch["keep_map"] = torch.ones(count, dtype=torch.bool)
        device = next(module.parameters()).device
        return {key: value.to(device) for key, value in batch.items()}

    @torch.no_grad()
    def _sampled(self, batch: Batch) -> Tensor:
        """Latents of a batch."""
        network = self._held.module
        told, device = self._held.told(batch), batch["noise"].device

        def predict(z_t: Tensor, timesteps: Tensor) -> Tensor:
            with torch.autocast(device.type, torch.bfloat16, enabled=self._settings.precision == "bf16"):
                prediction = network(z_t, timesteps, told.vector, told.spatial)
            return prediction[:, : network.config.latent_channels].float()

        generators = [generator_for(SEED, "sampler", number) for number in range(len(batch["noise"]))]
        *_, done = denoise(predict, self._sampler(), batch["noise"], generators)
        return done.x_t

    def _sampler(self) -> Any:
        return build_sampler("dpm++", STEPS, self._held.module.config.prediction)

    @torch.no_grad()
    def _decoded(self, z: Tensor) -> list[Volume]:
        config = self._held.module.config
        images = np.round(decoded_hu(self._vae.to(z.device), config, z))[:, None]  # (B, 1, 256, 256)
        grid = Grid.centred((1, *images.shape[2:]), (config.pixel_mm, config.pixel_mm, 5.0))
        return [Volume(image, grid, synthetic=True) for image in images]


class StudentLooker(DenoiserLooker):
    """The looker of a few-step student: it is sampled as it will be used, and compared with its teacher.

    Args:
        held: A stage over slices of the validation part, with the student as its network.
        teacher: The same with the teacher.
        vae: The autoencoder.
        settings: How many slices and samples.
        config: The student's, with its timesteps.
        distil: The teacher's steps and guidance.
    """

    def __init__(
        self,
        held: DenoiserStage,
        teacher: DenoiserStage,
        vae: AutoencoderKL,
        settings: RunSettings,
        config: NaDiffConfig,
        distil: Distillation,
    ) -> None:
        super().__init__(held, vae, settings)
        self._teacher, self._config, self._distil = teacher, config, distil
        self._reference: Tensor | None = None

    def figures(self, module: nn.Module) -> tuple[dict[str, float], str]:
        """RMS difference between the latents of student and teacher from the same noise."""
        batch = self._fixed(self._held.batch, module)
        if self._reference is None:
            knots = teacher_paths(self._teacher, self._distil, batch).knots
            self._reference = torch.from_numpy(knots[:, -1].astype(np.float32)).to(batch["noise"].device)
        gap = (self._sampled(batch) - self._reference).square().mean().sqrt()
        return {"teacher_gap": float(gap)}, "teacher_gap"

    def _sampler(self) -> Any:
        config = self._config
        return build_few_step_sampler(config.few_steps, config.prediction, config.few_steps_redraw)
