"""Work foretold from sizes."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from ctstudio.systems.medsyn.config import PAPER, MedsynConfig, TextConfig, UNetConfig
from ctstudio.systems.medsyn.network import BaseNetwork, Upscaler
from ctstudio.systems.medsyn.work import coarse_cost, fine_cost, multiplications


def test_the_papers_networks_take_what_was_counted() -> None:
    assert 2 * multiplications(PAPER.base, upscaler=False) == pytest.approx(9.844e12, rel=0.1)
    assert 2 * multiplications(PAPER.upscaler, upscaler=True) == pytest.approx(64.222e12, rel=0.1)


@pytest.mark.parametrize("patch", [1, 2])
def test_small_networks_take_what_torch_counts(patch: int) -> None:
    config = UNetConfig(side=16, dim=16, dim_mults=(1, 2), heads=1, middle_groups=2, stem=3, patch=patch)
    text = TextConfig(width=8, tokens=4)
    with torch.device("meta"):
        x, t = torch.empty(1, 4, 16, 16, 16), torch.empty(1)
        base, upscaler = BaseNetwork(config, text), Upscaler(config)
        with FlopCounterMode(display=False) as counter:
            base(x, t, base.told(None, 1))
        assert counter.get_total_flops() == pytest.approx(2 * multiplications(config, upscaler=False), rel=0.15)
        with FlopCounterMode(display=False) as counter:
            upscaler(x, t, x)
        assert counter.get_total_flops() == pytest.approx(2 * multiplications(config, upscaler=True), rel=0.15)


def test_a_fine_step_is_dearer_and_a_second_text_costs_less_than_the_first() -> None:
    config = MedsynConfig(base=UNetConfig(side=32, dim=32), upscaler=UNetConfig(side=128, dim=32))
    assert fine_cost(config.upscaler) > 10 * coarse_cost(config.base, 1)
    assert coarse_cost(config.base, 1) < coarse_cost(config.base, 2) < 2 * coarse_cost(config.base, 1)
