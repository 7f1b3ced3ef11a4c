"""What a chest takes, foretold: by graphics card at paper size, and on a processor."""

from __future__ import annotations

from typing import Any

import pytest

from ctstudio.catalog.medsyn_memory import Plan, needed_bytes, planned, plans, working_need

PAPER: dict[str, Any] = {"base": {"side": 64, "dim": 160}, "upscaler": {"side": 256, "dim": 56}}
GIB = 1 << 30
SETTLED = 3.0 * GIB
"""Weights, CUDA itself, and room for the convolutions' own work."""


@pytest.mark.parametrize(
    ("slab", "keep_stem", "dtype", "measured_gib"),
    [
        (256, True, "bf16", 16.85),
        (64, True, "bf16", 10.13),
        (16, True, "bf16", 8.17),
        (16, False, "bf16", 5.92),
        (8, False, "bf16", 5.59),
        (64, True, "fp32", 19.76),
        (16, False, "fp32", 11.82),
    ],
)
def test_the_upscaler_takes_what_was_measured_at_paper_size(
    slab: int, keep_stem: bool, dtype: str, measured_gib: float
) -> None:
    """Live tensors of a forward pass, counted without memory; the sampler's volumes come on top."""
    sampler = 8 * 4 * 4 * 256**3 / GIB
    found = working_need(PAPER, True, dtype, False, Plan(64, slab, keep_stem)) / GIB - sampler
    assert found == pytest.approx(measured_gib, rel=0.1)


@pytest.mark.parametrize(
    ("card_gib", "expected"),
    [
        (12, Plan(64, 16, False)),
        (16, Plan(64, 64)),
        (24, Plan(64, 256)),
        (48, Plan(64, 256)),
        (80, Plan(64, 256)),
    ],
)
def test_every_graphics_card_from_12_gb_makes_the_papers_volume(card_gib: int, expected: Plan) -> None:
    assert planned(PAPER, True, "bf16", False, round(card_gib * GIB - SETTLED)) == expected


def test_single_precision_takes_a_larger_card_and_less_than_the_least_is_nothing() -> None:
    assert planned(PAPER, True, "fp32", False, round(12 * GIB - SETTLED)) is None
    assert planned(PAPER, True, "fp32", False, round(24 * GIB - SETTLED)) is not None
    least = working_need(PAPER, True, "bf16", False)
    assert planned(PAPER, True, "bf16", False, least) is not None
    assert planned(PAPER, True, "bf16", False, least - 1) is None
    assert planned(PAPER, False, "bf16", False, least - 1) is not None


def test_plans_go_from_quick_to_lean() -> None:
    for on_cpu in (True, False):
        needs = [working_need(PAPER, True, "bf16", on_cpu, plan) for plan in plans(PAPER, "bf16", on_cpu)]
        assert needs[-1] == min(needs)
        assert needs[0] == max(needs)


def test_weights_come_on_top_and_patches_take_less() -> None:
    weights = needed_bytes(PAPER, True) - working_need(PAPER, True)
    assert weights == pytest.approx(4 * (716_215_684 + 54_307_908), rel=0.05)
    narrow = {**PAPER, "upscaler": {"side": 256, "dim": 56, "patch": 2}}
    assert working_need(narrow, True) < 0.5 * working_need(PAPER, True)
