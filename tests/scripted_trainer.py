"""A stand-in for the program's training commands: a real process that writes the real files, without training.

    runs = TrainingRuns(home, scripted_trainer.command("steady"))

Scripts: see `SCRIPTS`. With `calls`, a file, every command line is written down there.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import psutil  # noqa: E402

from ctstudio.catalog.model_card import ModelInfo, Range, Ranges  # noqa: E402
from ctstudio.catalog.recipes import load_recipe, recipe_from  # noqa: E402
from ctstudio.catalog.shelf import Model  # noqa: E402
from ctstudio.protocol.training_run import (  # noqa: E402
    RunFiles,
    RunInfo,
    SampleLine,
    StepLine,
    ValidationLine,
    Wanted,
    append_record,
    read_record,
    read_records,
    replace_record,
)

SCRIPTS = ("steady", "quick", "refuse", "vanish")
"""steady: a step every 20 ms, obeys; quick: all steps at once; refuse: one line, code 2; vanish: ends without one."""

ESTIMATE = {
    "seconds": 5400.0,
    "memory_bytes": 3_000_000_000,
    "disk_bytes": 200_000_000,
    "cost": 3.0,
    "stages": [{"stage": "denoiser", "steps": 2000, "seconds": 5400.0}],
}
SAMPLE_EVERY, SAMPLES, SIDE = 10, 2, 48


def command(script: str = "steady", calls: Path | None = None) -> list[str]:
    """What stands in place of `ctstudio`."""
    if script not in SCRIPTS:
        raise KeyError(f"no script {script!r}; there are {', '.join(SCRIPTS)}")
    return [sys.executable, str(Path(__file__).resolve()), script, str(calls or "-")]


def settings(steps: int = 2000, title: str = "My run", **more: Any) -> dict[str, Any]:
    """A whole recipe for fine-tuning, as JSON values."""
    few = {
        "kind": "fine-tune", "name": "test/fine-tune", "title": title, "about": "For tests.", "system": "na_diff",
        "model_name": "tiny", "base": "na-diff-demo", "data": {"source": "phantom", "patients": 2, "slices_each": 2},
        "denoiser": {"steps": steps, "batch": 2, "learning_rate": 1e-4}, **more,
    }  # fmt: skip
    return recipe_from(few).model_dump(mode="json")


def model(name: str = "na-diff-demo", system: str = "na_diff") -> Model:
    """A model on the shelf, without weights."""
    span = Range(low=0, high=1)
    ranges = Ranges(region="abdomen", fov_mm=span, spacing_mm=span, dose=span, labels=[])
    return Model(ModelInfo(name=name, size="paper", title=name, system=system, ranges=ranges), Path("/models", name))


def main(script: str, calls: str, words: list[str]) -> int:
    """Play a script; the exit code."""
    if calls != "-":
        with open(calls, "a", encoding="utf-8") as file:
            file.write(json.dumps(words) + "\n")
    if words[:2] == ["models", "promote"]:
        print(json.dumps({"name": words[words.index("--name") + 1], "folder": words[2]}))
        return 0
    if script == "refuse":
        sys.stderr.write("ctstudio: The model is of another system. Choose another.\n")
        return 2
    if "--estimate" in words:
        print(json.dumps(ESTIMATE))
        return 0
    return _train(script, words)


def _train(script: str, words: list[str]) -> int:
    files = RunFiles(Path(words[words.index("--out") + 1]))
    recipe = load_recipe(words[1])
    print("training begins", flush=True)
    first = 1
    if "--resume" in words:
        lines, _ = read_records(files.steps, StepLine)
        first = lines[-1].step + 1 if lines else 1
    run = _Run(files, recipe, first)
    run.say("running")
    for step in range(first, recipe.denoiser.steps + 1):
        if script == "steady":
            time.sleep(0.02)
            if run.obey() == "stop":
                run.say("stopped")
                return 0
        run.step(step)
        if script == "vanish" and step == first + 5:
            os._exit(3)
    run.say("finished")
    return 0


class _Run:
    def __init__(self, files: RunFiles, recipe, first: int) -> None:
        self.files, self.at, self.steps = files, first - 1, recipe.denoiser.steps
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.info = RunInfo(
            id=files.folder.name, recipe=recipe.name, title=recipe.title, system=recipe.system,
            base=getattr(recipe, "base", ""), data="20 phantoms", settings=recipe.model_dump(mode="json"),
            pid=os.getpid(), process_started=psutil.Process().create_time(), host=socket.gethostname(),
            device="cpu", stage="denoiser", steps=self.steps, stages=("denoiser",), started=now, updated=now,
        )  # fmt: skip

    def say(self, state: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        left = None if state != "running" else (self.steps - self.at) * 0.02
        told = {"state": state, "step": self.at, "updated": now, "seconds_left": left, "seconds": self.at * 0.02}
        replace_record(self.files.info, self.info.model_copy(update=told))

    def obey(self) -> str:
        """Wait while a pause is wanted; what is wanted then."""
        wanted = read_record(self.files.wanted, Wanted) or Wanted()
        if wanted.wish == "pause":
            self.say("paused")
            while (wanted := read_record(self.files.wanted, Wanted) or Wanted()).wish == "pause":
                time.sleep(0.02)
        return wanted.wish

    def step(self, step: int) -> None:
        self.at = step
        append_record(self.files.steps, step_line(step))
        if step % SAMPLE_EVERY == 0:
            write_validation(self.files, step)
            for number in range(1, SAMPLES + 1):
                write_sample(self.files, step, number)
        self.say("running")


def step_line(step: int, stage: str = "denoiser") -> StepLine:
    """A believable step."""
    wave = 1 + 0.4 * np.sin(step * 2.399)
    loss = float((0.02 + 0.5 / (1 + step / 40)) * wave)
    rate = 1e-4 * min(1.0, step / 100) * (0.55 + 0.45 * float(np.cos(min(step, 2000) / 2000 * np.pi)))
    return StepLine(
        stage=stage, step=step, loss=loss, learning_rate=rate, gradient_norm=float(0.3 * wave + 0.1),
        samples_per_s=float(11 + wave), memory_bytes=int(1.8e9 + 2e8 * wave), seconds=step * 0.35,
    )  # fmt: skip


def write_validation(files: RunFiles, step: int, stage: str = "denoiser") -> None:
    """Two figures that grow better."""
    figures = {"dice": 0.9 - 0.5 / (1 + step / 60), "noise_slope": 1 - 0.3 / (1 + step / 80)}
    append_record(files.validations, ValidationLine(stage=stage, step=step, figures=figures, main="dice", best=True))


def write_sample(files: RunFiles, step: int, number: int, side: int = SIDE, stage: str = "denoiser") -> None:
    """A body that comes out of the noise."""
    rng = np.random.default_rng(number)
    y, x = np.mgrid[-1 : 1 : complex(side), -1 : 1 : complex(side)]
    body = np.where(x**2 / 0.75 + y**2 / 0.5 < 1, 40.0, -1000.0)
    body[(x + 0.35) ** 2 + (y + 0.1) ** 2 < 0.08 * number] = 110.0
    body[x**2 + (y - 0.45) ** 2 < 0.02] = 600.0
    noise = rng.standard_normal((side, side)) * 600 / (1 + step / 20)
    files.sample_folder.mkdir(parents=True, exist_ok=True)
    name = f"{stage}-{step:07d}-{number}.npz"
    np.savez(
        files.sample_folder / name, array=(body + noise)[None].astype(np.float32), spacing_mm=[6.0, 6.0, 5.0],
        origin_mm=[-144.0, -144.0, 0.0], direction=np.eye(3), unit="HU",
    )  # fmt: skip
    line = SampleLine(stage=stage, step=step, number=number, title=f"Mask {number}, dose 25 %", file=f"samples/{name}")
    append_record(files.samples, line)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
