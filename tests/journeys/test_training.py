"""Training from the command line: killed, resumed, and the model used."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from accelerate.state import AcceleratorState

from command_line import ROOT, ctstudio, ctstudio_here
from ctstudio.catalog.shelf import check, find_model
from ctstudio.jobs.recipe_file import recipe_toml
from ctstudio.protocol.training_run import RunFiles, StepLine, read_records
from tiny_dataset import write_dataset
from tiny_na_diff import write_tiny_model
from tiny_recipe import as_options, tuning


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe file of a person's own, tiny."""
    file = tmp_path_factory.mktemp("recipes") / "mine.toml"
    text = (ROOT / "resources" / "recipes" / "demo" / "na-diff.toml").read_text(encoding="utf-8")
    names = ("mask_slices", "dose_anatomies", "vae_slices", "look_slices", "calibration_anatomies")
    file.write_text(text + "\n[figures]\n" + "".join(f"{name} = 1\n" for name in names), encoding="utf-8")
    return file


@pytest.mark.timeout(600)
def test_a_killed_training_goes_on_and_gives_a_model(recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = ["train", str(recipe), "--out", str(out), *as_options(vae__steps="4000")]
    first = out / "cache" / "slices" / "train" / "patient_000000.npz"
    _killed(words, lambda: first.exists())
    assert not (out / "model").exists()
    made = first.stat().st_mtime_ns
    words = ["train", str(recipe), "--out", str(out), *as_options(), "--resume", "--json"]
    facts = ctstudio(*words, seconds=400).facts
    assert first.stat().st_mtime_ns == made
    model = find_model(facts["model"])
    check(model)
    assert model.folder == out / "model"
    assert {"mask", "dose", "looks", "vae_noise_sd"} <= set(model.info.figures)


@pytest.fixture(scope="module")
def tune(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe file that tunes a tiny model on a tiny data set."""
    place = tmp_path_factory.mktemp("tune")
    settings = tuning(write_tiny_model(place / "base", "tiny-base"), write_dataset(place / "data"))
    settings["denoiser"]["steps"] = 600
    settings["run"].update(validate_every=50, sample_every=100, checkpoint_s=0.1)
    file = place / "tune.toml"
    file.write_text(recipe_toml(settings), encoding="utf-8")
    return file


@pytest.mark.timeout(400)
def test_a_tuning_killed_again_and_again_ends_like_one_left_in_peace(tune: Path, tmp_path: Path) -> None:
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    ctstudio("train", tune, "--out", whole)
    words = ["train", str(tune), "--out", str(torn)]
    for number, lines in enumerate((3, 90, 210)):
        _killed([*words, *(["--resume"] if number else [])], lambda lines=lines: _count(torn) >= lines)  # type: ignore[misc]
        assert not (torn / "model").exists()
    assert ctstudio(*words, "--resume", "--json").facts == {"model": str(torn / "model")}
    steps, _ = read_records(RunFiles(torn).steps, StepLine)
    assert [line.step for line in steps] == list(range(1, 601))
    assert [line.loss for line in steps] == [line.loss for line in read_records(RunFiles(whole).steps, StepLine)[0]]
    assert find_model(torn / "model").info.files == find_model(whole / "model").info.files
    for part in ("validations", "samples"):
        ours, theirs = (getattr(RunFiles(folder), part).read_text() for folder in (torn, whole))
        assert ours == theirs


@pytest.mark.timeout(400)
def test_training_says_what_is_wrong_before_it_begins(
    recipe: Path, tune: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    ctstudio("train", recipe, "--out", out, "--set", "vae.stepz=1").complains_of("vae.stepz")
    ctstudio_here(capsys, "train", recipe, "--out", out, "--set", "vae.steps=many").complains_of("vae.steps")
    ctstudio_here(capsys, "train", recipe, "--out", out, "--set", "vae.steps").complains_of("KEY=VALUE")
    ctstudio_here(capsys, "train", recipe, "--out", out, "--base", "x").complains_of("starts from nothing")
    ctstudio_here(capsys, "train", recipe, "--out", out, "--data", tmp_path).complains_of("not a prepared data set")
    AcceleratorState._reset_state(reset_partial_state=True)  # the next recipe computes in another precision
    ctstudio_here(capsys, "train", tune, "--out", out, "--base", "nobody").complains_of("nobody")
    ctstudio_here(capsys, "train", tune, "--out", out, "--set", 'adapt.targets=["attn.qvk"]').complains_of("attn.qvk")
    ctstudio_here(capsys, "train", tune, "--out", out, "--set", "system=report_diff").complains_of("report_diff")
    assert not out.exists()
    (tmp_path / "file").write_text("mine")
    ctstudio_here(capsys, "train", tune, "--out", tmp_path / "file" / "run").complains_of("cannot be written")
    (out / "checkpoints").mkdir(parents=True)
    ctstudio_here(capsys, "train", tune, "--out", out).complains_of("--resume")
    assert [path.name for path in out.iterdir()] == ["checkpoints"]


def test_the_estimate_comes_before_anything_is_written(tune: Path, tmp_path: Path) -> None:
    facts = ctstudio("train", tune, "--estimate", "--price", "3.6", "--json").facts
    assert [stage["stage"] for stage in facts["stages"]] == ["data", "latents", "denoiser"]
    assert facts["seconds"] > 0
    assert facts["cost"] == pytest.approx(facts["seconds"] / 1000, abs=0.02)


def _killed(words: list[str], moment: Callable[[], bool]) -> None:
    """Start a training and kill it, as it deserves no warning, when the moment has come."""
    running = subprocess.Popen([sys.executable, "-m", "ctstudio", *words], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 180
        while not moment():
            assert running.poll() is None, "it ended by itself"
            assert time.monotonic() < end, "the moment never came"
            time.sleep(0.01)
    finally:
        os.kill(running.pid, signal.SIGKILL)
        running.wait()


def _count(folder: Path) -> int:
    return len(read_records(RunFiles(folder).steps, StepLine)[0])
