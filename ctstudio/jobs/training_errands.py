"""Short errands around training that need the compute wing, each a process of its own: estimate, promote."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctstudio.core.errors import Cancelled, CtStudioError, EngineError, InputError
from ctstudio.jobs.detached import detached
from ctstudio.jobs.recipe_file import recipe_toml
from ctstudio.jobs.training_runs import RECIPE_FILE

Words = Callable[..., list[str]]
_LOOK_S = 0.1


@dataclass(frozen=True)
class StageEstimate:
    """One stage: its steps, and the seconds it will take."""

    stage: str
    steps: int
    seconds: float


@dataclass(frozen=True)
class Estimate:
    """What a run will take: seconds, bytes of memory and of disk, money where a price was given."""

    seconds: float
    memory_bytes: int
    disk_bytes: int
    cost: float | None
    stages: tuple[StageEstimate, ...]


def estimate(words: Words, settings: Mapping[str, Any], price: float, cancelled: threading.Event) -> Estimate:
    """What a run with these settings will take; runs for some seconds, so call it beside the window.

    Args:
        words: Makes the command line of one of the program's commands.
        settings: The whole recipe as JSON values.
        price: Of an hour; 0 for none.
        cancelled: Ends the work when set.

    Raises:
        InputError: The trainer refuses the settings.
        EngineError: The trainer failed.
        Cancelled: It was cancelled.
    """
    with tempfile.TemporaryDirectory(prefix="ctstudio-estimate-") as folder:
        recipe = Path(folder, RECIPE_FILE)
        recipe.write_text(recipe_toml(settings), encoding="utf-8")
        more = ["--price", f"{price:g}"] if price > 0 else []
        out = str(Path(folder, "run"))
        facts = answer_of(words("train", str(recipe), "--out", out, "--estimate", "--json", *more), cancelled)
    try:
        stages = tuple(StageEstimate(s["stage"], int(s["steps"]), float(s["seconds"])) for s in facts.get("stages", ()))
        cost = None if facts.get("cost") is None or price <= 0 else float(facts["cost"])
        return Estimate(float(facts["seconds"]), int(facts["memory_bytes"]), int(facts["disk_bytes"]), cost, stages)
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(facts) from error


def promote(words: Words, folder: Path, name: str, checkpoint: str, cancelled: threading.Event) -> dict[str, Any]:
    """Put a run's checkpoint on the shelf as a model; the facts that the command answers.

    Raises:
        InputError: The command refuses.
        EngineError: The command failed.
        Cancelled: Nobody waits for it any more; it goes on by itself.
    """
    command = words("models", "promote", str(folder), "--name", name, "--checkpoint", checkpoint, "--json")
    return answer_of(command, cancelled, end=False)


def answer_of(command: list[str], cancelled: threading.Event, end: bool = True) -> dict[str, Any]:
    """Run one of the program's commands and read the JSON line it answers with.

    Args:
        command: The command line.
        cancelled: Ends the waiting when set.
        end: Whether the command ends then, too.

    Raises:
        InputError: The command refuses.
        EngineError: The command failed, or its answer cannot be read.
        Cancelled: Nobody waits for it any more.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = detached(command, out.fileno(), err.fileno())
        while (code := _ended(child)) is None:
            if cancelled.is_set():
                if end:
                    child.kill()
                    child.wait()
                raise Cancelled("The work was cancelled.")
        out.seek(0)
        err.seek(0)
        said, complaint = out.read().decode(errors="replace"), err.read().decode(errors="replace")
    if code != 0:
        raise _refusal(code, complaint or said)
    try:
        facts = json.loads(said.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise _unreadable(said) from None
    if not isinstance(facts, dict):
        raise _unreadable(said)
    return facts


def _ended(child: subprocess.Popen[bytes]) -> int | None:
    try:
        return child.wait(_LOOK_S)
    except subprocess.TimeoutExpired:
        return None


def _refusal(code: int, said: str) -> CtStudioError:
    lines = [line.strip() for line in said.strip().splitlines() if line.strip()]
    last = lines[-1].removeprefix("ctstudio: ") if lines else f"The command ended with code {code}."
    return InputError(last, "", said) if code == 2 else EngineError(last, "", said)


def _unreadable(said: object) -> EngineError:
    return EngineError("The command's answer cannot be read.", "Please report it.", str(said))
