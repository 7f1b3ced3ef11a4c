"""How far a request is and when it will end, where some steps take much longer than others."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from ctstudio.protocol.events import Stepped


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
        left = self._seconds_left()
        spent = now - self._began
        done, total = sum(one.steps for one in self._timed.values()), sum(one.steps for one in self.stages)
        share = spent / (spent + left) if spent + left else done / total
        self._share = 1.0 if done >= total else max(self._share, share)
        told = self._share if len(self.stages) > 1 else None
        return Stepped(self.request_id, done, total, sample, self.samples, left, stage, told)

    def _seconds_left(self) -> float:
        rate = self._seconds_per_cost()
        left = 0.0
        for stage in self.stages:
            timed = self._timed.get(stage.name, _Timed())
            each = timed.each if timed.steps else stage.cost * rate
            left += max(0, stage.steps - timed.steps) * each
        return left

    def _seconds_per_cost(self) -> float:
        """What a unit of cost took in the stages that have begun."""
        begun = [(stage, self._timed[stage.name]) for stage in self.stages if stage.name in self._timed]
        return sum(timed.each for _, timed in begun) / max(1e-9, sum(stage.cost for stage, _ in begun))
