"""Positions and times, by hand."""

from __future__ import annotations

import math

import pytest
import torch

from ctstudio.nets.positions import grid_positions, time_waves


def test_the_first_half_tells_the_column_and_the_second_the_row() -> None:
    positions = grid_positions(8, 3).view(3, 3, 8)
    assert torch.equal(positions[0, :, :4], positions[2, :, :4])
    assert torch.equal(positions[:, 0, 4:], positions[:, 2, 4:])
    column = [math.sin(2), math.sin(2 / 100), math.cos(2), math.cos(2 / 100)]
    row = [math.sin(1), math.sin(1 / 100), math.cos(1), math.cos(1 / 100)]
    assert positions[1, 2].tolist() == pytest.approx(column + row, abs=1e-6)


def test_every_place_has_a_position_of_its_own() -> None:
    positions = grid_positions(64, 16)
    assert positions.shape == (256, 64)
    assert positions.dtype == torch.float32
    distances = torch.cdist(positions, positions) + torch.eye(256) * 1e3
    assert distances.min() > 0.1


def test_time_waves_begin_with_the_cosines() -> None:
    waves = time_waves(torch.tensor([0, 7]), 6)
    assert waves[0].tolist() == [1, 1, 1, 0, 0, 0]
    angles = [7.0, 7 * 10_000 ** (-1 / 3), 7 * 10_000 ** (-2 / 3)]
    expected = [math.cos(a) for a in angles] + [math.sin(a) for a in angles]
    assert waves[1].tolist() == pytest.approx(expected, abs=1e-5)


def test_times_may_lie_between_whole_steps() -> None:
    assert time_waves(torch.tensor([2.5]))[0, 0].item() == pytest.approx(math.cos(2.5))
    assert time_waves(torch.tensor([2.5])).shape == (1, 256)
