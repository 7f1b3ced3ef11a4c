"""Complete a partial mask: draw the organs it leaves open, and leave what it says untouched."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ctstudio.core.labels import values_of
from ctstudio.core.seeds import derived
from ctstudio.diffusion.loop import Denoised, denoise
from ctstudio.diffusion.noise import stack_noise
from ctstudio.diffusion.schedules import build_sampler
from ctstudio.systems.na_diff.conditions import ENVELOPE, FINDING, LabelGroups, mask_condition
from ctstudio.systems.na_diff.layout import LayoutNetwork, as_layout

STEPS = 20
WHOLE = {"fat": "subcutaneous_fat", "muscle": "skeletal_muscle"}
"""Groups that lie all through the body, and the label that means most of it: muscles of the back alone leave the wall
of the belly open."""

OPEN_SHARE = 0.1
"""A body of which less is unnamed is complete; the skin alone takes about 0.04."""

FORBIDDEN = -1e4
"""Score of a class that a pixel cannot have."""


def complete(
    network: LayoutNetwork, labels: Tensor, given: Tensor, groups: LabelGroups, slices: tuple[int, ...], seed: int
) -> Generator[Denoised, None, Tensor]:
    """Draw the rest of the anatomy of a batch of slices.

    Args:
        network: The layout network, on its device.
        labels: (B, H, W) uint8, the mask, on the CPU.
        given: (B, G) bool, which groups the mask speaks of as a whole.
        groups: The tables.
        slices: Numbers of the slices; neighbours get related noise, so that their anatomy is alike.
        seed: Of the sample.

    Yields:
        Every step.

    Returns:
        (B, H, W) uint8 on the CPU: the labels of the mask where they are known; elsewhere the usual label of the group
        that was drawn there, 0 outside the body.
    """
    device = next(network.parameters()).device
    known = mask_condition(labels, given, labels.shape[-1] // network.side, groups).to(device)
    shape = (len(groups.names) + 1, network.side, network.side)
    x_t = stack_noise(derived(seed, "layout"), list(slices), shape).to(device)

    def predict(x_t: Tensor, timesteps: Tensor) -> Tensor:
        return as_layout(network(x_t, timesteps, known).softmax(dim=1))

    for done in denoise(predict, build_sampler("dpm++", STEPS, "sample"), x_t, []):
        yield done
    return filled_in(done.x_0.cpu(), labels, given, groups)


def wholly_given(labels: NDArray[np.uint8], given: NDArray[np.bool_], groups: LabelGroups) -> NDArray[np.bool_]:
    """Which groups a mask speaks of as a whole: (G,), from labels (N, H, W) and the groups it speaks of at all (G,)."""
    whole = given.copy()
    for group, label in WHOLE.items():
        if group in groups.names and not (labels == values_of([label])[0]).any():
            whole[groups.index(group)] = False
    return whole


def leaves_open(labels: NDArray[np.uint8], given: NDArray[np.bool_], groups: LabelGroups) -> bool:
    """Whether a mask leaves anything open that is worth drawing.

    A finding that is not painted is not there, not open. A mask that shows the body and names nearly all of it is
    complete, though it may lack an organ that lies elsewhere.

    Args:
        labels: (N, H, W) uint8.
        given: (G,) which groups the mask speaks of as a whole.
        groups: The tables.
    """
    if all(told for name, told in zip(groups.names, given, strict=True) if name != FINDING):
        return False
    envelope = groups.index(ENVELOPE)
    if not given[envelope]:
        return True
    channels = groups.table.numpy()[labels]
    unnamed = (labels > 0) & ((channels == 0) | (channels == envelope + 1))
    return bool(np.count_nonzero(unnamed) > OPEN_SHARE * np.count_nonzero(labels))


def filled_in(layout: Tensor, labels: Tensor, given: Tensor, groups: LabelGroups) -> Tensor:
    """The mask with its open pixels filled from a layout; what is painted stays.

    A group the mask speaks of as a whole gets no pixel beyond the painted ones. Where the envelope is given, all that
    lies inside it is filled and nothing outside.

    Args:
        layout: (B, G + 1, side, side) scores, background first.
        labels: (B, H, W) uint8.
        given: (B, G) bool.
        groups: The tables.

    Returns:
        (B, H, W) uint8.
    """
    scores = functional.interpolate(layout, size=labels.shape[-2:], mode="bilinear")  # (B, G + 1, H, W)
    envelope = groups.index(ENVELOPE)
    spoken_of = given.clone()
    spoken_of[:, envelope] = False
    spoken_of = functional.pad(spoken_of, (1, 0))[:, :, None, None]  # (B, G + 1, 1, 1), background never
    scores = scores.masked_fill(spoken_of, FORBIDDEN)
    bounded, inside = given[:, envelope, None, None], labels > 0  # (B, 1, 1), (B, H, W)
    scores[:, 0].masked_fill_(bounded & inside, FORBIDDEN)
    drawn = scores.argmax(dim=1).masked_fill(bounded & ~inside, 0)  # (B, H, W)
    channels = groups.table[labels.long()]
    painted = (channels > 0) & (channels != envelope + 1)
    return torch.where(painted, labels, groups.usual[drawn])
