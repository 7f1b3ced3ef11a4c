"""The cardiothoracic ratio of boxes."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.core.errors import MaskError
from ctstudio.measure.cardiothoracic import cardiothoracic_ratio
from ctstudio.measure.chest_anatomy import ChestAnatomy
from hand_made_chest import GRID, hand_made


def test_a_known_ratio_ignores_strays() -> None:
    chest = hand_made()
    assert cardiothoracic_ratio(chest.anatomy) == pytest.approx(16 / 60)
    chest.heart[12, 13, 69] = True
    assert cardiothoracic_ratio(chest.anatomy) == pytest.approx(16 / 60)


def test_a_wider_heart_at_one_level_decides() -> None:
    chest = hand_made()
    chest.heart[14, 12:25, 31:56] = True
    assert cardiothoracic_ratio(chest.anatomy) == pytest.approx(25 / 60, abs=0.02)


def test_fluid_counts_as_thorax() -> None:
    chest = hand_made()
    narrow = chest.lobes.copy()
    narrow[:, :, 60:] = 0
    fluid = np.zeros(GRID.shape, bool)
    fluid[5:35, 10:40, 60:70] = True
    anatomy = ChestAnatomy(GRID, narrow, chest.airway, chest.vessels, chest.heart, fluid)
    assert cardiothoracic_ratio(anatomy) == pytest.approx(16 / 60)


def test_without_heart_or_lung_there_is_no_ratio() -> None:
    chest = hand_made()
    with pytest.raises(MaskError):
        cardiothoracic_ratio(ChestAnatomy(GRID, chest.lobes, chest.airway, chest.vessels))
    chest.lobes[8:22] = 0
    with pytest.raises(MaskError):
        cardiothoracic_ratio(chest.anatomy)
