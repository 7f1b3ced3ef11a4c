"""Training from the command line: killed, resumed, and the model used."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from command_line import ROOT, ctstudio
from ctstudio.catalog.shelf import check, find_model
from tiny_recipe import as_options


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
    running = subprocess.Popen([sys.executable, "-m", "ctstudio", *words], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        _wait_for(out / "cache" / "patient_000000.npz")
    finally:
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    assert not (out / "model").exists()
    first = (out / "cache" / "patient_000000.npz").stat().st_mtime_ns
    words = ["train", str(recipe), "--out", str(out), *as_options(), "--resume", "--json"]
    facts = ctstudio(*words, seconds=400).facts
    assert (out / "cache" / "patient_000000.npz").stat().st_mtime_ns == first
    model = find_model(facts["model"])
    check(model)
    assert model.folder == out / "model"
    assert {"mask", "dose", "looks", "vae_noise_sd"} <= set(model.info.figures)


def test_training_says_what_is_wrong_before_it_begins(recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    ctstudio("train", recipe, "--out", out, "--set", "vae.stepz=1").complains_of("vae.stepz")
    ctstudio("train", recipe, "--out", out, "--set", "vae.steps=many").complains_of("vae.steps")
    ctstudio("train", recipe, "--out", out, "--set", "vae.steps").complains_of("KEY=VALUE")
    assert not out.exists()
    (out / "checkpoints").mkdir(parents=True)
    ctstudio("train", recipe, "--out", out, *as_options()).complains_of("--resume")


def _wait_for(path: Path, seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.05)
