"""Strokes: round in millimetres, counted, refused with a reason, dear only by their own size."""

import statistics
import time

import numpy as np
import pytest

from ctstudio.core.errors import GeometryError
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.session.brush import Brush
from ctstudio.session.painting import Painting

LIVER, SPLEEN = 5, 1


@pytest.fixture
def mask(grid, scan):
    return Painting(grid, scan=scan)


def recount(mask):
    return np.stack([np.bincount(plane.ravel(), minlength=256) for plane in mask.array])


def distance_mm(grid, centre):
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)
    return np.linalg.norm(grid.to_world(index) - grid.to_world(centre), axis=-1)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_disc_is_round_in_millimetres_in_every_plane(grid, mask, axis):
    mask.brush = Brush(9.0)
    centre = (6.0, 19.3, 24.7)
    mask.stamp(centre, axis)
    on_slice = np.zeros(grid.shape, bool)
    on_slice[tuple(round(centre[a]) if a == axis else slice(None) for a in range(3))] = True
    flat = list(centre)
    flat[axis] = round(centre[axis])
    assert np.array_equal(mask.array == LIVER, on_slice & (distance_mm(grid, flat) <= 9.0))


def test_a_sphere_reaches_into_neighbouring_slices(grid, mask):
    mask.brush = Brush(11.0, sphere=True)
    mask.stamp((5.4, 20.0, 25.0), 0)
    assert np.array_equal(mask.array == LIVER, distance_mm(grid, (5.4, 20.0, 25.0)) <= 11.0)
    assert len(mask.labelled_slices()) == 4


def test_the_volume_of_a_disc_is_right_on_a_fine_grid():
    mask = Painting(Grid((1, 400, 300), (0.2, 0.15, 5.0)))
    mask.brush = Brush(20.0)
    mask.stamp((0, 200, 150), 0)
    area_mm2 = mask.counts[LIVER] * 0.2 * 0.15
    assert area_mm2 == pytest.approx(np.pi * 400, rel=0.005)


def test_the_voxel_under_the_cursor_is_painted_by_the_thinnest_brush(mask):
    mask.brush = Brush(0.01)
    mask.stamp((3.4, 10.2, 20.4), 1)
    assert np.argwhere(mask.array).tolist() == [[3, 10, 20]]


def test_a_thin_line_has_no_gaps_and_a_thick_one_is_a_capsule(grid, mask):
    mask.brush = Brush(0.01)
    mask.line((4, 2, 3), (4, 35, 45), 0)
    points = np.argwhere(mask.array)
    assert np.abs(np.diff(points[:, 1])).max() <= 1
    assert np.abs(np.diff(points[:, 2])).max() <= 1
    mask.clear()
    mask.brush = Brush(4.0)
    mask.line((4, 20, 5), (4, 20, 45), 0)
    inside = distance_mm(grid, (4, 20, 25))
    y_mm = np.abs(np.arange(grid.shape[1]) - 20) * 1.2
    assert np.array_equal(mask.array[4, :, 25] == LIVER, y_mm <= 4.0)
    assert inside[mask.array == LIVER].max() <= 20 * 0.8 + 4.0


def test_a_long_line_in_pieces_equals_many_stamps(grid):
    swept, stamped = Painting(grid), Painting(grid)
    swept.brush = stamped.brush = Brush(3.0)
    swept.line((4, 3.2, 2.1), (4, 36.8, 47.5), 0)
    stamped.begin_stroke()
    for share in np.linspace(0, 1, 2001):
        stamped.stamp((4, 3.2 + share * 33.6, 2.1 + share * 45.4), 0)
    stamped.end_stroke()
    assert np.count_nonzero(swept.array != stamped.array) <= 2


def test_the_returned_and_announced_region_holds_every_change(mask, listen):
    told = listen(mask.changed)
    before = mask.array.copy()
    mask.begin_stroke()
    region = mask.stamp((6, 2, 49), 0)
    mask.end_stroke()
    changed = mask.array != before
    assert changed[region].sum() == changed.sum() > 0
    assert told.heard == [region]


def test_counts_follow_painting_erasing_and_import(mask):
    mask.brush = Brush(7.0, sphere=True)
    mask.stamp((6, 20, 20), 0)
    mask.active = SPLEEN
    mask.stamp((6, 20, 28), 0)
    mask.stamp((7, 22, 24), 0, erase=True)
    assert np.array_equal(mask.slice_counts, recount(mask))
    assert mask.present() == (SPLEEN, LIVER)
    mask.replace(np.roll(mask.array, 2, axis=0), "Move")
    mask.undo()
    mask.clear(LIVER)
    assert np.array_equal(mask.slice_counts, recount(mask))
    assert mask.present() == (SPLEEN,)


