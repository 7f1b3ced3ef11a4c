"""What the engine tells the desk."""

from __future__ import annotations

from dataclasses import dataclass

from ctstudio.core.volume import Volume
from ctstudio.protocol.live_noise import ExposureFound, NoiseSimulated
from ctstudio.protocol.result import Result


@dataclass(frozen=True)
class Loading:
    """The request has begun; something is being made ready, for example "Loading model …"."""

    request_id: str
    message: str


@dataclass(frozen=True)
class Stepped:
    """One step is done.

    Attributes:
        request_id: The request.
        step: Steps done, 1 to `total`, counted over the whole request.
        total: Steps of the whole request.
        sample: The sample being made, 1 to `samples`.
        samples: Samples of the request.
        seconds_left: Estimate for the whole request; None while unknown.
        stage: What is being done, for people, where a task has several stages: "coarse volume".
        share: Part of the work that is done, 0 to 1, where steps are not alike; None where they are.
    """

    request_id: str
    step: int
    total: int
    sample: int
    samples: int
    seconds_left: float | None = None
    stage: str = ""
    share: float | None = None

    @property
    def done(self) -> float:
        """Part of the work that is done, 0 to 1."""
        return self.step / max(1, self.total) if self.share is None else self.share


@dataclass(frozen=True)
class Preview:
    """The present estimate of a sample's image (x0), in HU."""

    request_id: str
    sample: int
    image: Volume


@dataclass(frozen=True)
class Finished:
    """The request is done."""

    request_id: str
    result: Result


@dataclass(frozen=True)
class Failed:
    """The request ended without a result.

    Attributes:
        request_id: The request.
        message: What happened and why.
        remedy: What the user can do.
        detail: For the log.
        exit_code: 2 when what was given cannot be used, 1 when it is our fault.
    """

    request_id: str
    message: str
    remedy: str = ""
    detail: str = ""
    exit_code: int = 1


@dataclass(frozen=True)
class Stopped:
    """The request was cancelled."""

    request_id: str


@dataclass(frozen=True)
class Hello:
    """The engine's first word, said before torch is imported."""

    pid: int


@dataclass(frozen=True)
class EngineReady:
    """The engine can work: versions by name, and its device, for example "cpu" or "cuda: NVIDIA L4"."""

    versions: dict[str, str]
    device: str


@dataclass(frozen=True)
class DeviceStatus:
    """A sign of life, about one a second, with the memory of the device; on the CPU the machine's own."""

    memory_used_bytes: int
    memory_total_bytes: int


Event = Loading | Stepped | Preview | Finished | Failed | Stopped
"""What a pipeline yields: all carry a `request_id`."""

EngineEvent = Event | Hello | EngineReady | DeviceStatus | ExposureFound | NoiseSimulated
"""All that the engine says to the desk."""
