"""Where the patient is: table away, lungs and bowel gas in."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.measure.body_outline import body_envelope, body_outline, envelope_around

_Y, _X = np.mgrid[:160, :160].astype(float)


def _ellipse(y: float, x: float, height: float, width: float) -> np.ndarray:  # type: ignore[type-arg]
    return ((_Y - y) / height) ** 2 + ((_X - x) / width) ** 2 <= 1


BODY = _ellipse(75, 80, 46, 66)


def _slice() -> np.ndarray:  # type: ignore[type-arg]
    """Body with two lungs behind a wall of 15 mm and more, a bubble of gas, and a thin table that touches the back."""
    image = np.full((160, 160), -1000, np.float32)
    image[BODY] = 40
    for x in (54, 106):
        image[_ellipse(68, x, 20, 17)] = -850
    image[_ellipse(100, 80, 6, 6)] = -1000
    image[121:124, 5:155] = 200
    return image


def _overlap(a: np.ndarray, b: np.ndarray) -> float:  # type: ignore[type-arg]
    return 2 * float((a & b).sum()) / float(a.sum() + b.sum())


def test_the_body_is_filled_and_the_table_is_gone() -> None:
    found = body_outline(_slice()[None])[0]
    assert found.dtype == bool
    assert _overlap(found, BODY) > 0.98
    assert found[68, 54]
    assert found[68, 106]
    assert found[100, 80]
    assert not found[122, :40].any()
    assert not found[122, 120:].any()


@pytest.mark.parametrize("wall_mm", [8, 10, 13])
def test_lungs_behind_a_thin_chest_wall_stay_in_and_the_table_goes(wall_mm: int) -> None:
    wall = wall_mm / 1.5
    image = np.full((160, 160), -1000, np.float32)
    image[BODY] = 40
    cavity = _ellipse(75, 80, 46 - wall, 66 - wall)
    image[cavity & (np.abs(_X - 80) > 12)] = -850
    image[121:124, 5:155] = 200
    found = body_outline(image[None])[0]
    assert _overlap(found, BODY) > 0.98
    assert found[cavity].all()
    assert not found[121:124, :60].any()


def test_slices_do_not_meet() -> None:
    shifted = np.roll(_slice(), 7, axis=1)
    both = body_outline(np.stack([_slice(), shifted]))
    np.testing.assert_array_equal(both[0], body_outline(_slice()[None])[0])
    np.testing.assert_array_equal(both[1], body_outline(shifted[None])[0])


def test_of_two_things_the_larger_is_the_patient() -> None:
    image = np.full((160, 160), -1000, np.float32)
    body, arm = _ellipse(80, 90, 40, 50), _ellipse(80, 15, 12, 10)
    image[body | arm] = 40
    found = body_outline(image[None])[0]
    assert _overlap(found, body) > 0.98
    assert not found[arm].any()


def test_a_body_larger_than_the_field_of_view_reaches_the_edge() -> None:
    image = np.full((160, 160), 40, np.float32)
    image[:10] = -1000
    found = body_outline(image[None])[0]
    assert found[20:].mean() > 0.9


def test_noise_does_not_tear_the_outline() -> None:
    noisy = _slice() + np.random.default_rng(0).normal(0, 60, (160, 160)).astype(np.float32)
    assert _overlap(body_outline(noisy[None])[0], BODY) > 0.96


def test_air_alone_holds_no_patient() -> None:
    assert not body_outline(np.full((1, 64, 64), -1000, np.float32)).any()


def _patient(spacing_mm: float) -> np.ndarray:
    """(z, y, x) HU: a trunk with lungs, an arm that joins it above, and a thin table below."""
    n = round(240 / spacing_mm)
    z, y, x = np.mgrid[0:8, 0:n, 0:n].astype(float)
    y, x = (y + 0.5) * spacing_mm - 120, (x + 0.5) * spacing_mm - 120
    hu = np.full((8, n, n), -1000.0)
    hu[(x / 70) ** 2 + (y / 50) ** 2 < 1] = 40
    hu[((np.abs(x) - 30) / 20) ** 2 + (y / 30) ** 2 < 1] = -850
    arm = (x - 90) ** 2 + y**2 < 12**2
    hu[arm | ((z >= 6) & (np.abs(y) < 10) & (x > 0) & (x < 95))] = 40
    hu[(y > 70) & (y < 73) & (np.abs(x) < 100)] = 100
    return hu


@pytest.mark.parametrize("spacing_mm", [1.0, 1.5, 3.0])
def test_the_envelope_holds_lungs_and_arms_and_no_table(spacing_mm):
    hu = _patient(spacing_mm)
    body = body_envelope(hu, (spacing_mm, spacing_mm, 5.0))
    n = hu.shape[1]
    middle, arm, table = n // 2, round(210 / spacing_mm), round(191.5 / spacing_mm)
    assert body[:, middle, round(90 / spacing_mm)].all()  # in a lung
    assert body[:, middle, arm].all()
    assert spacing_mm > 2 or not body[:, table, middle].any()
    assert not body[:, 2, 2].any()


def test_air_has_no_envelope():
    assert not body_envelope(np.full((3, 20, 20), -1000.0), (1.0, 1.0, 1.0)).any()


def test_organs_without_a_body_get_one_around_them():
    organs = np.zeros((3, 60, 60), bool)
    organs[1, 25:30, 20:25] = organs[1, 25:30, 35:40] = True
    around = envelope_around(organs, (2.0, 2.0, 5.0))
    assert around[1, 27, 13:47].all()
    assert not around[1, 27, :12].any()
    assert not around[[0, 2]].any()
