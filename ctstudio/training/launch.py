"""Run a recipe, stage after stage, into a folder; stop anywhere, resume there."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import torch
from accelerate import Accelerator

from ctstudio.catalog.meddiff_recipe import MeddiffLesionRecipe, MeddiffRecipe
from ctstudio.catalog.medsyn_recipe import MedsynDistilRecipe, MedsynRecipe
from ctstudio.catalog.recipe import DistilRecipe, FineTuneRecipe, Recipe, StartedRecipe
from ctstudio.core.errors import CtStudioError, ParameterError, StorageError
from ctstudio.core.seeds import derived
from ctstudio.protocol.training_run import RunInfo
from ctstudio.training import distil, fine_tune, from_scratch, meddiff, meddiff_lesion, medsyn, medsyn_distil
from ctstudio.training.checks import check_run, make_place
from ctstudio.training.data import in_words
from ctstudio.training.recorder import Recorder, Report, device_name
from ctstudio.training.run import Run, Silent, new_accelerator
from ctstudio.training.watcher import Stopped

Plan = dict[str, Callable[[Run], None]]
ALONE = ("data", "latents", "images", "paths", "export", "calibrate", "figures")
"""Stages that the first process does while the others wait."""


def plan_of(recipe: Recipe) -> Plan:
    """The stages of a recipe, in order."""
    if isinstance(recipe, MedsynRecipe):
        return medsyn.stages_of(recipe)
    if isinstance(recipe, MedsynDistilRecipe):
        return medsyn_distil.STAGES
    if isinstance(recipe, MeddiffRecipe):
        return meddiff.stages_of(recipe)
    if isinstance(recipe, MeddiffLesionRecipe):
        return meddiff_lesion.stages_of(recipe)
    if isinstance(recipe, DistilRecipe):
        return distil.STAGES
    return fine_tune.STAGES if isinstance(recipe, FineTuneRecipe) else from_scratch.stages_of(recipe)


def run_recipe(
    recipe: Recipe,
    folder: Path,
    resume: bool = False,
    report: Report = lambda stage, step, steps, loss: None,
    say: Callable[[str], None] = lambda line: None,
    stages: tuple[str, ...] | None = None,
    accelerator: Accelerator | None = None,
) -> Path:
    """Run the stages of a recipe and return the folder of the finished model.

    Args:
        recipe: What to do.
        folder: Where the run lies.
        resume: Go on where an earlier run in this folder stopped.
        report: Told every step.
        say: Told when a stage begins, and what came out.
        stages: Which stages to do, in order; those before must have been done. None for all.
        accelerator: Of the process; a new one when None.

    Raises:
        InputError: What the recipe names cannot be used; nothing is written then.
        Stopped: Somebody wanted it to stop.
        CtStudioError: It failed; `run.json` says why.
    """
    plan = plan_of(recipe)
    wanted = tuple(plan) if stages is None else stages
    unknown = [stage for stage in wanted if stage not in plan]
    if unknown:
        raise ParameterError(f"There is no stage {unknown[0]!r}.", f"Choose from {', '.join(plan)}.")
    accelerator = accelerator or new_accelerator(recipe.run.precision)
    check_run(recipe, folder, resume, accelerator.num_processes)
    accelerator.wait_for_everyone()  # all have looked before one makes the folder
    if accelerator.is_main_process:
        make_place(folder)
    watcher = _watcher(recipe, folder, tuple(plan), accelerator, report, say)
    run = Run(recipe, folder, accelerator, watcher)
    with _ended_well(watcher):
        for name in wanted:
            torch.manual_seed(derived(recipe.seed, name))
            if name not in ALONE or accelerator.is_main_process:
                plan[name](run)
            accelerator.wait_for_everyone()
    return folder / "model"


def _watcher(
    recipe: Recipe,
    folder: Path,
    stages: tuple[str, ...],
    accelerator: Accelerator,
    report: Report,
    say: Callable[[str], None],
) -> Recorder | Silent:
    if not accelerator.is_main_process:
        return Silent()
    info = RunInfo(
        id=uuid.uuid4().hex,
        recipe=recipe.name,
        title=recipe.title,
        system=recipe.system,
        base=recipe.base if isinstance(recipe, StartedRecipe) else "",
        data=in_words(recipe.data),
        settings=recipe.model_dump(mode="json"),
        device=device_name(accelerator.device),
        stages=stages,
    )
    return Recorder(folder, info, recipe.run, report, say)


@contextmanager
def _ended_well(watcher: Recorder | Silent) -> Iterator[None]:
    """However the run ends, `run.json` says it; Ctrl+C stops after the present step, a second one at once."""
    if not isinstance(watcher, Recorder):
        with _heeding_signals(lambda: None):  # the first process hears of it too, and tells the others
            yield
        return
    with _heeding_signals(watcher.stop):
        try:
            yield
        except Stopped as stopped:
            watcher.end("stopped", stopped.message, stopped.remedy)
            raise
        except CtStudioError as error:
            with suppress(OSError):
                watcher.end("failed", error.message, error.remedy)
            raise
        except KeyboardInterrupt:
            watcher.end("stopped", "Stopped in the middle of a stage.", "Add --resume to go on.")
            raise
        except OSError as error:
            failure = StorageError(
                f"A file cannot be read or written: {error}.", "Make room, or check the rights, and add --resume."
            )
            with suppress(OSError):  # the same full disk; what stands there is a run whose process has gone
                watcher.end("failed", failure.message, failure.remedy)
            raise failure from error
        except BaseException as error:
            watcher.end("failed", f"{type(error).__name__}: {error}", "See log.txt in the run's folder.")
            raise
        watcher.end("finished")


@contextmanager
def _heeding_signals(stop: Callable[[], None]) -> Iterator[None]:
    def heed(number: int, frame: FrameType | None) -> None:
        stop()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    try:
        before = {number: signal.signal(number, heed) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread: nobody can interrupt it
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
