"""The training loop: rates, clipping, moving average, exact resuming, roll-back."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ctstudio.core.errors import CtStudioError, ParameterError
from ctstudio.protocol.training_run import StepLine
from ctstudio.training.checkpoints import CheckpointStore
from ctstudio.training.learner import Learner, averaged
from ctstudio.training.loop import ATTEMPTS, Trainer, learning_rate
from ctstudio.training.run import Silent, new_accelerator
from ctstudio.training.stage import shared_out
from ctstudio.training.watcher import Stopped
from tiny_training import OFTEN, TinyStage, run_settings, stage_settings


class Notes(Silent):
    """Writes down what it is told, and stops after a step."""

    def __init__(self, stop_after: int | None = None, seen: Callable[[StepLine], None] = lambda line: None) -> None:
        super().__init__()
        self.lines: list[StepLine] = []
        self.rolled: list[tuple[int, str]] = []
        self._stop_after, self._seen = stop_after, seen

    def stepped(self, line: StepLine, steps: int) -> None:
        self.lines.append(line)
        self._seen(line)

    def wants_stop(self) -> bool:
        return bool(self.lines) and self.lines[-1].step == self._stop_after

    def rolled_back(self, stage: str, step: int, why: str) -> None:
        self.rolled.append((step, why))


def _train(
    folder: Path,
    stage: TinyStage,
    steps: int = 6,
    watcher: Silent | None = None,
    often: bool = False,
    name: str = "tiny",
    seed: int = 4,
    **changes: object,
) -> CheckpointStore:
    store = CheckpointStore(folder)
    settings = run_settings(OFTEN) if often else run_settings()
    trainer = Trainer(new_accelerator("fp32", "cpu"), settings, watcher or Silent(), seed)
    trainer.train(name, stage, stage_settings(steps, **changes), store)
    return store


def _same(a: nn.Module, b: nn.Module) -> bool:
    return all(torch.equal(a.state_dict()[key], b.state_dict()[key]) for key in a.state_dict())


def test_the_rate_warms_up_and_falls_to_a_tenth() -> None:
    settings = stage_settings(110, learning_rate=1.0, warm_up=10)
    rates = {step: learning_rate(settings, step) for step in (0, 4, 9, 10, 35, 60, 110)}
    expected = {0: 0.1, 4: 0.5, 9: 1.0, 10: 1.0, 35: 0.1 + 0.45 * (1 + math.sqrt(0.5)), 60: 0.55, 110: 0.1}
    assert rates == pytest.approx(expected)
    assert learning_rate(stage_settings(10, learning_rate=1.0, warm_up=0), 0) == pytest.approx(1.0)


def test_the_rate_of_each_step_is_the_optimisers(tmp_path: Path) -> None:
    """Adam's first step is the rate times the sign of the gradient."""
    stage = TinyStage(lively=False)
    start = stage.module[0].weight.detach().clone()  # type: ignore[index]
    notes = Notes()
    _train(tmp_path, stage, 1, notes, learning_rate=0.5, warm_up=4, ema_decay=0.0)
    moved = (stage.module[0].weight - start).abs()  # type: ignore[index]
    assert notes.lines[0].learning_rate == pytest.approx(0.125)
    torch.testing.assert_close(moved, torch.full_like(moved, 0.125), rtol=1e-3, atol=0)


def test_a_stopped_run_ends_bit_for_bit_like_one_that_was_not(tmp_path: Path) -> None:
    whole, parted, resumed, notes = TinyStage(), TinyStage(), TinyStage(), Notes()
    _train(tmp_path / "whole", whole)
    with pytest.raises(Stopped, match="stage tiny after step 3"):
        _train(tmp_path / "parted", parted, watcher=Notes(stop_after=3))
    assert CheckpointStore(tmp_path / "parted").position().step == 3
    _train(tmp_path / "parted", resumed, watcher=notes)
    assert [line.step for line in notes.lines] == [4, 5, 6]
    assert _same(whole.module, resumed.module)


