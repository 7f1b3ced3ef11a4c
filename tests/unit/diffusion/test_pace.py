"""Foretelling the end of a request whose stages differ a hundredfold."""

from __future__ import annotations

import pytest

from ctstudio.diffusion.pace import Pace, Stage
from ctstudio.protocol.events import Stepped


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("ctstudio.diffusion.pace.time.monotonic", lambda: now[0])
    return now


def _run(
    clock: list[float], stages: tuple[Stage, ...], seconds: dict[str, float], samples: int = 1
) -> tuple[list[Stepped], list[float]]:
    """All steps of a request whose steps take `seconds` by stage, and the time of each."""
    began, pace = clock[0], Pace("r", stages, samples)
    told, when = [], []
    for sample in range(1, samples + 1):
        for stage in stages:
            for _ in range(stage.steps // samples):
                clock[0] += seconds[stage.name]
                told.append(pace.step(sample, stage.name))
                when.append(clock[0] - began)
    return told, when


def test_steps_that_are_alike_are_counted_and_have_no_share(clock: list[float]) -> None:
    told, _ = _run(clock, (Stage("", 10),), {"": 2.0})
    assert [(t.step, t.total, t.share) for t in told] == [(k, 10, None) for k in range(1, 11)]
    assert [t.seconds_left for t in told] == pytest.approx([2.0 * (10 - k) for k in range(1, 11)])


@pytest.mark.parametrize("guess", [30.0, 42.0])
def test_share_and_end_are_right_within_a_fifth_though_one_stage_is_much_dearer(
    clock: list[float], guess: float
) -> None:
    stages = (Stage("coarse", 40), Stage("fine", 20, guess))
    told, when = _run(clock, stages, {"coarse": 0.2, "fine": 7.0}, samples=2)
    whole = when[-1]
    for step, at in zip(told, when, strict=True):
        assert step.done == pytest.approx(at / whole, abs=0.2)
        assert step.seconds_left is not None
        assert step.seconds_left == pytest.approx(whole - at, rel=0.2, abs=0.5)
    assert [t.stage for t in told] == (["coarse"] * 20 + ["fine"] * 10) * 2


def test_a_share_never_falls_and_ends_whole(clock: list[float]) -> None:
    told, _ = _run(clock, (Stage("coarse", 10), Stage("fine", 10, 2.0)), {"coarse": 1.0, "fine": 50.0})
    shares = [t.done for t in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert told[-1].seconds_left == 0.0


def test_a_slow_first_step_does_not_frighten(clock: list[float]) -> None:
    pace = Pace("r", (Stage("", 10),), 1)
    clock[0] += 20.0
    pace.step(1)
    clock[0] += 1.0
    assert pace.step(1).seconds_left == pytest.approx(8.0)


def test_a_piece_that_was_timed_tells_the_end_before_any_step(clock: list[float]) -> None:
    stages = (Stage("coarse", 10, 1.0), Stage("fine", 4, 2.0, seconds=6.0))
    pace = Pace("r", stages, 1, after=1.0)
    told = pace.waiting(1, "coarse")
    assert told.seconds_left == pytest.approx(4 * 6.0 + 10 * 3.0 + 1.0)
    clock[0] += 0.5
    assert pace.step(1, "coarse").seconds_left == pytest.approx(4 * 6.0 + 9 * 0.5 + 1.0)


def test_what_lies_between_steps_is_no_part_of_them(clock: list[float]) -> None:
    pace = Pace("r", (Stage("", 4),), 2, after=5.0)
    for _ in range(2):
        clock[0] += 1.0
        left = pace.step(1).seconds_left
    assert left == pytest.approx(2 * 1.0 + 2 * 5.0)
    clock[0] += 5.0
    pace.resume()
    clock[0] += 1.0
    assert pace.step(2).seconds_left == pytest.approx(1.0 + 5.0)
