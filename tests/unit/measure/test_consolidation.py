"""Consolidated lung of boxes, by lobe."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.core.errors import MaskError
from ctstudio.measure.consolidation import consolidation_mask, consolidation_ml
from hand_made_chest import VOXEL_ML, hand_made

LUMP = (slice(22, 32), slice(15, 27), slice(54, 64))


def test_a_known_lump_is_found_in_its_lobe() -> None:
    chest = hand_made()
    chest.hu[LUMP] = 35.0
    found = consolidation_ml(chest.ct, chest.anatomy)
    assert found.pop("lung_upper_lobe_left") == pytest.approx(1200 * VOXEL_ML, rel=0.02)
    assert not any(found.values())


def test_vessels_fissures_and_nodules_are_no_consolidation() -> None:
    chest = hand_made()
    chest.hu[24:30, 12:38, 58:62] = 60.0
    chest.vessels[24:30, 12:38, 58:62] = True
    chest.hu[20, 10:40, 10:30] = -100.0  # a fissure, one voxel thin
    chest.hu[8:13, 15:20, 15:20] = 40.0  # 3.4 ml
    assert not consolidation_mask(chest.ct, chest.anatomy).any()


def test_a_lump_across_a_fissure_is_shared_by_both_lobes() -> None:
    chest = hand_made()
    chest.hu[10:20, 15:30, 14:26] = 35.0  # half in the right lower, half in the middle lobe
    found = consolidation_ml(chest.ct, chest.anatomy)
    assert found["lung_lower_lobe_right"] == pytest.approx(found["lung_middle_lobe_right"], rel=0.1)


def test_empty_lungs_are_refused() -> None:
    chest = hand_made()
    np.copyto(chest.lobes, 0)
    with pytest.raises(MaskError):
        consolidation_ml(chest.ct, chest.anatomy)