def test_a_finished_stage_is_not_trained_again(tmp_path: Path) -> None:
    first, again = TinyStage(), TinyStage()
    _train(tmp_path, first)
    _train(tmp_path, again)
    assert again.draws == 0
    assert _same(first.module, again.module)
    assert CheckpointStore(tmp_path).position().finished


def test_more_steps_go_on_where_it_ended(tmp_path: Path) -> None:
    notes = Notes()
    _train(tmp_path, TinyStage())
    _train(tmp_path, TinyStage(), 8, notes)
    assert [line.step for line in notes.lines] == [7, 8]


def test_the_module_is_left_with_its_moving_average(tmp_path: Path) -> None:
    stage = TinyStage()
    weight: nn.Parameter = stage.module[0].weight  # type: ignore[index]
    start, trail = weight.detach().clone(), list[Tensor]()
    store = _train(tmp_path, stage, watcher=Notes(seen=lambda line: trail.append(weight.detach().clone())))
    average = start
    for step, value in enumerate(trail, start=1):
        decay = min(0.9, (1 + step) / (10 + step))
        average = decay * average + (1 - decay) * value
    torch.testing.assert_close(weight.detach(), average)
    assert not torch.equal(weight, trail[-1])
    assert torch.equal(store.module()["0.weight"], trail[-1])
    torch.testing.assert_close(store.average()["0.weight"], average)


def test_the_average_is_lent_and_the_own_weights_come_back() -> None:
    learner = Learner.of(TinyStage().module, 0.1, 0.0)
    own = learner.module[0].weight.detach().clone()  # type: ignore[index]
    learner.average["0.weight"] += 1.0
    with averaged(learner) as module:
        assert not module.training
        assert torch.equal(module[0].weight, own + 1.0)  # type: ignore[index]
    assert torch.equal(learner.module[0].weight, own)  # type: ignore[index]


def test_gradients_are_clipped_and_their_norm_before_is_told(tmp_path: Path) -> None:
    stage, norms, notes = TinyStage(lively=False), list[float](), Notes()

    def look(line: StepLine) -> None:
        norms.append(math.sqrt(sum(float(p.grad.square().sum()) for p in stage.module.parameters())))  # type: ignore[union-attr]

    notes._seen = look
    _train(tmp_path, stage, 3, notes, clip_norm=0.01)
    assert norms == pytest.approx([0.01] * 3, rel=1e-3)
    assert all(line.gradient_norm > 0.1 for line in notes.lines)


def test_training_learns(tmp_path: Path) -> None:
    notes = Notes()
    _train(tmp_path, TinyStage(lively=False), 80, notes)
    assert notes.lines[-1].loss < 0.1 * notes.lines[0].loss


def test_a_step_is_told_whole(tmp_path: Path) -> None:
    notes = Notes()
    _train(tmp_path, TinyStage(), 3, notes)
    for number, line in enumerate(notes.lines, start=1):
        assert (line.stage, line.step) == ("tiny", number)
        assert line.samples_per_s > 0
        assert line.memory_bytes > 10_000_000
    seconds = [line.seconds for line in notes.lines]
    assert seconds == sorted(seconds)


def test_other_seeds_and_other_stages_draw_otherwise(tmp_path: Path) -> None:
    def first_loss(name: str, seed: int) -> float:
        notes = Notes()
        _train(tmp_path / f"{name}{seed}", TinyStage(), 1, notes, name=name, seed=seed)
        return notes.lines[0].loss

    assert len({first_loss("vae", 0), first_loss("vae", 1), first_loss("clip", 0)}) == 3


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_one_bad_step_rolls_back_and_goes_on_with_other_draws(tmp_path: Path, value: float) -> None:
    bad, notes = iter([value]), Notes()
    stage = TinyStage(spoil=lambda step: next(bad, 1.0) if step == 3 else 1.0)
    store = _train(tmp_path, stage, watcher=notes, often=True)
    assert [step for step, _ in notes.rolled] == [3]
    assert "step 4" in notes.rolled[0][1]
    assert [line.step for line in notes.lines] == [1, 2, 3, 4, 5, 6]
    assert store.position().attempt == 1
    assert all(p.isfinite().all() for p in stage.module.parameters())
    calm = Notes()
    _train(tmp_path / "calm", TinyStage(), watcher=calm, often=True)
    assert [a.loss == b.loss for a, b in zip(notes.lines, calm.lines, strict=True)] == [True] * 3 + [False] * 3


