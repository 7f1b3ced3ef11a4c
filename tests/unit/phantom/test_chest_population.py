"""The mixture for training has every finding, size and place, about evenly, and some normal chests."""

from __future__ import annotations

from collections import Counter

import pytest

from ctstudio.phantom.chest_population import WHERE, draw_chest_findings
from ctstudio.phantom.patient import make_patient


def test_shares_are_those_asked_for() -> None:
    drawn = [draw_chest_findings(seed) for seed in range(3000)]
    assert 0.12 < sum(not d for d in drawn) / 3000 < 0.18
    counts = Counter(name for d in drawn for name in d)
    for name in WHERE:
        assert 0.22 < counts[name] / 3000 < 0.33
    values = Counter((n, v) for d in drawn for n, v in d.items())
    for name, where in WHERE.items():
        kinds = 3 * max(1, len(where))
        own = [count for (n, _), count in values.items() if n == name]
        assert len(own) == kinds
        assert min(own) > 0.5 * counts[name] / kinds


@pytest.mark.parametrize("seed", range(30))
def test_the_patient_gets_what_was_drawn(seed: int) -> None:
    drawn = draw_chest_findings(seed)
    assert drawn == draw_chest_findings(seed)
    patient = make_patient(seed, "chest", drawn)
    told = {f.name: "-".join(w for w in (f.size, f.side, f.lobe) if w) for f in patient.findings}
    assert told == drawn
