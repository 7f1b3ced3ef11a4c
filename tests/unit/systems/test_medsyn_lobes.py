"""Lobes whose rims go through the numbers of others."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ctstudio.systems.medsyn.lobes import lobe_numbers


def _lungs() -> Tensor:
    """(32, 32, 32) numbers: lobe 3 over lobe 5 on one side, lobe 1 over lobe 2 on the other."""
    z, y, x = torch.meshgrid(*[torch.arange(32.0)] * 3, indexing="ij")
    made = torch.zeros(32, 32, 32)
    for middle, upper, lower in ((8, 3.0, 5.0), (24, 1.0, 2.0)):
        inside = ((x - middle) / 6) ** 2 + ((y - 16) / 9) ** 2 + ((z - 16) / 12) ** 2 < 1
        made[inside] = torch.where(z[inside] >= 16, upper, lower)
    return made


def _blurred(numbers: Tensor) -> Tensor:
    """As a network shows them: every edge over three voxels."""
    smooth = functional.avg_pool3d(numbers[None, None], 3, 1, 1)[0, 0]
    return smooth * (2 / 5) - 1


def _dice(one: Tensor, other: Tensor) -> float:
    return 2 * float((one & other).sum()) / float(one.sum() + other.sum())


def test_rims_belong_to_the_lobe_inside_and_not_to_the_numbers_between() -> None:
    truth = _lungs()
    channel = _blurred(truth)
    rounded = ((channel + 1) * 2.5).round()
    found = lobe_numbers(channel)
    assert found.dtype == torch.uint8
    left_on_the_right = (rounded[..., :16] == 1) | (rounded[..., :16] == 2)
    assert left_on_the_right.sum() > 100
    assert not ((found[..., :16] == 1) | (found[..., :16] == 2)).any()
    assert not (found == 4).any()
    for number in (1, 2, 3, 5):
        assert _dice(found == number, truth == number) > 0.93


def test_a_volume_without_blur_keeps_its_lobes() -> None:
    truth = _lungs()
    found = lobe_numbers(truth * (2 / 5) - 1)
    assert (found == truth).float().mean() > 0.995


def test_faint_traces_far_from_any_lobe_are_none() -> None:
    channel = torch.full((16, 16, 16), -1.0)
    channel[4:6, 4:6, :] = -0.6  # a thin trace of what would be lobe 1
    assert not lobe_numbers(channel).any()
    assert not lobe_numbers(torch.full((8, 8, 8), -1.0)).any()
