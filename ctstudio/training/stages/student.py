"""A student that samples in few steps, taught by a model that needs many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctstudio.catalog.recipe import Distillation
from ctstudio.diffusion.guidance import guided
from ctstudio.diffusion.loop import denoise, estimate_x0
from ctstudio.diffusion.schedules import build_sampler, noised, signal_and_sigma
from ctstudio.systems.na_diff.pipeline import GUIDED_FROM
from ctstudio.systems.na_diff.telling import Told
from ctstudio.training.stage import Batch
from ctstudio.training.stages.denoiser import DenoiserStage

HUBER = 0.001
"""Of the pseudo-Huber distance of consistency models, over the square root of the values (Song and Dhariwal 2023)."""

Predict = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Paths:
    """Paths of the teacher's solver, at the student's timesteps.

    Attributes:
        knots: (N, S + 1, C, side, side) float16, x_t at each of the student's S timesteps, then x_0.
        which, realisation: (N,) the slice whose conditions were told, and its noise.
        given: (N, G) which groups of its mask were told.
    """

    knots: NDArray[np.float16]
    which: NDArray[np.int64]
    realisation: NDArray[np.int64]
    given: NDArray[np.bool_]


def student_timesteps(distil: Distillation, prediction: str) -> tuple[int, ...]:
    """The student's timesteps: evenly chosen among those of the teacher's solver."""
    every = build_sampler("dpm++", distil.teacher_steps, prediction).timesteps.tolist()
    return tuple(int(every[round(k * len(every) / distil.student_steps)]) for k in range(distil.student_steps))


@torch.no_grad()
def teacher_paths(stage: DenoiserStage, distil: Distillation, batch: Batch) -> Paths:
    """Sample with the teacher from the batch's noise, with guidance, and keep what the student shall meet.

    Args:
        stage: With the teacher as its module, over encoded slices.
        distil: Steps and guidance.
        batch: From the stage's `draw`; its timesteps are not used, and all conditions are told.
    """
    everything = torch.ones_like(batch["keep_mask"])
    batch = {**batch, "keep_mask": everything, "keep_map": everything}
    predict = teacher_prediction(stage, batch, distil.guidance)
    scheduler = build_sampler("dpm++", distil.teacher_steps, stage.module.config.prediction)
    timesteps = [int(t) for t in scheduler.timesteps]
    wanted = {timesteps.index(t) for t in student_timesteps(distil, stage.module.config.prediction)}
    x_t = batch["noise"]
    states = [x_t, *(done.x_t for done in denoise(predict, scheduler, x_t, []))]
    knots = [states[step] for step in range(len(timesteps)) if step in wanted] + [states[-1]]
    return Paths(
        torch.stack(knots, dim=1).half().cpu().numpy(),
        batch["which"].cpu().numpy(),
        batch["realisation"].cpu().numpy(),
        batch["given"].cpu().numpy(),
    )


def teacher_prediction(stage: DenoiserStage, batch: Batch, guidance: float) -> Predict:
    """The teacher with guidance, as the pipeline uses it."""
    told = stage.told(batch)
    nothing = torch.zeros_like(batch["keep_mask"])
    free = stage.told({**batch, "given": torch.zeros_like(batch["given"]), "keep_mask": nothing})
    network = stage.module

    def call(z_t: Tensor, timesteps: Tensor, conditions: Told) -> Tensor:
        channels = network.config.latent_channels
        return network(z_t, timesteps, conditions.vector, conditions.spatial)[:, :channels].float()

    def predict(z_t: Tensor, timesteps: Tensor) -> Tensor:
        early = (timesteps >= GUIDED_FROM)[:, None, None, None]
        if not bool(early.any()):
            return call(z_t, timesteps, told)
        strong = guided(lambda: call(z_t, timesteps, told), lambda: call(z_t, timesteps, free), guidance)
        return strong if bool(early.all()) else torch.where(early, strong, call(z_t, timesteps, told))

    return predict


class ProgressiveStage:
    """The student learns to jump from each of its timesteps to the next in one call.

    Source: Salimans and Ho 2022, section 3 and appendix G: the target is what a single DDIM step must predict to land
    where the teacher landed.
    Differs: the student's step replaces several of the teacher's at once, on paths that were sampled beforehand.
    """

    def __init__(self, student: DenoiserStage, paths: Paths, timesteps: tuple[int, ...]) -> None:
        self.module = student.module
        self._student, self._paths = student, paths
        self._timesteps = torch.tensor(timesteps)

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """Which path, and which of its jumps; every jump equally often."""
        count = self._student.batch
        first = torch.randint(len(self._timesteps), (1,), generator=generator)
        return {
            "path": torch.randint(len(self._paths.which), (count,), generator=generator),
            "jump": (torch.arange(count) + first) % len(self._timesteps),
        }

    def loss(self, batch: Batch) -> Tensor:
        """Mean squared error of where the jump lands, over how far the prediction moves it."""
        device, paths = batch["path"].device, self._paths
        rows, jump = batch["path"].cpu().numpy(), batch["jump"].cpu().numpy()
        x_t = torch.from_numpy(paths.knots[rows, jump].astype(np.float32)).to(device)
        target = torch.from_numpy(paths.knots[rows, jump + 1].astype(np.float32)).to(device)
        timesteps = self._timesteps.to(device)
        t, last = timesteps[batch["jump"]], batch["jump"] + 1 == len(timesteps)
        following = timesteps[(batch["jump"] + 1).clamp(max=len(timesteps) - 1)]
        told = self._student.told(_conditions(paths, rows, device))
        module = self.module
        predicted = module(x_t, t, told.vector, told.spatial)[:, : x_t.shape[1]].float()
        landed, reach = jumped(x_t, predicted, t, following, last, module.config.prediction)
        return ((landed - target) / reach).square().mean()


def jumped(
    x_t: Tensor, predicted: Tensor, t: Tensor, following: Tensor, last: Tensor, prediction: str
) -> tuple[Tensor, Tensor]:
    """Where a DDIM step lands, and how far a change of v by one moves it.

    Args:
        x_t: (B, C, H, W).
        predicted: The network's output, the same shape.
        t: (B,) timesteps before the step.
        following: (B,) timesteps after it.
        last: (B,) bool, True where the step ends at x_0.
        prediction: What the network predicts.

    Returns:
        (B, C, H, W), and (B, 1, 1, 1).
    """
    x_0 = estimate_x0(x_t, predicted, t, prediction)
    signal, sigma = signal_and_sigma(t, x_t)
    signal_next, sigma_next = signal_and_sigma(following, x_t)
    ends = last[:, None, None, None]
    signal_next, sigma_next = torch.where(ends, 1.0, signal_next), torch.where(ends, 0.0, sigma_next)
    noise = (x_t - signal * x_0) / sigma
    return signal_next * x_0 + sigma_next * noise, (signal_next * sigma - sigma_next * signal).abs()


class ConsistencyStage:
    """The student learns to give the same x_0 from any point of the teacher's path.

    Source: Luo et al. 2023 (latent consistency models), with guidance in the teacher's step.
    Differs: the target is the student itself without gradient (Song and Dhariwal 2023), not a moving average.
    """

    def __init__(self, student: DenoiserStage, teacher: DenoiserStage, distil: Distillation) -> None:
        self.module = student.module
        self._student, self._teacher, self._distil = student, teacher, distil
        grid = build_sampler("dpm++", distil.teacher_steps, student.module.config.prediction).timesteps
        self._grid = torch.cat([grid.long(), torch.zeros(1, dtype=torch.int64)])

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """As the denoiser's, with all conditions told, and a step of the teacher's solver for each sample."""
        batch = self._student.draw(step, generator)
        everything = torch.ones_like(batch["keep_mask"])
        hop = torch.randint(len(self._grid) - 1, (len(everything),), generator=generator)
        return {**batch, "keep_mask": everything, "keep_map": everything, "hop": hop}

    def loss(self, batch: Batch) -> Tensor:
        """Pseudo-Huber distance of the two estimates of x_0."""
        module, grid = self.module, self._grid.to(batch["hop"].device)
        t, following = grid[batch["hop"]], grid[batch["hop"] + 1]
        prediction, told = module.config.prediction, self._student.told(batch)
        x_t = noised(self._student.latents(batch), batch["noise"], t)
        never = torch.zeros_like(t, dtype=torch.bool)
        with torch.no_grad():
            teacher = teacher_prediction(self._teacher, batch, self._distil.guidance)(x_t, t)
            nearer, _ = jumped(x_t, teacher, t, following, never, prediction)
            target = self._x_0(nearer, following, told)
        distance = self._x_0(x_t, t, told) - target
        scale = HUBER * distance[0].numel() ** 0.5
        return ((distance.square() + scale**2).sqrt() - scale).mean()

    def _x_0(self, x_t: Tensor, t: Tensor, told: Told) -> Tensor:
        predicted = self.module(x_t, t, told.vector, told.spatial)[:, : x_t.shape[1]].float()
        return estimate_x0(x_t, predicted, t, self.module.config.prediction)


def _conditions(paths: Paths, rows: NDArray[np.int64], device: torch.device) -> Batch:
    told = torch.ones(len(rows), dtype=torch.bool, device=device)
    return {
        "which": torch.from_numpy(paths.which[rows]),
        "realisation": torch.from_numpy(paths.realisation[rows]),
        "given": torch.from_numpy(paths.given[rows]).to(device),
        "keep_mask": told,
        "keep_map": told,
    }
