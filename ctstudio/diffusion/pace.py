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
        seconds: Of one step, where a piece of one was timed beforehand; a better guess, until whole steps were.
    """

    name: str
    steps: int
    cost: float = 1.0
    seconds: float | None = None


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
        after: Seconds of work after the last step of each sample.
    """

    request_id: str
    stages: tuple[Stage, ...]
    samples: int
    after: float = 0.0
    _began: float = field(default_factory=lambda: time.monotonic())
    _last: float = field(default_factory=lambda: time.monotonic())
    _share: float = 0.0
    _timed: dict[str, _Timed] = field(default_factory=dict)

    def step(self, sample: int, stage: str = "") -> Stepped:
        """One more step is done, of this sample and stage."""
        now = time.monotonic()
        self._timed.setdefault(stage, _Timed()).add(now - self._last)
        self._last = now
        return self._told(sample, stage, now, self._seconds_left(sample))

    def resume(self) -> None:
        """What was done since the last step is no part of the next one."""
        self._last = time.monotonic()

    def waiting(self, sample: int, stage: str = "") -> Stepped:
        """The next step is not done yet; time has passed."""
        now = time.monotonic()
        if not self._timed and all(one.seconds is None for one in self.stages):
            return Stepped(self.request_id, 0, self._total, sample, self.samples, None, stage, 0.0)
        left = self._seconds_left(sample)
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

    def _seconds_left(self, sample: int) -> float:
        steps = sum(
            max(0, stage.steps - self._timed.get(stage.name, _Timed()).steps) * self._step_seconds(stage)
            for stage in self.stages
        )
        return steps + self.after * (self.samples - sample + 1)

    def _step_seconds(self, stage: Stage) -> float:
        """Of one step: as it was timed, or as a piece of it was, or as its cost says."""
        known = self._known_seconds(stage)
        return stage.cost * self._seconds_per_cost() if known is None else known

    def _known_seconds(self, stage: Stage) -> float | None:
        """The first step of a stage, which may have warmed something up, counts no more than the piece."""
        timed = self._timed.get(stage.name)
        if timed is None:
            return stage.seconds
        return (timed.each + stage.seconds) / 2 if timed.steps == 1 and stage.seconds else timed.each

    def _seconds_per_cost(self) -> float:
        """What a unit of cost took in the stages that were timed."""
        known = [(seconds, one.cost) for one in self.stages if (seconds := self._known_seconds(one)) is not None]
        return sum(seconds for seconds, _ in known) / max(1e-9, sum(cost for _, cost in known))
