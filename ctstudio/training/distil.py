"""A student of a model on the shelf that samples in a few steps."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial

from ctstudio.catalog.recipe import Adaptation, DistilRecipe
from ctstudio.diffusion.noise import generator_for
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.training.calibration import calibrate_model
from ctstudio.training.export import export_adapted
from ctstudio.training.fine_tune import adapted, base_of, data, latents, load_base
from ctstudio.training.from_scratch import load_latents
from ctstudio.training.run import Run, restored
from ctstudio.training.shards import joined, shards_in, write_missing
from ctstudio.training.stage import Stage
from ctstudio.training.stages.denoiser import DenoiserStage
from ctstudio.training.stages.student import (
    ConsistencyStage,
    Paths,
    ProgressiveStage,
    student_timesteps,
    teacher_paths,
)
from ctstudio.training.student_figures import measure_student
from ctstudio.training.validation import StudentLooker


def paths(run: Run) -> None:
    """Paths of the teacher's solver, a batch a file, so that it can stop and resume; only for progressive students."""
    recipe = recipe_of(run)
    run.watcher.begin("paths")
    if recipe.distil.method != "progressive":
        return
    base = load_base(run)
    network = base.network.to(run.accelerator.device)
    stage = DenoiserStage(network, base.clip, load_latents(run, "train"), recipe.denoiser, base.groups)
    count = -(-recipe.distil.paths // recipe.denoiser.batch)

    def sampled(number: int) -> Paths:
        batch = stage.draw(number, generator_for(recipe.seed, "paths", number))
        with run.accelerator.autocast():
            here = {key: value.to(run.accelerator.device) for key, value in batch.items()}
            return teacher_paths(stage, recipe.distil, here)

    for number in range(count):
        write_missing(run.cache / "paths" / f"paths_{number:06d}.npz", partial(sampled, number))
        run.watcher.progress(number + 1, count)


def student(run: Run) -> None:
    """The student, which begins as a copy of its teacher."""
    recipe, base = recipe_of(run), load_base(run)
    encoded = load_latents(run, "train")
    network = adapted(copy.deepcopy(base.network), Adaptation(method="full"))
    own = DenoiserStage(network, base.clip, encoded, recipe.denoiser, base.groups)
    timesteps = student_timesteps(recipe.distil, base.config.prediction)
    teacher = DenoiserStage(base.network.to(run.accelerator.device), base.clip, encoded, recipe.denoiser, base.groups)
    if recipe.distil.method == "progressive":
        stage: Stage = ProgressiveStage(own, joined(shards_in(run.cache / "paths"), Paths), timesteps)
    else:
        stage = ConsistencyStage(own, teacher, recipe.distil)
    unseen = load_latents(run, "validation")
    held, judge = (
        DenoiserStage(net, base.clip, unseen, recipe.denoiser, base.groups) for net in (network, base.network)
    )
    looker = StudentLooker(held, judge, base.vae, recipe.run, _config(run, base.config), recipe.distil)
    run.train("student", stage, recipe.denoiser, looker)


def export(run: Run, which: str = "last") -> None:
    """The student's folder."""
    run.watcher.begin("export")
    base = load_base(run)
    restored(run, "student", base.network, which)
    export_adapted(run, base_of(run), base.network, _config(run, base.config), "student")


def calibrate(run: Run) -> None:
    """How the student answers its noise map."""
    run.watcher.begin("calibrate")
    calibrate_model(run)


def figures(run: Run) -> None:
    """Student beside teacher: mask, dose and time."""
    run.watcher.begin("figures")
    measure_student(run, base_of(run))


STAGES: dict[str, Callable[[Run], None]] = {
    "data": data,
    "latents": latents,
    "paths": paths,
    "student": student,
    "export": export,
    "calibrate": calibrate,
    "figures": figures,
}


def recipe_of(run: Run) -> DistilRecipe:
    """The run's recipe, which distils."""
    if not isinstance(run.recipe, DistilRecipe):
        raise TypeError(f"{run.recipe.name} does not distil")
    return run.recipe


def _config(run: Run, config: NaDiffConfig) -> NaDiffConfig:
    distil = recipe_of(run).distil
    timesteps = student_timesteps(distil, config.prediction)
    return config.model_copy(update={"few_steps": timesteps, "few_steps_redraw": distil.method == "consistency"})
