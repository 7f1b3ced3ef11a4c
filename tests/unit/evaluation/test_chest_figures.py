"""The figures of one chest: what is measured in its own lobes, and what an untrained reader leaves open."""

from __future__ import annotations

import math

import numpy as np
import torch

from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume
from ctstudio.evaluation.chest_figures import MEASURED, chest_figures
from ctstudio.evaluation.medsyn_answers import consolidation_ml, effusion_ml, shown
from ctstudio.evaluation.medsyn_volumes import phantom_chest
from ctstudio.systems.medsyn.reading import REGIONS, ChestReader, new_network

FEATURES = (8, 8, 8, 8, 8, 8)


def reader() -> ChestReader:
    """One that sees left upper lobe everywhere."""
    network = new_network(FEATURES).eval()
    torch.nn.init.zeros_(network.net.final_conv.weight)
    bias = torch.zeros(8, len(REGIONS) + 5)
    bias[:, 1] = 5.0
    network.net.final_conv.bias.data = bias.T.flatten()
    return ChestReader("constant", network, torch.device("cpu"))


def test_a_chest_is_measured_in_its_own_lobes() -> None:
    chest = phantom_chest(100_011, {"effusion": "large-left", "consolidation": "large-right-upper"}, 64)
    found = chest_figures(chest.ct, chest.labels, reader())
    assert set(MEASURED) < set(found)
    assert found["effusion_left_ml"] > 5 * found["effusion_right_ml"]
    assert effusion_ml(found) > 200
    assert found["consolidation_lung_upper_lobe_right_ml"] > 0.9 * consolidation_ml(found) > 50
    assert shown(found) == {"effusion": True, "cardiomegaly": False, "emphysema": False, "consolidation": True}
    assert math.isnan(found["cardiothoracic_ratio"])  # this reader knows no heart
    assert found["lobes_dice"] < 0.3
    assert found["effusion_read_ml"] == 0.0


def test_a_chest_without_lungs_has_no_figures() -> None:
    chest = phantom_chest(100_012, {}, 24)
    empty = LabelMap(np.zeros_like(chest.labels.array), chest.labels.grid, chest.labels.table)
    found = chest_figures(chest.ct, empty, reader())
    assert all(math.isnan(found[name]) for name in MEASURED)
    assert not any(shown(found).values())


def test_a_scan_alone_is_measured_in_what_is_read() -> None:
    chest = phantom_chest(100_012, {}, 24)
    found = chest_figures(Volume(chest.ct.array, chest.ct.grid), None, reader())
    assert "lobes_dice" not in found
    assert found["lungs_ml"] > 10_000  # the whole field: this reader sees nothing but lung
