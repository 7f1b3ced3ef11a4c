"""Where noise is measured."""

import numpy as np
import pytest

from ctstudio.core.labels import values_of
from ctstudio.measure.noise_region import noise_region

LIVER, SPLEEN, BODY, LUNG = values_of(["liver", "spleen", "body", "lung_upper_lobe_left"])


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        ([LIVER, SPLEEN, BODY, 0], [True, False, False, False]),
        ([LUNG, SPLEEN, BODY, 0], [False, True, False, False]),
        ([LUNG, BODY, 0, 0], [True, True, False, False]),
        ([0, 0, 0, 0], [False] * 4),
    ],
)
def test_the_liver_first_then_even_organs_then_all(drawn: list[int], expected: list[bool]) -> None:
    assert noise_region(np.array(drawn, np.uint8)).tolist() == expected


def test_a_kidney_of_either_side_is_even() -> None:
    kidney = values_of(["kidney"])[0]
    assert noise_region(np.array([kidney, LUNG, BODY], np.uint8)).tolist() == [True, False, False]
