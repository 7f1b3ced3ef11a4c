"""Random fields have the strength asked for and are the same wherever they are evaluated."""

import numpy as np
import pytest

from ctstudio.core.grid import Grid
from ctstudio.phantom.shapes import ellipsoid, join, spline
from ctstudio.phantom.texture import on_grid, waves


def test_a_field_on_a_grid_equals_the_field_at_its_points():
    grid = Grid((3, 4, 5), (2.0, 1.5, 3.0), (11.0, -7.0, 30.0))
    field = waves(3, "test", wavelength_mm=12.0, sd=2.0)
    fast = on_grid(field, grid.affine, (1, 0, 2), (2, 4, 3))
    world = grid.to_world(np.argwhere(np.ones(grid.shape)).reshape(3, 4, 5, 3))
    slow = field.at(world[..., 0], world[..., 1], world[..., 2])[1:, :, 2:]
    np.testing.assert_allclose(fast, slow, atol=1e-4)


def test_a_field_has_its_standard_deviation():
    grid = Grid((24, 24, 24), (5.0, 5.0, 5.0))
    field = on_grid(waves(1, "sd", wavelength_mm=15.0, sd=4.0, count=64), grid.affine, (0, 0, 0), grid.shape)
    assert field.std() == pytest.approx(4.0, rel=0.1)
    assert abs(field.mean()) < 0.5


def test_an_ellipsoid_is_negative_inside_and_about_mm_at_its_surface():
    x = np.asarray([0.0, 19.0, 20.0, 21.0], np.float32)
    distance = ellipsoid(x, 0 * x, 0 * x, (0, 0, 0), (20.0, 10.0, 5.0))
    assert distance[0] <= 0
    assert distance[2] == pytest.approx(0, abs=1e-4)
    np.testing.assert_allclose(distance[[1, 3]], [-1, 1], atol=0.1)


def test_a_joint_is_never_outside_either_shape():
    a, b = np.linspace(-5, 5, 21, dtype=np.float32), np.linspace(5, -5, 21, dtype=np.float32)
    assert (join(a, b, 3.0) <= np.minimum(a, b) + 1e-6).all()


def test_a_spline_passes_through_its_knots():
    knots = [(0.0, 0.0, 0.0), (10.0, 5.0, 0.0), (20.0, 0.0, 8.0)]
    points = spline(knots, 5)
    np.testing.assert_allclose(points[::5], knots, atol=1e-9)
