"""However a run ends, it leaves a checkpoint and the truth."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from command_line import ROOT
from ctstudio.catalog.recipe import Recipe
from ctstudio.catalog.recipes import recipe_from
from ctstudio.core.errors import CtStudioError, StorageError
from ctstudio.protocol.training_run import (
    RunFiles,
    RunInfo,
    StepLine,
    Wanted,
    read_record,
    read_records,
    replace_record,
)
from ctstudio.training.checkpoints import CheckpointStore
from ctstudio.training.launch import run_recipe
from ctstudio.training.recorder import Recorder
from tiny_dataset import write_dataset
from tiny_na_diff import write_tiny_model
from tiny_recipe import tuning

_RUN = """
import json, sys
from pathlib import Path
from ctstudio.catalog.recipes import recipe_from
from ctstudio.cli.exits import exit_code_of
from ctstudio.training.launch import run_recipe
settings, folder = json.loads(sys.argv[1]), Path(sys.argv[2])
sys.exit(exit_code_of(lambda: run_recipe(recipe_from(settings), folder) and None))
"""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    place = tmp_path_factory.mktemp("ending")
    settings = tuning(write_tiny_model(place / "base"), write_dataset(place / "data"))
    settings["denoiser"]["steps"] = 100_000
    settings["run"].update(validate_every=0, sample_every=0)
    return recipe_from(settings)


def _told(folder: Path) -> RunInfo:
    found = read_record(RunFiles(folder).info, RunInfo)
    assert found is not None
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_after_the_present_step_with_a_checkpoint(
    recipe: Recipe, tmp_path: Path, number: signal.Signals
) -> None:
    folder = tmp_path / "run"
    words = [sys.executable, "-c", _RUN, recipe.model_dump_json(), str(folder)]
    running = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + 90
        while len(read_records(RunFiles(folder).steps, StepLine)[0]) < 3:
            assert running.poll() is None
            assert time.monotonic() < end
            time.sleep(0.02)
        assert _told(folder).state == "running"
        assert _told(folder).pid == running.pid
        os.kill(running.pid, number)
        _, said = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 0
    assert "Stopped in stage denoiser after step" in said
    assert "Traceback" not in said
    steps = [line.step for line in read_records(RunFiles(folder).steps, StepLine)[0]]
    assert steps == list(range(1, len(steps) + 1))
    told = _told(folder)
    assert (told.state, told.step) == ("stopped", len(steps))
    assert "--resume" in told.remedy
    assert CheckpointStore(folder / "checkpoints" / "denoiser").position().step == len(steps)


def test_a_wish_to_stop_is_heeded_and_the_run_goes_on_later(recipe: Recipe, tmp_path: Path) -> None:
    files = RunFiles(tmp_path / "run")

    def stop_at(step: int) -> None:
        def report(stage: str, at: int, steps: int, loss: float) -> None:
            if stage == "denoiser" and at == step:
                replace_record(files.wanted, Wanted(wish="stop"))

        with pytest.raises(CtStudioError, match=f"after step {step}") as caught:
            run_recipe(recipe, files.folder, resume=files.info.exists(), report=report)
        assert caught.value.exit_code == 0
        assert (_told(files.folder).state, _told(files.folder).step) == ("stopped", step)

    stop_at(2)
    stop_at(5)
    assert [line.step for line in read_records(files.steps, StepLine)[0]] == [1, 2, 3, 4, 5]


def test_a_failure_is_told_with_its_remedy(recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def spoilt(self: object, *args: object) -> None:
        raise CtStudioError("The loss became NaN.", "Lower the learning rate.")

    monkeypatch.setattr("ctstudio.training.stages.denoiser.DenoiserStage.draw", spoilt)
    with pytest.raises(CtStudioError):
        run_recipe(recipe, tmp_path)
    told = _told(tmp_path)
    assert (told.state, told.message, told.remedy) == ("failed", "The loss became NaN.", "Lower the learning rate.")


def test_our_own_fault_is_told_too(recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object, *args: object) -> None:
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr("ctstudio.training.stages.denoiser.DenoiserStage.draw", broken)
    with pytest.raises(ZeroDivisionError):
        run_recipe(recipe, tmp_path)
    told = _told(tmp_path)
    assert told.state == "failed"
    assert "by nought" in told.message


def test_a_disk_that_is_full_for_the_curves_is_named(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: object, *args: object) -> None:
        raise OSError(28, "No space left on device", "steps.jsonl")

    monkeypatch.setattr(Recorder, "stepped", full)
    with pytest.raises(StorageError, match=r"No space left.*steps\.jsonl") as caught:
        run_recipe(recipe, tmp_path)
    assert "Make room" in caught.value.remedy
    assert _told(tmp_path).state == "failed"
