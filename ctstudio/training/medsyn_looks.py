"""How MedSyn's networks are judged in training: their loss on chests they never saw, and the same few samples again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from ctstudio.catalog.recipe_parts import RunSettings
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.diffusion.noise import generator_for
from ctstudio.nets.memory_layout import laid_out
from ctstudio.systems.medsyn.channels import decoded, lowered, raised
from ctstudio.systems.medsyn.config import FIELD_OF_VIEW_MM
from ctstudio.systems.medsyn.sampling import sampled
from ctstudio.training.looks import SEED, LossLooker
from ctstudio.training.stages.medsyn_base import BaseStage
from ctstudio.training.stages.medsyn_upscaler import UpscalerStage

COARSE_STEPS, FINE_STEPS = 12, 6
"""Sampling steps of the fixed samples: enough to see what is learned."""
TITLE_CHARACTERS = 40


def chest_looker(held: BaseStage | UpscalerStage, settings: RunSettings) -> LossLooker:
    """The looker of either network; a sample is the middle axial slice of the CT of a held-out chest.

    Args:
        held: A stage over chests of the validation part, with the network that is trained.
        settings: How many samples, and in what precision.
    """
    make = _coarse if isinstance(held, BaseStage) else _fine
    return LossLooker(held, settings, partial(make, held), len(held))  # type: ignore[arg-type]


def _coarse(held: BaseStage, number: int) -> tuple[str, Volume]:
    """A chest from the report of one held-out patient."""
    network, report = held.module, held.report(number)
    told = network.told(held.encoded(report), 1)
    shape = (1, 4, *[network.config.side] * 3)
    made = _made(lambda x_t, t: network(laid_out(x_t), t, told), COARSE_STEPS, shape, number, network)
    title = report.text if len(report.text) <= TITLE_CHARACTERS else f"{report.text[: TITLE_CHARACTERS - 2]} …"
    return title, _middle(made, network.config.side)


def _fine(held: UpscalerStage, number: int) -> tuple[str, Volume]:
    """Some slices of one held-out chest from the same slices made coarse."""
    network = held.module
    x_0 = held.slices(number).to(next(network.parameters()).device)  # (1, 4, d, side, side)
    coarse = laid_out(raised(lowered(x_0, held.factor, held.lowering), held.factor))
    made = _made(lambda x_t, t: network(laid_out(x_t), t, coarse), FINE_STEPS, tuple(x_0.shape), number, network)
    return f"chest {number + 1}", _middle(made, network.config.side)


def _made(
    predict: Callable[[Tensor, Tensor], Tensor], steps: int, shape: tuple[int, ...], number: int, network: nn.Module
) -> Tensor:
    noise = torch.randn(shape, generator=generator_for(SEED, "samples", number))
    *_, last = sampled(
        lambda x_t, t: predict(x_t, t).float(), "dpm++", steps, noise.to(next(network.parameters()).device)
    )
    return last.x_t


def _middle(volume: Tensor, side: int) -> Volume:
    """The middle axial slice of (1, 4, d, side, side), HU."""
    hu = decoded(volume[0]).hu
    depth, height, width = FIELD_OF_VIEW_MM
    grid = Grid.centred((1, side, side), (width / side, height / side, depth / side))
    return Volume(hu[len(hu) // 2][None], grid, synthetic=True)
