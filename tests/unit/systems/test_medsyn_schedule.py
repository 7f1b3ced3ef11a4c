"""The cosine schedule in continuous time, against its closed form."""

from __future__ import annotations

import math

import pytest
import torch

from ctstudio.systems.medsyn.schedule import alpha_bar, blurred_condition, noised, stratified_times


@pytest.mark.parametrize("t", [0.0, 0.1, 0.5, 0.73, 0.98])
def test_the_signal_is_the_squared_cosine(t: float) -> None:
    closed = math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2
    assert alpha_bar(torch.tensor(t)).item() == pytest.approx(min(closed, 0.9999), abs=1e-6)


def test_the_schedule_is_neither_divided_by_its_start_nor_quite_at_its_ends() -> None:
    assert alpha_bar(torch.tensor(0.0)).item() == pytest.approx(math.cos(0.008 / 1.008 * math.pi / 2) ** 2, abs=1e-6)
    assert alpha_bar(torch.tensor(1.0)).item() == pytest.approx(1e-4, rel=1e-4)
    times = torch.linspace(0, 1, 500)
    assert (alpha_bar(times).diff() <= 0).all()


def test_noising_mixes_signal_and_noise_by_their_roots() -> None:
    x_0, noise = torch.tensor([[2.0], [2.0]]), torch.tensor([[1.0], [-1.0]])
    t = torch.tensor([0.3, 1.0])
    part = alpha_bar(t)
    expected = [2 * part[0].sqrt() + (1 - part[0]).sqrt(), 2 * part[1].sqrt() - (1 - part[1]).sqrt()]
    assert noised(x_0, noise, t).flatten().tolist() == pytest.approx([float(e) for e in expected])


def test_noise_of_unit_variance_keeps_unit_variance() -> None:
    generator = torch.Generator().manual_seed(0)
    x_0, noise = torch.randn(2, 4, 200_00, generator=generator)
    mixed = noised(x_0, noise, torch.tensor([0.2, 0.4, 0.6, 0.8]))
    assert mixed.var(1).tolist() == pytest.approx([1.0] * 4, abs=0.05)


def test_times_cover_every_stratum() -> None:
    times = stratified_times(8, torch.Generator().manual_seed(1))
    assert (times * 8).floor().tolist() == list(range(8))


def test_the_condition_of_the_upscaler_is_blurred_by_its_share() -> None:
    coarse, noise = torch.ones(2, 4, 1, 1, 1), torch.full((2, 4, 1, 1, 1), 3.0)
    mixed = blurred_condition(coarse, torch.tensor([0.0, 0.4]), noise)
    assert mixed[:, 0].flatten().tolist() == pytest.approx([1.0, 0.6 + 1.2])
