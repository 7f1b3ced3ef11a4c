"""Whether imported networks do what they were trained for: a little noise on a chest, and what they make of it.

A network whose layers run in the wrong order, or whose weights were not all filled, says an x_0 that is further from
the chest than the noise took it. Source: ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ctstudio.core.errors import WeightMismatch
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.phantom.chest_grid import chest_grid
from ctstudio.phantom.chest_structures import chest_structures
from ctstudio.phantom.patient import Patient, make_patient
from ctstudio.phantom.render import render
from ctstudio.systems.medsyn.channels import CT, Chest, encoded, lowered, raised
from ctstudio.systems.medsyn.config import CHANNELS, MedsynConfig
from ctstudio.systems.medsyn.import_parts import FittedPart, network_of
from ctstudio.systems.medsyn.inference import LeanBase, LeanUpscaler
from ctstudio.systems.medsyn.network import BaseNetwork
from ctstudio.systems.medsyn.placement import place_scan
from ctstudio.systems.medsyn.schedule import LARGEST_TIME, alpha_bar, noised
from ctstudio.systems.medsyn.weights import BASE

TIME = 75.0
"""Of 1000: the noise has an eighth of the signal's spread."""
PASSED = 0.5
"""Largest error of x_0, as a part of the noise's variance."""
_CROP = 64
"""Voxels along an edge of what the upscaler sees: as in its training."""
_SEED, _SLAB = 20001, 16


@dataclass(frozen=True)
class SelfTest:
    """What a network made of a noisy chest.

    Attributes:
        error: Mean square of x_0 minus the chest.
        noise: Variance of the noise, relative to the signal left.
        order: Of the way up.
    """

    error: float
    noise: float
    order: str

    @property
    def passed(self) -> bool:
        """Whether the network takes noise away."""
        return self.error < PASSED * self.noise

    @property
    def in_words(self) -> str:
        """For the report."""
        return f"x_0 of a chest at t = {TIME:.0f} is off by {self.error:.2g}, the noise by {self.noise:.2g}"


@dataclass(frozen=True)
class Example:
    """A chest for both networks.

    Attributes:
        coarse: (1, 4, n, n, n).
        fine: (1, 4, m, m, m), a part of the fine volume.
        known: Channels that the chest has.
    """

    coarse: Tensor
    fine: Tensor
    known: tuple[int, ...]


def phantom_example(config: MedsynConfig) -> Example:
    """A procedural chest; of the fine volume only the part that is looked at is made."""
    patient = make_patient(_SEED, "chest")
    side = config.upscaler.side
    crop = min(side, _CROP)
    whole, low = chest_grid(patient, side), (side - crop) // 2
    x, y, z = (float(v) for v in whole.to_world((low, low, side // 8 if crop < side else 0)))
    part = Grid((crop, crop, crop), whole.spacing_mm, (x, y, z), whole.direction)
    coarse = _drawn(patient, chest_grid(patient, config.base.side))
    return Example(coarse, _drawn(patient, part), tuple(range(CHANNELS)))


def scan_example(scan: Volume, config: MedsynConfig) -> Example:
    """A chest CT; its structures are not known, and not looked at.

    Raises:
        IntensityError, MaskError: It is no chest CT.
    """
    volume = encoded(place_scan(scan, config).chest)[None]  # (1, 4, N, N, N)
    side = config.upscaler.side
    crop = min(side, _CROP)
    rows = slice((side - crop) // 2, (side + crop) // 2)
    fine = volume[:, :, rows, rows, side // 8 : side // 8 + crop] if crop < side else volume
    return Example(lowered(volume, config.factor, config.lowering), fine.contiguous(), (CT,))


def check_denoises(part: FittedPart, config: MedsynConfig, example: Example, device: torch.device) -> SelfTest:
    """Refuse a network that does not denoise; when it fails, the other order of the way up is tried, to say so.

    Raises:
        WeightMismatch: It does not, and what that means.
    """
    sizes = config.base if part.source.part == BASE else config.upscaler
    found = _tried(part, config, sizes.upsample, example, device)
    if found.passed:
        return found
    other = _tried(part, config, "early" if sizes.upsample == "last" else "last", example, device)
    name = part.source.checkpoint.path
    if other.passed:
        raise WeightMismatch(
            f"{name} does not denoise with the way up in the order {found.order!r} ({found.in_words}), but it does "
            f"in the order {other.order!r} ({other.in_words}).",
            f"Import it with --upsample {other.order}.",
        )
    raise WeightMismatch(
        f"{name} does not denoise, in either order of the way up: {found.in_words}. All keys fit, so these are "
        "weights that were never trained, were trained for something else, or belong to another step of training.",
        "Give the weights as published, the other file of their folder (--weights), or another scan (--self-test).",
    )


def _tried(part: FittedPart, config: MedsynConfig, order: str, example: Example, device: torch.device) -> SelfTest:
    config = in_order(config, order)
    network = network_of(part, config).to(device)
    chest = (example.coarse if isinstance(network, BaseNetwork) else example.fine).to(device)
    generator = torch.Generator().manual_seed(_SEED)
    noise = torch.randn(chest.shape, generator=generator).to(device)
    x_t = noised(chest, noise, torch.tensor([TIME / LARGEST_TIME], device=device))
    if isinstance(network, BaseNetwork):
        lean = LeanBase(network, slab=_SLAB)
        (x_0,) = lean(x_t, TIME, [lean.told(None)])
    else:
        upscaler = LeanUpscaler(network, slab=_SLAB, keep_stem=False)
        shown = raised(lowered(chest, config.factor, config.lowering), config.factor)
        x_0 = upscaler(x_t, TIME, upscaler.seen(shown))
    known = list(example.known)
    signal = float(alpha_bar(torch.tensor(TIME / LARGEST_TIME)))
    error = float((x_0[:, known].clamp(-1, 1) - chest[:, known]).square().mean())
    return SelfTest(error, (1 - signal) / signal, order)


def in_order(config: MedsynConfig, order: str) -> MedsynConfig:
    """The same sizes with another order of the way up: "last" or "early"."""
    base, upscaler = (sizes.model_copy(update={"upsample": order}) for sizes in (config.base, config.upscaler))
    return config.model_copy(update={"base": base, "upscaler": upscaler})


def _drawn(patient: Patient, grid: Grid) -> Tensor:
    """A patient's chest on a grid, (1, 4, ...)."""
    phantom = render(patient, grid, pet=False, mr=False)
    found = chest_structures(phantom)
    return encoded(Chest(phantom.ct.array, found.lobes, found.airway, found.vessels))[None]
