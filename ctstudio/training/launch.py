"""Run a recipe, stage after stage, into a folder; stop anywhere, resume there."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import torch
from accelerate import Accelerator

from ctstudio.catalog.recipe import DistilRecipe, FineTuneRecipe, Recipe
from ctstudio.core.errors import CtStudioError, ParameterError, StorageError
from ctstudio.core.seeds import derived
from ctstudio.protocol.training_run import RunInfo
from ctstudio.training import fine_tune, from_scratch
from ctstudio.training.data import check_data, in_words
from ctstudio.training.loop import Stopped
from ctstudio.training.recorder import Recorder, Report, device_name
from ctstudio.training.run import Run, Silent, new_accelerator

Plan = dict[str, Callable[[Run], None]]


def plan_of(recipe: Recipe) -> Plan:
    """The stages of a recipe, in order."""
    return fine_tune.STAGES if isinstance(recipe, FineTuneRecipe | DistilRecipe) else from_scratch.STAGES


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
    _check(recipe, folder, resume, plan, wanted)
    accelerator = accelerator or new_accelerator(recipe.run.precision)
    watcher = _watcher(recipe, folder, tuple(plan), accelerator, report, say)
    run = Run(recipe, folder, accelerator, watcher)
    with _ended_well(watcher):
        for name in wanted:
            torch.manual_seed(derived(recipe.seed, name))
            if name not in ("data", "latents", "export", "calibrate", "figures") or accelerator.is_main_process:
                plan[name](run)
            accelerator.wait_for_everyone()
    return folder / "model"


def _check(recipe: Recipe, folder: Path, resume: bool, plan: Plan, wanted: tuple[str, ...]) -> None:
    """Name all that can be named before the first step."""
    unknown = [stage for stage in wanted if stage not in plan]
    if unknown:
        raise ParameterError(f"There is no stage {unknown[0]!r}.", f"Choose from {', '.join(plan)}.")
    if not resume and (folder / "checkpoints").exists():
        raise ParameterError(f"{folder} already holds a training run.", "Add --resume, or choose another folder.")
    check_data(recipe.data)
    if isinstance(recipe, FineTuneRecipe | DistilRecipe):
        run = Run(recipe, folder, None, None)  # type: ignore[arg-type]
        fine_tune.base_of(run)
    try:
        (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe.{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be written: {error.strerror or error}.", "Choose another folder, or make room."
        ) from error


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
        base=getattr(recipe, "base", ""),
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
        yield
        return
    with _heeding_signals(watcher):
        try:
            yield
        except Stopped as stopped:
            watcher.end("stopped", stopped.message, stopped.remedy)
            raise
        except CtStudioError as error:
            watcher.end("failed", error.message, error.remedy)
            raise
        except KeyboardInterrupt:
            watcher.end("stopped", "Stopped in the middle of a stage.", "Add --resume to go on.")
            raise
        except BaseException as error:
            watcher.end("failed", f"{type(error).__name__}: {error}", "See log.txt in the run's folder.")
            raise
        watcher.end("finished")


@contextmanager
def _heeding_signals(watcher: Recorder) -> Iterator[None]:
    def heed(number: int, frame: FrameType | None) -> None:
        watcher.stop()
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
