"""Stand-in slices: usual HU, and a body where none is painted."""

import numpy as np
import pytest

from ctstudio.core.labels import standard_table, values_of
from ctstudio.measure.nominal_hu import nominal_hu
from ctstudio.measure.surrogate import body_ellipse, surrogate_hu, surrogate_slice_hu, with_body


@pytest.mark.parametrize(
    ("name", "hu"),
    [("liver", 90), ("lung_upper_lobe_left", -850), ("rib_left_4", 400), ("torso_fat", -105), ("aorta", 150)],
)
def test_usual_hu(name: str, hu: float) -> None:
    assert surrogate_hu(np.array([values_of([name])[0]], np.uint8)).tolist() == [hu]


def test_every_label_lies_within_the_range_of_tissue() -> None:
    assert all(-1000 < nominal_hu(label.name) < 1000 for label in standard_table().labels)
    assert surrogate_hu(np.array([0, 255], np.uint8)).tolist() == [-1000, 40]


def test_ellipse_has_its_area_and_centre() -> None:
    mask = body_ellipse((200, 300), 1.5, centre=(90, 160))
    assert mask.astype(bool).sum() * 1.5**2 == pytest.approx(np.pi / 4 * 330 * 235, rel=0.01)
    assert [float(i.mean()) for i in np.nonzero(mask)] == pytest.approx([90, 160], abs=0.1)


def test_body_goes_under_the_organs_only_where_none_is_painted() -> None:
    liver, body = values_of(["liver", "body"])
    mask = np.zeros((256, 256), np.uint8)
    mask[100:130, 60:90] = liver
    filled = with_body(mask, 1.5)
    assert (filled == liver).sum() == 900
    assert filled[128, 200] == body
    own = np.where(mask, mask, body_ellipse((256, 256), 1.5, 200, 150))
    assert np.array_equal(with_body(own, 1.5), own)


def test_nothing_painted_stays_air_and_a_head_gets_a_head() -> None:
    empty = np.zeros((256, 256), np.uint8)
    assert (surrogate_slice_hu(empty, 1.5) == -1000).all()
    empty[120:136, 120:136] = values_of(["brain"])[0]
    head = surrogate_slice_hu(empty, 1.5)
    assert head[128, 128] == 35
    assert head[128, 40] == -1000


@pytest.mark.parametrize(
    ("part", "whole"), [("vertebrae_L1", "bone"), ("iliac_vena_left", "vein"), ("lung_lower_lobe_left", "lung"),
                        ("kidney_left", "kidney"), ("small_bowel", "bowel")]
)  # fmt: skip
def test_a_label_for_any_part_has_the_hu_of_its_parts(part: str, whole: str) -> None:
    assert nominal_hu(whole) == pytest.approx(nominal_hu(part), abs=10)
