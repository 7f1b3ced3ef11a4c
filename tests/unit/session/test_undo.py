"""Undo and redo are exact, named, and bounded."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ctstudio.core.grid import Grid
from ctstudio.session.brush import Brush
from ctstudio.session.delta import Delta
from ctstudio.session.painting import Painting

SHAPE = (5, 14, 17)
POINTS = st.tuples(st.floats(-3, 8), st.floats(-4, 18), st.floats(-4, 21))
MOVES = st.tuples(POINTS, POINTS, st.integers(0, 2), st.booleans(), st.integers(1, 4))
STROKES = st.lists(
    st.tuples(st.lists(MOVES, min_size=1, max_size=4), st.floats(0.1, 9), st.booleans(), st.sets(st.integers(1, 4))),
    max_size=6,
)


def paint(mask, strokes):
    """States before the first stroke that changed something and after each."""
    states = [mask.array.copy()]
    for moves, radius, sphere, locked in strokes:
        mask.brush = Brush(radius, sphere)
        for value in range(1, 5):
            mask.lock(value, value in locked)
        mask.begin_stroke()
        for start, end, axis, erase, label in moves:
            mask.active = label
            mask.line(start, end, axis, erase)
        if mask.end_stroke():
            states.append(mask.array.copy())
    return states


def counts_are_current(mask):
    return np.array_equal(mask.slice_counts, [np.bincount(p.ravel(), minlength=256) for p in mask.array])


@settings(max_examples=60, deadline=None)
@given(strokes=STROKES, seed=st.integers(0, 99))
def test_undoing_and_redoing_goes_through_the_very_same_states(strokes, seed):
    mask = Painting(Grid(SHAPE, (0.9, 1.1, 3.0)))
    mask.replace(np.random.default_rng(seed).integers(0, 5, SHAPE).astype(np.uint8), "Import mask")
    states = paint(mask, strokes)
    assert counts_are_current(mask)
    for state in reversed(states[:-1]):
        before = mask.array.copy()
        region = mask.undo()
        assert np.array_equal(mask.array, state)
        changed = before != state
        assert changed.sum() == (changed[region].sum() if region else 0)
    assert counts_are_current(mask)
    for state in states[1:]:
        mask.redo()
        assert np.array_equal(mask.array, state)
    assert mask.redo() is None
    assert counts_are_current(mask)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**20), values=st.integers(1, 3))
def test_a_delta_leads_there_and_back(seed, values):
    rng = np.random.default_rng(seed)
    before, after = rng.integers(0, values + 1, (2, *SHAPE)).astype(np.uint8)
    delta = Delta.between(before, after)
    array = before.copy()
    delta.apply(array)
    assert np.array_equal(array, after)
    delta.reversed().apply(array)
    assert np.array_equal(array, before)
    assert delta.voxels == np.count_nonzero(before != after)


def test_a_delta_of_many_voxels_is_applied_in_chunks():
    before = np.zeros((40, 256, 256), np.uint8)
    after = before.copy()
    after[1:39, 3:250, 7:240] = 5
    array = before.copy()
    delta = Delta.between(before, after)
    delta.apply(array)
    assert np.array_equal(array, after)
    assert delta.nbytes < 0.1 * delta.voxels
    assert delta.region == (slice(1, 39), slice(3, 250), slice(7, 240))


def test_steps_have_names_and_the_redo_list_ends_with_a_new_stroke(grid):
    mask = Painting(grid)
    mask.stamp((5, 20, 20), 0)
    mask.stamp((5, 20, 20), 0, erase=True)
    mask.begin_stroke("Smooth")
    mask.stamp((5, 10, 10), 0)
    mask.end_stroke()
    assert mask.history.undo_names == ("Brush liver", "Erase", "Smooth")
    mask.undo()
    mask.undo()
    assert (mask.history.undo_names, mask.history.redo_names) == (("Brush liver",), ("Smooth", "Erase"))
    mask.stamp((8, 20, 20), 0)
    assert mask.history.redo_names == ()


def test_an_open_stroke_is_ended_by_undo_and_taken_back_by_cancel(grid):
    mask = Painting(grid)
    mask.begin_stroke()
    mask.stamp((5, 20, 20), 0)
    mask.undo()
    assert mask.empty
    mask.begin_stroke()
    mask.stamp((5, 20, 20), 0)
    mask.line((5, 20, 20), (5, 25, 30), 0)
    assert mask.cancel_stroke() is not None
    assert mask.empty
    assert not mask.painting_now
    assert mask.history.undo_names == ()


def test_the_budget_drops_the_oldest_and_keeps_the_newest(grid):
    mask = Painting(grid, budget_bytes=900)
    for z in range(10):
        mask.stamp((z, 20, 20), 0)
    assert 0 < mask.history.bytes_used <= 900
    assert 1 <= len(mask.history.undo_names) < 10
    mask.history.budget_bytes = 1
    mask.stamp((11, 20, 20), 0)
    assert len(mask.history.undo_names) == 1
    mask.undo()
    assert not mask.slice_counts[11, 1:].any()
    assert mask.undo() is None


def test_the_history_tells_of_every_change(grid, listen):
    mask = Painting(grid)
    told = listen(mask.history.changed)
    mask.stamp((5, 20, 20), 0)
    mask.undo()
    mask.redo()
    mask.history.clear()
    assert len(told.heard) == 4