def test_a_bad_first_step_goes_back_to_the_beginning(tmp_path: Path) -> None:
    bad, notes = iter([math.nan]), Notes()
    _train(tmp_path, TinyStage(spoil=lambda step: next(bad, 1.0)), watcher=notes)
    assert [step for step, _ in notes.rolled] == [0]
    assert notes.lines[-1].step == 6


def test_a_loss_that_stays_bad_is_given_up_and_the_checkpoint_is_good(tmp_path: Path) -> None:
    notes = Notes()
    stage = TinyStage(spoil=lambda step: math.nan if step == 3 else 1.0)
    with pytest.raises(CtStudioError, match=rf"stage tiny.*NaN.*step 4.*{ATTEMPTS} times") as caught:
        _train(tmp_path, stage, watcher=notes, often=True)
    assert "learning rate" in caught.value.remedy
    assert len(notes.rolled) == ATTEMPTS
    newest = CheckpointStore(tmp_path).all()[-1]
    assert newest.name == "step_00000003"
    for name in ("module", "average", "optimiser"):
        assert all(t.isfinite().all() for t in load_file(newest / f"{name}.safetensors").values())


def test_bad_steps_far_apart_are_no_reason_to_give_up(tmp_path: Path) -> None:
    bad, notes = {2, 5, 8, 11, 14}, Notes()

    def spoil(step: int) -> float:
        if step in bad:
            bad.remove(step)
            return math.nan
        return 1.0

    _train(tmp_path, TinyStage(spoil=spoil), 16, notes, often=True)
    assert len(notes.rolled) == 5 > ATTEMPTS


def test_a_batch_worked_off_in_parts_gives_the_same(tmp_path: Path) -> None:
    notes = {parts: Notes() for parts in (1, 2, 3)}
    weights = {}
    for parts, mine in notes.items():
        store = _train(tmp_path / str(parts), TinyStage(lively=False), 30, mine, accumulate=parts)
        weights[parts] = store.module()
    for parts in (2, 3):
        ours, theirs = [line.loss for line in notes[1].lines], [line.loss for line in notes[parts].lines]
        assert theirs == pytest.approx(ours, rel=1e-5)
        for key, value in weights[1].items():
            torch.testing.assert_close(weights[parts][key], value, rtol=1e-4, atol=1e-5)


def test_a_batch_that_cannot_be_shared_is_refused_before_the_first_step(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="12 cannot be shared by 5 parts") as caught:
        _train(tmp_path / "x", TinyStage(), accumulate=5)
    assert "tiny.batch" in caught.value.remedy
    assert not (tmp_path / "x").exists()


def test_a_batch_is_shared_without_loss_and_keeps_its_mean() -> None:
    batch = {"x": torch.arange(6.0), "y": torch.arange(12).view(6, 2)}
    parts = shared_out(batch, 3)
    assert [part["x"].tolist() for part in parts] == [[0, 1], [2, 3], [4, 5]]
    assert torch.equal(torch.cat([part["y"] for part in parts]), batch["y"])
    odd = shared_out({"x": torch.tensor([1.0, 5.0, 9.0])}, 2)
    assert len(odd[0]["x"]) == len(odd[1]["x"])
    assert torch.stack([part["x"].mean() for part in odd]).mean() == pytest.approx(5.0)
