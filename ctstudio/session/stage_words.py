"""Where a generation in stages is, in words: which step of which stage, and what is still to come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ctstudio.protocol.events import Stepped


@dataclass(frozen=True)
class StagePlace:
    """A step within the stages of one sample.

    Attributes:
        coarse: Whether the first stage, of the coarse volume, is at work.
        step: Steps of the stage done, 1 to `steps`.
        steps: Steps of the stage.
        later: Steps of the stage after it; 0 in the last.
    """

    coarse: bool
    step: int
    steps: int
    later: int

    @property
    def words(self) -> str:
        """For example "Coarse volume, step 12 of 20 · then 12 steps of refinement"."""
        name = "Coarse volume" if self.coarse else "Refinement"
        then = f" · then {self.later} steps of refinement" if self.later else ""
        return f"{name}, step {self.step} of {self.steps}{then}"


def stage_place(parameters: dict[str, Any], event: Stepped) -> StagePlace | None:
    """The place of a step among the two stages of a sample; None for a task without stages.

    The engine may count a step more than was asked in each stage, as published samplers do; shares stay.
    """
    asked, more = int(parameters.get("steps") or 0), int(parameters.get("upscale_steps") or 0)
    if "upscale_steps" not in parameters or not asked or event.samples < 1 or event.total < event.samples:
        return None
    each = event.total // event.samples
    coarse = each if not more or each <= asked + 1 else round(each * asked / (asked + more))
    place = event.step - (event.sample - 1) * each
    if place <= coarse:
        return StagePlace(True, place, coarse, each - coarse)
    return StagePlace(False, place - coarse, each - coarse, 0)


def progress_words(parameters: dict[str, Any], event: Stepped) -> str:
    """What a job is doing, without the time that is left."""
    place = stage_place(parameters, event)
    if place is None:
        return f"Generating, step {event.step} of {event.total}"
    which = f"Sample {event.sample} of {event.samples}: " if event.samples > 1 else ""
    return which + place.words
