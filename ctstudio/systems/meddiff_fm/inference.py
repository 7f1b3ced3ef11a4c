"""A model as it is used on the windows of a volume: what each is told is computed once, as far as memory goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ctstudio.catalog.meddiff_regions import REGIONS
from ctstudio.systems.meddiff_fm.control import LesionControl
from ctstudio.systems.meddiff_fm.placement import Placement
from ctstudio.systems.meddiff_fm.positions import coordinates, crop
from ctstudio.systems.meddiff_fm.weights import MeddiffModel

Corner = tuple[int, int, int]


@dataclass(frozen=True)
class Told:
    """What a model is told of a volume.

    Attributes:
        placement: Where the volume lies.
        anatomy: (*placement.shape) uint8, 0 to 118.
        region: One of `REGIONS`.
        lesion: (1, 1, *placement.shape), 0 or 1; None where no ControlNet steers.
        kind: Of the lesion, one of the model's controls.
    """

    placement: Placement
    anatomy: Tensor
    region: str
    lesion: Tensor | None = None
    kind: str = ""


class WindowNetwork:
    """Predicts windows of one volume, a few at a time.

    Args:
        model: On its device.
        told: What it is told of the volume.
        corners: First voxel (z, y, x) of each window.
        keep_bytes: Memory for what windows are told that may stay on the device from step to step; what does not fit
            is computed anew at each step, with the same result.
    """

    def __init__(self, model: MeddiffModel, told: Told, corners: Sequence[Corner], keep_bytes: int) -> None:
        self._model, self._told, self._corners, self._free = model, told, tuple(corners), keep_bytes
        self._control = model.controls[told.kind] if told.lesion is not None else None
        self._region = torch.tensor([REGIONS.index(told.region)], device=model.device)
        self._kept: dict[int, tuple[Tensor, ...]] = {}

    @torch.no_grad()
    def __call__(self, parts: Tensor, timesteps: Tensor, numbers: Sequence[int]) -> Tensor:
        """Predict what `config.prediction` names.

        Args:
            parts: (n, 1, p, p, p) of the noisy volume.
            timesteps: (1,) or (n,).
            numbers: Of these windows, in `corners`.

        Returns:
            (n, 1, p, p, p) float32.
        """
        count, device = len(parts), self._model.device
        parts, times = parts.to(device), timesteps.to(device).expand(count)
        region = self._region.expand(count)
        conditions = [torch.cat(column) for column in zip(*map(self._condition, numbers), strict=True)]
        steering = None
        if self._control is not None:
            steering = self._control(parts, times, conditions[1], region)
        return self._model.denoiser(parts, times, conditions[0], region, steering)  # type: ignore[no-any-return]

    def _condition(self, number: int) -> tuple[Tensor, ...]:
        """What the denoiser, and the ControlNet if one steers, are told of a window: (1, C, q, q, q) each."""
        if number in self._kept:
            return self._kept[number]
        made = self._made(self._corners[number], self._control)
        size = sum(part.nbytes for part in made)
        if size <= self._free:
            self._free -= size
            self._kept[number] = made
        return made

    def _made(self, corner: Corner, control: LesionControl | None) -> tuple[Tensor, ...]:
        model, told, patch = self._model, self._told, self._model.config.patch
        z, y, x = (slice(start, start + patch) for start in corner)
        places = coordinates(crop(corner), told.placement.work.shape, patch, model.device)[None]  # (1, 3, p, p, p)
        anatomy = told.anatomy[None, z, y, x].to(model.device)  # (1, p, p, p)
        made = model.denoiser.condition(places, anatomy)  # (1, C, q, q, q)
        if control is None or told.lesion is None:
            return (made,)
        lesion = told.lesion[:, :, z, y, x].to(model.device)  # (1, 1, p, p, p)
        return made, control.condition(places, anatomy, lesion)  # (1, C, q, q, q) each