def test_erasing_takes_any_label_but_locked_ones(mask):
    mask.brush = Brush(6.0)
    mask.stamp((6, 20, 15), 0)
    mask.active = SPLEEN
    mask.stamp((6, 20, 30), 0)
    mask.lock(SPLEEN)
    mask.line((6, 20, 10), (6, 20, 40), 0, erase=True)
    assert mask.present() == (SPLEEN,)


def test_only_voxels_in_the_hu_range_are_painted(mask):
    mask.brush = Brush(10.0)
    mask.intensity_range_hu = (100, 40)
    mask.stamp((6, 20, 25), 0)
    assert mask.counts[LIVER] > 0
    assert not mask.array[:, :, 25:].any()


def refused(mask, listen, *where, erase=False):
    told = listen(mask.stroke_refused)
    mask.begin_stroke()
    region = mask.stamp(*where, erase=erase)
    assert region is None
    assert mask.end_stroke() is False
    assert len(told.heard) == 1
    assert mask.history.undo_names == () or mask.history.undo_names == ("Brush liver",)
    return told.heard[0]


def test_a_stroke_outside_the_scan_says_so(mask, listen):
    for where in ((6, -50, 10), (40, 20, 20), (6, float("nan"), 3)):
        assert refused(mask, listen, where, 0).reason == "outside the scan"


def test_a_stroke_on_a_locked_label_says_which(mask, listen):
    mask.stamp((6, 20, 20), 0)
    mask.lock(LIVER)
    mask.active = SPLEEN
    said = refused(mask, listen, (6, 20, 20), 0)
    assert (said.reason, "liver is locked" in said.text, bool(said.remedy)) == ("label locked", True, True)
    mask.active = LIVER
    assert refused(mask, listen, (6, 5, 40), 0).reason == "label locked"


def test_a_stroke_outside_the_hu_range_says_the_range(mask, listen):
    mask.intensity_range_hu = (300, 400)
    said = refused(mask, listen, (6, 20, 20), 0)
    assert said.reason == "outside the HU range"
    assert "300 to 400 HU" in said.text


def test_a_stroke_on_the_same_label_says_so(mask, listen):
    mask.stamp((6, 20, 20), 0)
    said = refused(mask, listen, (6, 20, 20), 0)
    assert said.reason == "already this label"
    assert "already liver" in said.text
    assert "no label here" in refused(mask, listen, (2, 20, 20), 0, erase=True).text


def test_a_stroke_that_changed_something_is_not_refused(mask, listen):
    told, ended = listen(mask.stroke_refused), listen(mask.stroke_ended)
    mask.begin_stroke()
    mask.stamp((6, 20, 20), 0)
    mask.stamp((6, 20, 20), 0)
    mask.stamp((6, -90, 20), 0)
    assert mask.end_stroke() is True
    assert told.heard == []
    assert len(ended.heard) == 1
    mask.begin_stroke()
    assert mask.end_stroke() is False
    assert told.heard == []


def test_a_snapshot_is_not_changed_by_later_strokes(mask):
    mask.stamp((6, 20, 20), 0)
    taken = mask.snapshot()
    mask.stamp((6, 30, 40), 0)
    assert np.count_nonzero(taken.array) < np.count_nonzero(mask.array)


def test_modified_until_saved(mask):
    assert not mask.modified
    mask.stamp((6, 20, 20), 0)
    assert mask.modified
    mask.mark_saved()
    assert not mask.modified
    mask.undo()
    assert mask.modified


def test_labels_of_another_shape_are_refused(mask):
    with pytest.raises(GeometryError):
        mask.replace(np.zeros((2, 2, 2), np.uint8), "Import mask")


def test_a_mask_on_a_grid_of_two_voxels_can_be_painted():
    mask = Painting(Grid((1, 1, 2)), scan=Volume(np.zeros((1, 1, 2), np.int16), Grid((1, 1, 2))))
    mask.stamp((0, 0, 1), 0)
    assert mask.counts[LIVER] == 2


def stamp_seconds(shape):
    grid = Grid(shape, (0.8, 0.8, 1.5))
    mask = Painting(grid, scan=Volume(np.zeros(shape, np.int16), grid))
    mask.intensity_range_hu = (-100, 100)
    mask.lock(SPLEEN)
    mask.brush = Brush(8.0)
    mask.replace(np.full(shape, 7, np.uint8), "Fill")
    times = []
    mask.begin_stroke()
    for step in range(150):
        centre = (step % 60, 20.0 + step % 25, 32.0)
        start = time.perf_counter()
        mask.stamp(centre, 0)
        times.append(time.perf_counter() - start)
    start = time.perf_counter()
    mask.end_stroke()
    return statistics.median(times), time.perf_counter() - start


def test_a_stamp_costs_the_same_on_a_large_scan_as_on_a_small_one():
    small, _ = stamp_seconds((64, 64, 64))
    large, end = stamp_seconds((64, 512, 512))
    assert large < 3 * small
    assert large < 0.01
    assert end < 0.1
