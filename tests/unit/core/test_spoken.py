"""Time spans and bytes in words."""

from __future__ import annotations

import pytest

from ctstudio.core.spoken import amount, duration


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "0 s"),
        (0.4, "0 s"),
        (89, "89 s"),
        (90, "2 min"),
        (3540, "59 min"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (172_800, "2 d 0 h"),
    ],
)
def test_a_time_span_has_two_units_at_most(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 B"), (999, "999 B"), (999.6, "1 kB"), (1_340_000, "1.34 MB"), (3.21e12, "3.21 TB")]
)
def test_bytes_come_in_the_unit_that_suits_them(count: float, said: str) -> None:
    assert amount(count) == said
