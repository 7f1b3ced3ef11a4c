"""The training loop: exact resuming, moving average, safe checkpoints."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from ctstudio.core.errors import CtStudioError
from ctstudio.training.loop import Progress, Schedule, train

SCHEDULE = Schedule(steps=6, learning_rate=0.05, warm_up=2, ema_decay=0.9, seed=4)
Loss = Callable[[int, torch.Generator], Tensor]


class Stopped(Exception):
    """A person stopped the training."""


def _module() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Linear(8, 1))


def _loss(module: nn.Module) -> Loss:
    def loss(step: int, generator: torch.Generator) -> Tensor:
        x = torch.randn(16, 3, generator=generator)
        return (module(x) - x.sum(dim=1, keepdim=True)).square().mean()

    return loss


def _stop_after(step: int) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        if progress.step > step:
            raise Stopped

    return report


def _same(a: nn.Module, b: nn.Module) -> bool:
    return all(torch.equal(a.state_dict()[key], b.state_dict()[key]) for key in a.state_dict())


def test_the_rate_warms_up_and_falls_to_a_tenth() -> None:
    schedule = Schedule(steps=110, learning_rate=1.0, warm_up=10)
    assert schedule.rate(0) == pytest.approx(0.1)
    assert schedule.rate(4) == pytest.approx(0.5)
    assert schedule.rate(9) == pytest.approx(1.0)
    assert schedule.rate(10) == pytest.approx(1.0)
    assert schedule.rate(35) == pytest.approx(0.1 + 0.45 * (1 + math.sqrt(0.5)))
    assert schedule.rate(60) == pytest.approx(0.55)
    assert schedule.rate(110) == pytest.approx(0.1)


def test_an_interrupted_run_ends_bit_for_bit_like_one_that_was_not(tmp_path: Path) -> None:
    whole, parted = _module(), _module()
    train("demo", whole, _loss(whole), SCHEDULE, tmp_path / "whole.pt")
    with pytest.raises(Stopped):
        train("demo", parted, _loss(parted), SCHEDULE, tmp_path / "parted.pt", _stop_after(3), save_every_s=-1.0)
    assert torch.load(tmp_path / "parted.pt", weights_only=True)["step"] == 3
    resumed, reports = _module(), list[Progress]()
    train("demo", resumed, _loss(resumed), SCHEDULE, tmp_path / "parted.pt", reports.append)
    assert [report.step for report in reports] == [4, 5, 6]
    assert len(reports[-1].history) == 6
    assert _same(whole, resumed)
    states = [torch.load(tmp_path / name, weights_only=True) for name in ("whole.pt", "parted.pt")]
    assert states[0]["history"] == states[1]["history"]
    assert all(torch.equal(states[0]["module"][key], states[1]["module"][key]) for key in states[0]["module"])


def test_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    first, again = _module(), _module()
    train("demo", first, _loss(first), SCHEDULE, tmp_path / "a.pt")

    def never(step: int, generator: torch.Generator) -> Tensor:
        raise AssertionError

    train("demo", again, never, SCHEDULE, tmp_path / "a.pt")
    for ours, theirs in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_the_module_is_left_with_its_moving_average(tmp_path: Path) -> None:
    module, trail = _module(), list[Tensor]()

    def report(progress: Progress) -> None:
        trail.append(module[0].weight.detach().clone())  # type: ignore[index]

    start = module[0].weight.detach().clone()  # type: ignore[index]
    train("demo", module, _loss(module), SCHEDULE, tmp_path / "a.pt", report)
    average = start
    for step, weight in enumerate(trail, start=1):
        decay = min(0.9, (1 + step) / (10 + step))
        average = decay * average + (1 - decay) * weight
    torch.testing.assert_close(module[0].weight, average)  # type: ignore[index]
    assert not torch.equal(module[0].weight, trail[-1])  # type: ignore[index]
    state = torch.load(tmp_path / "a.pt", weights_only=True)
    assert torch.equal(state["module"]["0.weight"], trail[-1])
    torch.testing.assert_close(state["average"]["0.weight"], average)


def test_training_learns(tmp_path: Path) -> None:
    module, reports = _module(), list[Progress]()
    train("demo", module, _loss(module), replace(SCHEDULE, steps=80), tmp_path / "a.pt", reports.append)
    assert reports[-1].loss < 0.3 * reports[0].loss
    assert (reports[-1].stage, reports[-1].steps) == ("demo", 80)


def test_other_seeds_and_other_stages_draw_otherwise(tmp_path: Path) -> None:
    def first_loss(stage: str, seed: int) -> float:
        module, reports = _module(), list[Progress]()
        schedule = replace(SCHEDULE, steps=1, seed=seed)
        train(stage, module, _loss(module), schedule, tmp_path / f"{stage}{seed}.pt", reports.append)
        return reports[0].loss

    assert len({first_loss("vae", 0), first_loss("vae", 1), first_loss("clip", 0)}) == 3


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_checkpoint(tmp_path: Path, value: float) -> None:
    module = _module()
    good = _loss(module)

    def loss(step: int, generator: torch.Generator) -> Tensor:
        return good(step, generator) * (value if step == 3 else 1.0)

    with pytest.raises(CtStudioError, match=r"stage demo became (nan|inf) at step 3"):
        train("demo", module, loss, SCHEDULE, tmp_path / "a.pt", save_every_s=-1.0)
    state = torch.load(tmp_path / "a.pt", weights_only=True)
    assert state["step"] == 3
    assert all(t.isfinite().all() for t in state["module"].values())


def test_a_crash_while_saving_keeps_the_old_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, save, calls = _module(), torch.save, [0]

    def torn(state: object, path: Path) -> None:
        calls[0] += 1
        if calls[0] == 3:
            path.write_bytes(b"half a checkpoint")
            raise OSError(28, "No space left on device")
        save(state, path)

    monkeypatch.setattr(torch, "save", torn)
    with pytest.raises(OSError, match="No space"):
        train("demo", module, _loss(module), SCHEDULE, tmp_path / "a.pt", save_every_s=-1.0)
    monkeypatch.undo()
    assert torch.load(tmp_path / "a.pt", weights_only=True)["step"] == 2
    whole, resumed = _module(), _module()
    train("demo", whole, _loss(whole), SCHEDULE, tmp_path / "whole.pt")
    train("demo", resumed, _loss(resumed), SCHEDULE, tmp_path / "a.pt")
    assert _same(whole, resumed)
