"""Samples come in, are starred, compared, and never let go in silence."""

import pytest

from ctstudio.session.notices import Notices
from ctstudio.session.results import Results

ONE = 12 * 40 * 50 * 4


@pytest.fixture
def notices():
    return Notices()


def test_a_result_adds_its_samples_chooses_the_first_and_says_its_notes(make_result, notices, listen):
    results = Results(notices)
    added = listen(results.added)
    views = results.add(make_result((7, 8), notes=("Mask resampled from 3.0 mm to 1.5 mm.",)))
    assert [v.sample.seed for v in added.heard] == [7, 8]
    assert results.chosen is views[0]
    assert results.chosen_index == 0
    assert results.bytes_used == 2 * ONE
    assert notices.latest.text.startswith("Mask resampled")


def test_the_oldest_without_a_star_go_and_it_is_said(make_result, notices, listen):
    results = Results(notices, budget_bytes=3 * ONE)
    removed = listen(results.removed)
    first, second = results.add(make_result((1, 2)))
    results.star(first)
    results.add(make_result((3,)))
    assert removed.heard == []
    results.add(make_result((4,)))
    assert removed.heard == [second]
    assert [v.sample.seed for v in results.items] == [1, 3, 4]
    assert "seed 2" in notices.latest.text


def test_the_newest_always_stay_and_too_much_is_said(make_result, notices):
    results = Results(notices, budget_bytes=ONE)
    results.add(make_result((1, 2, 3)))
    assert len(results.items) == 3
    assert "more than" in notices.latest.text
    assert notices.latest.level == "warning"


def test_removing_the_chosen_one_chooses_its_neighbour(make_result, notices, listen):
    results = Results(notices)
    a, b, c = results.add(make_result((1, 2, 3)))
    results.chosen = c
    told = listen(results.chosen_changed)
    results.remove(c)
    results.remove(a)
    results.remove(b)
    assert told.heard == [b, None]


def test_starred_and_unsaved(make_result, notices, tmp_path, listen):
    results = Results(notices)
    changed = listen(results.changed)
    (view,) = results.add(make_result())
    results.star(view)
    assert results.unsaved == (view,)
    results.mark_saved(view, tmp_path)
    assert results.unsaved == ()
    assert changed.heard == [view, view]


def test_compare_mode_tells_once(notices, listen):
    results = Results(notices)
    told = listen(results.compare_changed)
    results.compare = "swipe"
    results.compare = "swipe"
    assert told.heard == ["swipe"]
