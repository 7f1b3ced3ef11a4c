"""What the desk tells the engine."""

from __future__ import annotations

from dataclasses import dataclass

from ctstudio.protocol.live_noise import FindExposure, SimulateNoise
from ctstudio.protocol.request import Request


@dataclass(frozen=True)
class Submit:
    """Put a request at the end of the queue."""

    request: Request


@dataclass(frozen=True)
class Cancel:
    """Take a request off the queue, or stop it within one step when it is running."""

    request_id: str


@dataclass(frozen=True)
class Shutdown:
    """End the process."""


Command = Submit | Cancel | Shutdown | FindExposure | SimulateNoise
