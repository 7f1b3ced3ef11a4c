"""Chests as MedSyn's networks learn from them: packed, lowered, cut, made once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ctstudio.phantom.chest_grid import chest_grid
from ctstudio.phantom.chest_population import draw_chest_findings
from ctstudio.phantom.chest_structures import chest_structures
from ctstudio.phantom.patient import make_patient
from ctstudio.phantom.render import render
from ctstudio.systems.medsyn.channels import CT, encoded, lowered
from ctstudio.training.chests import FineChests, coarse_chest, fine_chest, load_coarse, make_coarse, make_fine

SIDE = 16


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chests")
    make_fine(range(2), SIDE, folder, lambda done, total: None)
    return folder


def test_a_packed_chest_holds_the_phantom() -> None:
    patient = make_patient(3, "chest", draw_chest_findings(3))
    phantom = render(patient, chest_grid(patient, SIDE), pet=False, mr=False)
    structures, chest = chest_structures(phantom), fine_chest(3, SIDE).chest
    assert np.array_equal(chest.hu, phantom.ct.array)
    assert np.array_equal(chest.lobes, structures.lobes)
    assert np.array_equal(chest.airway, structures.airway)
    assert np.array_equal(chest.vessels, structures.vessels)


def test_a_part_is_cut_where_the_whole_has_it(folder: Path) -> None:
    chests = FineChests(folder)
    whole = chests.whole(1)
    part = chests.part(1, (2, 4, 6), (8, 4, 10))
    assert torch.equal(part, whole[:, 2:10, 4:8, 6:16])
    assert not torch.equal(whole, chests.whole(0))


def test_a_coarse_chest_is_the_mean_of_a_finer_one() -> None:
    coarse = torch.from_numpy(coarse_chest(3, 8, "mean").volumes.astype(np.float32))
    fine = encoded(fine_chest(3, 16).chest)[None]
    assert torch.allclose(coarse[:, CT], torch.nn.functional.avg_pool3d(fine, 2)[:, CT], atol=1e-3)
    assert torch.allclose(coarse, lowered(fine, 2, "mean"), atol=1e-3)


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    make_coarse(range(1), 8, "mean", tmp_path, lambda done, total: None)
    (first,) = tmp_path.iterdir()
    before = first.stat().st_mtime_ns
    told: list[tuple[int, int]] = []
    make_coarse(range(2), 8, "mean", tmp_path, lambda done, total: told.append((done, total)))
    assert first.stat().st_mtime_ns == before
    assert told == [(1, 2), (2, 2)]
    assert load_coarse(tmp_path).seed.tolist() == [0, 1]
