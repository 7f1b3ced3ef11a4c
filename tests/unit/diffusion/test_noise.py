"""Noise that depends on its seed and its slice alone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ctstudio.diffusion.noise import SHARED_BAND, generator_for, stack_noise

SHAPE = (4, 32, 32)


def _many(count: int = 150) -> Tensor:
    """(count, C, H, W): the noise of one slice number for many seeds."""
    return torch.stack([stack_noise(seed, [3], SHAPE)[0] for seed in range(count)])


def _coarse() -> Tensor:
    rows, columns = torch.fft.fftfreq(32) * 2, torch.fft.fftfreq(32) * 2
    return torch.hypot(rows[:, None], columns[None]) < SHARED_BAND


def test_each_slice_alone_is_standard_normal() -> None:
    noise = _many()
    count = noise.numel()
    assert noise.mean().item() == pytest.approx(0, abs=5 / count**0.5)
    assert noise.var().item() == pytest.approx(1, abs=5 * (2 / count) ** 0.5)
    assert (noise**4).mean().item() == pytest.approx(3, abs=0.08)
    assert noise.dtype == torch.float32


def test_its_spectrum_is_white_below_and_above_the_shared_band() -> None:
    power = torch.fft.fft2(_many()).abs().square().mean(dim=(0, 1)) / (32 * 32)
    coarse = _coarse()
    assert coarse.sum() > 5
    assert power[coarse].mean().item() == pytest.approx(1, abs=0.08)
    assert power[~coarse].mean().item() == pytest.approx(1, abs=0.02)
    assert (power - 1).abs().max() < 0.35


def test_slices_share_what_is_coarse_and_nothing_else() -> None:
    a, b = stack_noise(7, [0, 40], SHAPE)
    fa, fb = torch.fft.fft2(a), torch.fft.fft2(b)
    coarse = _coarse()
    torch.testing.assert_close(fa[:, coarse], fb[:, coarse], atol=1e-3, rtol=0)
    fine_a, fine_b = (torch.fft.ifft2(torch.where(coarse, 0, f)).real.flatten() for f in (fa, fb))
    correlation = torch.corrcoef(torch.stack([fine_a, fine_b]))[0, 1]
    assert abs(correlation.item()) < 5 / len(fine_a) ** 0.5


def test_a_slice_has_the_same_noise_in_any_stack() -> None:
    whole = stack_noise(7, [0, 1, 2, 9], SHAPE)
    assert torch.equal(stack_noise(7, [9], SHAPE)[0], whole[3])
    assert torch.equal(stack_noise(7, [2, 1], SHAPE), whole[[2, 1]])


def test_another_seed_is_other_noise() -> None:
    a, b = stack_noise(1, [0], SHAPE), stack_noise(2, [0], SHAPE)
    assert abs(torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1].item()) < 0.1


def test_torchs_own_state_neither_matters_nor_changes() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    a = stack_noise(3, [0], SHAPE)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert torch.equal(stack_noise(3, [0], SHAPE), a)


def test_generators_differ_by_seed_and_by_purpose() -> None:
    draws = {torch.randn(1, generator=generator_for(*key)).item() for key in [(1,), (2,), (1, "a"), (1, "a", 0)]}
    assert len(draws) == 4
