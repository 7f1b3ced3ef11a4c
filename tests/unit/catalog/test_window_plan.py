"""Windows over a volume, and how many at once."""

from __future__ import annotations

import random

import pytest

from ctstudio.catalog.window_plan import plan, starts
from ctstudio.core.errors import GeometryError, ParameterError

GB = 10**9


def test_windows_begin_a_stride_apart_and_the_last_ends_with_the_volume() -> None:
    assert starts(256, 128, 0.25) == (0, 96, 128)
    assert starts(256, 128, 0.5) == (0, 64, 128)
    assert starts(128, 128, 0.25) == (0,)
    assert starts(300, 128, 0.25) == (0, 96, 172)
    assert starts(10, 4, 0.0) == (0, 4, 6)


def test_every_voxel_is_covered_whatever_the_sizes() -> None:
    draw = random.Random(0)
    for _ in range(200):
        patch = draw.randint(1, 40)
        length, overlap = patch + draw.randint(0, 90), draw.uniform(0, 0.95)
        begun = starts(length, patch, overlap)
        assert {k for start in begun for k in range(start, start + patch)} == set(range(length))
        assert begun == tuple(sorted(set(begun)))
        assert begun[-1] == length - patch


@pytest.mark.parametrize(
    ("shape", "overlap", "windows"),
    [((256, 256, 256), 0.25, 27), ((200, 300, 300), 0.25, 18), ((200, 300, 300), 0.5, 48), ((300, 512, 512), 0.25, 75),
     ((300, 512, 512), 0.5, 196)],
)  # fmt: skip
def test_whole_scans_take_as_many_windows_as_counted_by_hand(
    shape: tuple[int, int, int], overlap: float, windows: int
) -> None:
    assert plan(shape, 128, overlap, 12 * GB, 2 * GB).windows == windows


def test_as_many_windows_at_once_as_fit() -> None:
    planned = plan((256, 256, 256), 128, 0.25, 12 * GB, 5 * GB)
    assert (planned.batch, planned.calls, planned.bytes) == (2, 14, 10 * GB)
    assert plan((256, 256, 256), 128, 0.25, 500 * GB, 1 * GB).batch == 8
    assert plan((256, 256, 256), 128, 0.25, 500 * GB, 1 * GB, largest_batch=1).batch == 1
    assert plan((128, 128, 128), 128, 0.25, 500 * GB, 1 * GB).batch == 1


def test_the_memory_of_a_run_does_not_depend_on_the_volume() -> None:
    small, large = (plan(shape, 128, 0.25, 12 * GB, 2 * GB) for shape in ((256, 256, 256), (300, 512, 512)))
    assert small.bytes == large.bytes


def test_a_plan_is_said_in_a_line() -> None:
    assert str(plan((256, 256, 128), 128, 0.25, 12 * GB, 5 * GB)) == (
        "256 x 256 x 128 voxels: 9 windows of 128 x 128 x 128, 2 at a time, 25% overlap, 10 GB of memory"
    )
    assert str(plan((64, 64, 64), 64, 0.5, GB, GB)) == (
        "64 x 64 x 64 voxels: a single window of 64 x 64 x 64, 1 GB of memory"
    )


def test_a_window_that_does_not_fit_is_refused_with_a_smaller_offer() -> None:
    with pytest.raises(ParameterError, match=r"128 x 128 x 128 voxels takes about 3\.5 GB.*2 GB are free") as told:
        plan((256, 256, 256), 128, 0.25, 2 * GB, round(3.5 * GB))
    assert "--dtype bf16" in told.value.remedy
    assert "windows of 64" in told.value.remedy


def test_a_volume_smaller_than_a_window_and_an_impossible_overlap_are_refused() -> None:
    with pytest.raises(GeometryError, match="60 voxels are fewer than a window of 64"):
        plan((64, 60, 64), 64, 0.25, GB, 1)
    for overlap in (1.0, -0.1, float("nan")):
        with pytest.raises(ParameterError, match="overlap"):
            starts(64, 32, overlap)
