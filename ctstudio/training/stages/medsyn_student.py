"""A student of MedSyn's base network or upscaler that samples in a few steps.

Source: Salimans and Ho 2022, section 3 and appendix G: the student learns the x_0 with which one DDIM step lands where
several of the teacher's land, from noised data.
Differs: one student step replaces several of the teacher's at once; both schedules are MedSyn's continuous cosine; and
guidance goes into the student (Meng et al. 2023, at one scale).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ctstudio.core.errors import ParameterError
from ctstudio.diffusion.guidance import guided
from ctstudio.systems.medsyn.network import BaseNetwork, Upscaler
from ctstudio.systems.medsyn.sampling import Predict, times_of
from ctstudio.systems.medsyn.schedule import noised, signal_and_sigma
from ctstudio.training.stage import Batch
from ctstudio.training.stages.medsyn_base import BaseStage
from ctstudio.training.stages.medsyn_upscaler import UpscalerStage

_SPACING = "dpm++"
"""The teacher's times are this sampler's: closer towards the end, where texture is decided."""


def student_times(student_steps: int, teacher_steps: int) -> tuple[float, ...]:
    """The student's times, falling from 1: evenly chosen among the teacher's.

    Raises:
        ParameterError: The teacher's steps are no multiple of the student's.
    """
    if teacher_steps % student_steps:
        raise ParameterError(
            f"{teacher_steps} steps of the teacher cannot be shared by {student_steps} of the student.",
            f"Choose a multiple of {student_steps} for the teacher.",
        )
    return tuple(times_of(_SPACING, teacher_steps)[:: teacher_steps // student_steps])


class MedsynStudentStage:
    """Batches and loss.

    Args:
        student: Whose network learns, on the data that it is shown.
        teacher: The same data, with the network that teaches.
        student_steps: Calls of the student from noise to volume.
        teacher_steps: Of the teacher; a multiple.
        guidance: Of the teacher, which the student takes over; 1 for none. An upscaler has none.
    """

    def __init__(
        self,
        student: BaseStage | UpscalerStage,
        teacher: BaseStage | UpscalerStage,
        student_steps: int,
        teacher_steps: int,
        guidance: float = 1.0,
    ) -> None:
        self._student, self._teacher, self._guidance = student, teacher, guidance
        self._jumps = len(student_times(student_steps, teacher_steps))
        self._each = teacher_steps // student_steps
        self._times = torch.tensor([*times_of(_SPACING, teacher_steps), 0.0])  # (T + 1,)

    @property
    def module(self) -> BaseNetwork | Upscaler:
        """The student's network."""
        return self._student.module

    def __len__(self) -> int:
        return len(self._student)

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """As the network's own training, and which of its jumps each sample is; every jump equally often."""
        batch = self._student.draw(step, generator)
        first = torch.randint(self._jumps, (1,), generator=generator)
        return {**batch, "jump": (torch.arange(len(batch["which"])) + first) % self._jumps}

    def loss(self, batch: Batch) -> Tensor:
        """Mean squared error of x_0, against that which lands where the teacher lands."""
        x_0, predict = self._student.posed(batch)
        first = batch["jump"] * self._each
        t = self._at(first)
        x_t = noised(x_0, batch["noise"], t)
        return functional.mse_loss(predict(x_t, t).float(), self._target(batch, x_t, first))

    @torch.no_grad()
    def _target(self, batch: Batch, x_t: Tensor, first: Tensor) -> Tensor:
        """(B, 4, ...): the x_0 of one step that goes as far as the teacher's; `first` (B,) is the teacher's step."""
        teach, x, last = self._taught(batch), x_t, first + self._each
        for number in range(self._each):
            t, following = self._at(first + number), self._at(first + number + 1)
            x = stepped(x, teach(x, t), t, following)  # (B, 4, ...)
        (signal, sigma), (signal_next, sigma_next) = (signal_and_sigma(self._at(at), x_t) for at in (first, last))
        share = sigma_next / sigma  # of the noise that the step leaves
        whole = (x - share * x_t) / (signal_next - share * signal)  # (B, 4, ...)
        ends = (last == len(self._times) - 1).view(-1, 1, 1, 1, 1)
        return torch.where(ends, x, whole).clamp(-1, 1)

    def _taught(self, batch: Batch) -> Predict:
        """The teacher as it is sampled: with guidance, its x_0 kept within -1 to 1."""
        _, told = self._teacher.posed(batch)
        if not isinstance(self._teacher, BaseStage) or self._guidance == 1.0:
            return lambda x, t: told(x, t).float().clamp(-1, 1)
        silence = self._teacher.module.null_cond_emb.expand(len(batch["noise"]), -1, -1)  # (B, T, width)
        _, free = self._teacher.posed(batch, silence)

        def teach(x: Tensor, t: Tensor) -> Tensor:
            return guided(lambda: told(x, t).float(), lambda: free(x, t).float(), self._guidance).clamp(-1, 1)

        return teach

    def _at(self, numbers: Tensor) -> Tensor:
        return self._times.to(numbers.device)[numbers]  # (B,)


def stepped(x_t: Tensor, x_0: Tensor, t: Tensor, following: Tensor) -> Tensor:
    """A DDIM step from times `t` to `following` (B,); a step to time 0 ends at x_0."""
    (signal, sigma), (signal_next, sigma_next) = (signal_and_sigma(at, x_t) for at in (t, following))
    landed = signal_next * x_0 + sigma_next * (x_t - signal * x_0) / sigma
    return torch.where((following == 0).view(-1, *([1] * (x_t.ndim - 1))), x_0, landed)
