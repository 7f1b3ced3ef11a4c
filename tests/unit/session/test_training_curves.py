"""Curves of a run: grown line by line, replaced by a resumed run, thinned without losing a peak."""

from __future__ import annotations

import numpy as np

import scripted_trainer
from ctstudio.protocol.training_run import ValidationLine
from ctstudio.session.training_curves import POINTS, RunCurves, smoothed, thinned


def test_steps_grow_by_stage() -> None:
    curves = RunCurves()
    for start in (1, 301, 601):
        curves.add_steps([scripted_trainer.step_line(step) for step in range(start, start + 300)])
    curves.add_steps([scripted_trainer.step_line(1, "layout")])
    assert curves.stage_names == ("denoiser", "layout")
    assert curves.stages["denoiser"].steps.tolist() == list(range(1, 901))
    assert curves.stages["denoiser"].column("loss")[4] == scripted_trainer.step_line(5).loss
    assert curves.stages["denoiser"].column("memory_bytes")[-1] == scripted_trainer.step_line(900).memory_bytes
    assert len(curves.stages["layout"]) == 1


def test_a_resumed_run_replaces_what_came_after_its_checkpoint() -> None:
    curves = RunCurves()
    first = [scripted_trainer.step_line(step) for step in range(1, 11)]
    again = [line.model_copy(update={"loss": 9.0}) for line in first[5:8]]
    curves.add_steps([*first, *again])
    assert curves.stages["denoiser"].steps.tolist() == list(range(1, 9))
    assert curves.stages["denoiser"].column("loss")[5:].tolist() == [9.0] * 3
    curves.add_steps([scripted_trainer.step_line(3)])
    assert curves.stages["denoiser"].steps.tolist() == [1, 2, 3]


def test_validation_figures() -> None:
    curves = RunCurves()
    lines = [
        ValidationLine(stage="d", step=step, figures={"slope": 1.0, "dice": step / 10}, main="dice", best=step < 3)
        for step in (1, 2, 3)
    ]
    curves.add_validations(lines)
    curves.add_validations([lines[1].model_copy(update={"figures": {"dice": 0.5}})])
    assert curves.figure_names("d") == ("dice", "slope")
    steps, values = curves.figure("d", "dice")
    assert (steps.tolist(), values.tolist()) == ([1, 2], [0.1, 0.5])
    assert curves.figure("d", "slope")[0].tolist() == [1]
    assert curves.figure("d", "none")[0].tolist() == []
    best = curves.best("d")
    assert best is not None
    assert best.step == 2


def test_thinning_keeps_both_ends_and_every_peak() -> None:
    steps = np.arange(1.0, 100_001)
    values = np.sin(steps / 5000)
    values[[777, 50_000, 99_998]] = (40, -30, 20)
    x, y = thinned(steps, values)
    assert len(x) <= POINTS + 2
    assert (x[0], x[-1]) == (1, 100_000)
    assert np.all(np.diff(x) > 0)
    assert {40.0, -30.0, 20.0} <= set(y.tolist())
    few = thinned(steps[:50], values[:50])
    assert few[0] is not None
    assert len(few[0]) == 50


def test_smoothing_is_a_trailing_mean() -> None:
    noise = np.random.default_rng(0).normal(1.0, 0.2, 5000)
    calm = smoothed(noise)
    assert calm.shape == noise.shape
    assert calm[200:].std() < 0.05 * 1.0
    assert np.isclose(calm[-1], noise[-100:].mean())
    assert np.isclose(smoothed(np.exp(noise), positive=True)[-1], np.exp(noise[-100:].mean()))
    assert smoothed(np.array([3.0])).tolist() == [3.0]
    assert smoothed(np.array([])).tolist() == []
