"""Seconds a step of the training loop, against the bare forward-backward-step of the same stage, in one run.

    python packaging/bench_training.py [--steps 20] [--precision fp32] [--threads 1]

The stage is the denoiser of the demo recipe at its full size. Steps alternate, so that both see the same machine: one
of the loop, with all it does (draws, clipping, moving average, curves, run.json, wishes), and one that has its batch
and does nothing but the loss, its gradients and the optimiser. The ratio is of medians, by the clock and of processor
time.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch

from ctstudio.catalog.recipe import TrainRecipe
from ctstudio.catalog.recipe_parts import RunSettings
from ctstudio.catalog.recipes import load_recipe
from ctstudio.core.labels import values_of
from ctstudio.nets.clip import build_clip
from ctstudio.protocol.training_run import RunInfo
from ctstudio.systems.na_diff.conditions import label_groups
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.network import NaDiffNetwork
from ctstudio.training.checkpoints import CheckpointStore, Position
from ctstudio.training.learner import Learner
from ctstudio.training.loop import Trainer
from ctstudio.training.recorder import Recorder
from ctstudio.training.run import new_accelerator
from ctstudio.training.stages.clip import clip_config
from ctstudio.training.stages.denoiser import DenoiserStage, Encoded

RECIPE, SLICES, WARM_UP, WORDS = "demo/na-diff", 24, 1, 400


class Moment(NamedTuple):
    """Now: by the clock, and of processor time."""

    wall: float
    busy: float

    @staticmethod
    def now() -> Moment:
        """This one."""
        return Moment(time.perf_counter(), time.process_time())

    def since(self, then: Moment) -> Moment:
        """What has passed."""
        return Moment(self.wall - then.wall, self.busy - then.busy)


class Alternating(Recorder):
    """A run's own recorder; whenever the loop asks for wishes, between two steps, it does a bare step."""

    bare: BareSteps
    loop_times: list[Moment]
    left: Moment | None = None

    def wants_stop(self) -> bool:
        """See `Watcher`."""
        if self.left is not None:
            self.loop_times.append(Moment.now().since(self.left))
        self.bare.step()
        self.left = Moment.now()
        return super().wants_stop()


class BareSteps:
    """Forward, backward, step."""

    def __init__(self, stage: DenoiserStage, rate: float, precision: str) -> None:
        self._stage, self._bf16, self.times = stage, precision == "bf16", list[Moment]()
        self._optimiser = torch.optim.AdamW([p for p in stage.module.parameters() if p.requires_grad], lr=rate)
        self._batch = stage.draw(0, torch.Generator().manual_seed(0))

    def step(self) -> None:
        """One."""
        began = Moment.now()
        self._optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=self._bf16):
            loss = self._stage.loss(self._batch)
        loss.backward()
        self._optimiser.step()
        self.times.append(Moment.now().since(began))


def main() -> None:
    """Measure and print the ratios."""
    options = _options()
    torch.set_num_threads(options.threads)
    recipe = load_recipe(RECIPE)
    if not isinstance(recipe, TrainRecipe):
        raise TypeError(RECIPE)
    settings = recipe.denoiser.model_copy(update={"steps": options.steps + WARM_UP + 1})
    kept = RunSettings(precision=options.precision, validate_every=0, sample_every=0)
    bare = BareSteps(_stage(recipe), settings.learning_rate, options.precision)
    with tempfile.TemporaryDirectory() as place:
        watcher = Alternating(Path(place), RunInfo(id="0", recipe=RECIPE, title="", system=""), kept)
        watcher.bare, watcher.loop_times = bare, []
        watcher.begin("denoiser", settings.steps)
        store = CheckpointStore(Path(place) / "checkpoints" / "denoiser")
        stage = _stage(recipe)
        Trainer(new_accelerator(options.precision, "cpu"), kept, watcher).train("denoiser", stage, settings, store)
        saving = _seconds_of_a_checkpoint(stage, settings.learning_rate, Path(place) / "one")
    loops, bares = watcher.loop_times[WARM_UP:], bare.times[WARM_UP:-1]
    print(f"{len(loops)} steps each, batch {settings.batch}, {options.precision}, {options.threads} threads")
    for which in ("wall", "busy"):
        loop, plain = (statistics.median(getattr(m, which) for m in times) for times in (loops, bares))
        print(f"{which}: loop {loop:.3f} s, bare {plain:.3f} s, ratio {loop / plain:.3f}")
    print(f"a checkpoint every {kept.checkpoint_s:.0f} s takes {saving:.2f} s: {saving / kept.checkpoint_s:.2%} more")


def _stage(recipe: TrainRecipe) -> DenoiserStage:
    """The demo's denoiser over made-up latents."""
    torch.manual_seed(0)
    config = NaDiffConfig.model_validate(recipe.network)
    random, side = np.random.default_rng(0), config.latent_side
    labels = np.zeros((SLICES, config.image_size, config.image_size), np.uint8)
    labels[:, 100:160, 60:130] = values_of(["liver"])[0]
    encoded = Encoded(
        random.normal(size=(SLICES, 2, config.latent_channels, side, side)).astype(np.float16),
        np.full((SLICES, 2, config.image_size // 2, config.image_size // 2), 20, np.float16),
        labels,
    )
    encoder = build_clip(clip_config(recipe.clip, WORDS, config.clip_dim)).eval()
    return DenoiserStage(NaDiffNetwork(config), encoder, encoded, recipe.denoiser, label_groups(config))


def _seconds_of_a_checkpoint(stage: DenoiserStage, rate: float, folder: Path) -> float:
    learner = Learner.of(stage.module, rate, 0.0)
    for parameter in learner.trained().values():
        parameter.grad = torch.zeros_like(parameter)
    learner.optimiser.step()
    began = time.perf_counter()
    CheckpointStore(folder).save(learner, Position(step=1))
    return time.perf_counter() - began


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="bf16")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
