"""Seconds left."""

from __future__ import annotations

import pytest

from ctstudio.jobs.progress import Countdown


def test_a_steady_pace_is_read_off_exactly() -> None:
    countdown = Countdown()
    left = [countdown.update(2.0 * step, step, 10) for step in range(1, 11)]
    assert left[0] is None
    assert left[1:] == pytest.approx([16, 14, 12, 10, 8, 6, 4, 2, 0])


def test_what_the_engine_says_counts() -> None:
    assert Countdown().update(0.0, 1, 10, told=42.0) == 42.0


def test_a_jump_is_smoothed_and_never_negative() -> None:
    countdown = Countdown()
    countdown.update(0.0, 1, 10, told=10.0)
    after = countdown.update(1.0, 2, 10, told=100.0)
    assert after is not None
    assert 9.0 < after < 50.0
    assert countdown.update(500.0, 3, 10, told=1.0) == 0.0


def test_the_last_step_leaves_nothing() -> None:
    countdown = Countdown()
    countdown.update(0.0, 1, 2, told=30.0)
    assert countdown.update(1.0, 2, 2, told=5.0) == 0.0
