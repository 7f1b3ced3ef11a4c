"""Whoever looks on while a stage is trained."""

from __future__ import annotations

from typing import Protocol

from torch import nn

from ctstudio.core.errors import CtStudioError
from ctstudio.protocol.training_run import StepLine


class Stopped(CtStudioError):
    """Someone wanted the run to stop; its checkpoint is written."""

    exit_code = 0


class Watcher(Protocol):
    """Writes the curves, draws samples, and may want the run to pause or stop."""

    def stepped(self, line: StepLine, steps: int) -> None:
        """A step is done, of `steps`."""
        ...

    def looked(self, stage: str, step: int, module: nn.Module) -> float | None:
        """The module holds its moving average for the moment: validate, draw samples.

        Returns:
            The main figure of a validation, more is better; None when there was none.
        """
        ...

    def is_due(self, stage: str, step: int) -> bool:
        """Whether `looked` wants to be called after this step."""
        ...

    def wants_stop(self) -> bool:
        """Whether the run shall stop now."""
        ...

    def wants_pause(self) -> bool:
        """Whether the run shall wait; asked again and again while it does."""
        ...

    def rolled_back(self, stage: str, step: int, why: str) -> None:
        """The stage goes on from an earlier step."""
        ...
