"""How far a request is and when it will end, where some steps take much longer than others."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from ctstudio.protocol.events import Stepped

_ALMOST = 0.95
"""Part of a step that can be thought done before it is."""


@dataclass(frozen=True)
class Stage:
    """Steps of one kind.

    Attributes:
        name: For people; "" where a request has one kind only.
        steps: How many there are in the whole request.
        cost: Of one step, in a unit that all stages of a request share; a first guess, until steps were timed.
    """

    name: str
    steps: int
    cost: float = 1.0


@dataclass
class _Timed:
    """Steps of one stage that are done; the first of them may have warmed something up."""

    steps: int = 0
    seconds: float = 0.0
    first_seconds: float = 0.0

    def add(self, seconds: float) -> None:
        if not self.steps:
            self.first_seconds = seconds
        self.steps += 1
        self.seconds += seconds

    @property
    def each(self) -> float:
        """Seconds of a step, the first one left out once there is another; 0 before any."""
        if self.steps > 1:
            return (self.seconds - self.first_seconds) / (self.steps - 1)
        return self.seconds


@dataclass
class Pace:
    """Counts the steps of a whole request and foretells its end.

    Attributes:
        request_id: The request.
        stages: In the order in which a sample goes through them.
        samples: Samples of the request.
    """

    request_id: str
    stages: tuple[Stage, ...]
    samples: int
    _began: float = field(default_factory=lambda: time.monotonic())
    _last: float = field(default_factory=lambda: time.monotonic())
    _share: float = 0.0
    _timed: dict[str, _Timed] = field(default_factory=dict)

    def step(self, sample: int, stage: str = "") -> Stepped:
        """One more step is done, of this sample and stage."""
        now = time.monotonic()
        self._timed.setdefault(stage, _Timed()).add(now - self._last)
        self._last = now
        return self._told(sample, stage, now, self._seconds_left())

    def waiting(self, sample: int, stage: str = "") -> Stepped:
        """The next step is not done yet; time has passed."""
        now = time.monotonic()
        if not self._timed:
            return Stepped(self.request_id, 0, self._total, sample, self.samples, None, stage, 0.0)
        left = self._seconds_left()
        lasting = self._step_seconds(next(one for one in self.stages if one.name == stage))
        return self._told(sample, stage, now, left - min(now - self._last, _ALMOST * lasting))

    @property
    def _total(self) -> int:
        return sum(one.steps for one in self.stages)

    def _told(self, sample: int, stage: str, now: float, left: float) -> Stepped:
        spent, done = now - self._began, sum(one.steps for one in self._timed.values())
        share = spent / (spent + left) if spent + left else done / self._total
        self._share = 1.0 if done >= self._total else max(self._share, share)
        told = self._share if len(self.stages) > 1 else None
        return Stepped(self.request_id, done, self._total, sample, self.samples, max(0.0, left), stage, told)

    def _seconds_left(self) -> float:
        return sum(
            max(0, stage.steps - self._timed.get(stage.name, _Timed()).steps) * self._step_seconds(stage)
            for stage in self.stages
        )

    def _step_seconds(self, stage: Stage) -> float:
        """Of one step: as it was timed, or as its cost says where none was yet."""
        timed = self._timed.get(stage.name)
        return timed.each if timed else stage.cost * self._seconds_per_cost()

    def _seconds_per_cost(self) -> float:
        """What a unit of cost took in the stages that have begun."""
        begun = [(stage, self._timed[stage.name]) for stage in self.stages if stage.name in self._timed]
        return sum(timed.each for _, timed in begun) / max(1e-9, sum(stage.cost for stage, _ in begun))
