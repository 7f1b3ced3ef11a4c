"""How long a job still takes, steady enough to read."""

from __future__ import annotations

_NEW_SHARE = 0.3


class Countdown:
    """Seconds left, from what the engine says or else from the pace so far; jumps are smoothed."""

    def __init__(self) -> None:
        self._first: tuple[float, int] | None = None
        self._last: tuple[float, float] | None = None

    def update(self, now: float, step: int, total: int, told: float | None = None) -> float | None:
        """Seconds left after a step, >= 0; None while nothing is known.

        Args:
            now: Seconds on any steady clock.
            step: Steps done.
            total: All steps.
            told: The engine's own estimate, s.
        """
        estimate = self._from_pace(now, step, total) if told is None else told
        if estimate is None:
            return None
        if step >= total:
            estimate = 0.0
        elif self._last is not None:
            then, left = self._last
            estimate = _NEW_SHARE * estimate + (1 - _NEW_SHARE) * (left - (now - then))
        self._last = now, max(0.0, estimate)
        return self._last[1]

    def _from_pace(self, now: float, step: int, total: int) -> float | None:
        if self._first is None:
            self._first = now, step
        began, first_step = self._first
        if step <= first_step:
            return None
        return (now - began) / (step - first_step) * (total - step)
