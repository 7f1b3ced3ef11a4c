"""Readable ticks for a logarithmic axis: few enough to be told apart, at round values."""

from __future__ import annotations

import math

_DIGITS = ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,))


def log_ticks(low: float, high: float, at_most: int = 6) -> list[tuple[float, str]]:
    """Ticks (log10 of the value, its text) between two log10 values, at most about `at_most`."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return []
    powers = range(math.floor(low), math.ceil(high) + 1)
    for digits in _DIGITS:
        values = [(digit, power) for power in powers for digit in digits]
        inside = [(math.log10(d) + p, f"{d * 10.0**p:g}") for d, p in values if low <= math.log10(d) + p <= high]
        if len(inside) <= at_most:
            break
    else:
        step = math.ceil(len(inside) / at_most)
        inside = inside[::step]
    return inside if len(inside) >= 2 else _linear(10.0**low, 10.0**high, at_most)


def _linear(low: float, high: float, at_most: int) -> list[tuple[float, str]]:
    """Ticks of a range so narrow that it holds no two round digits."""
    raw = (high - low) / at_most
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(unit * digit for digit in (1, 2, 5, 10) if unit * digit >= raw)
    first = math.ceil(low / step)
    values = [step * place for place in range(first, math.floor(high / step) + 1)]
    return [(math.log10(value), f"{value:.6g}") for value in values if value > 0]
