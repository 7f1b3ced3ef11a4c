"""Label statistics of a box, by hand."""

import numpy as np
import pytest

from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.measure.label_stats import areas_cm2, label_statistics, slices_with

LIVER, BODY = values_of(["liver", "body"])


def labels() -> LabelMap:
    array = np.zeros((6, 20, 30), np.uint8)
    array[1:5, 2:18, 3:27] = BODY
    array[2:4, 5:10, 10:20] = LIVER
    array[3, 5, 10] = BODY
    return LabelMap(array, Grid((6, 20, 30), (2.0, 2.0, 5.0)), standard_table())


def test_liver_box() -> None:
    liver, body = label_statistics(labels())
    assert (liver.name, liver.value, liver.voxels) == ("liver", LIVER, 99)
    assert liver.volume_ml == pytest.approx(99 * 20 / 1000)
    assert liver.largest_area_cm2 == pytest.approx(50 * 0.04)
    assert liver.box == ((2, 3), (5, 9), (10, 19))
    assert body.voxels == 4 * 16 * 24 - 99


def test_areas_add_up_to_what_is_painted() -> None:
    plane = labels().array[2]
    areas = areas_cm2(plane, (2.0, 2.0))
    assert areas == {LIVER: pytest.approx(2.0), BODY: pytest.approx((16 * 24 - 50) * 0.04)}
    assert sum(areas.values()) == pytest.approx((plane > 0).sum() * 0.04)


def test_slices_that_hold_a_label() -> None:
    assert slices_with(labels(), (LIVER,)) == (2, 3)
    assert slices_with(labels(), (LIVER, BODY)) == (1, 2, 3, 4)
    assert label_statistics(LabelMap(np.zeros((1, 2, 2), np.uint8), Grid((1, 2, 2)), standard_table())) == ()
