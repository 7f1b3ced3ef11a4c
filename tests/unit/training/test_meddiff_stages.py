"""What MedDiff-FM's denoiser is asked in a step: patches seen in three ways, where they lie, and that it learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ctstudio.catalog.meddiff_recipe import PatchSettings
from ctstudio.systems.meddiff_fm.config import MeddiffConfig
from ctstudio.systems.meddiff_fm.network import Denoiser
from ctstudio.systems.meddiff_fm.objective import Patches, loss
from ctstudio.systems.meddiff_fm.positions import crop, whole
from ctstudio.training.patches import cut, draw_lesion_patch, draw_patch, seen_image, seen_labels, stacked
from ctstudio.training.regions import RegionVolume, region_volume
from ctstudio.training.stages.meddiff_denoiser import MeddiffDenoiserStage
from tiny_meddiff_recipe import tiny_meddiff_recipe

CONFIG = MeddiffConfig.model_validate(tiny_meddiff_recipe().network)
SETTINGS = PatchSettings(steps=40, batch=4, learning_rate=3e-3)


@pytest.fixture(scope="module")
def patient() -> RegionVolume:
    return region_volume(1, "abdomen", 12.0)


@pytest.fixture(scope="module")
def ill() -> RegionVolume:
    return region_volume(4_502, "abdomen", 12.0, "liver_lesion")


def _ramp() -> RegionVolume:
    """HU that says where a voxel is: 100 z + 10 y + x."""
    z, y, x = np.indices((9, 7, 5))
    ct_hu = (100 * z + 10 * y + x).astype(np.int16)
    return RegionVolume(ct_hu, (z + 1).astype(np.uint8), np.zeros((9, 7, 5), np.uint8), np.asarray(2))


def test_all_of_a_volume_is_resized_to_a_patch() -> None:
    ramp = _ramp()
    seen = seen_image(ramp.ct_hu, whole(ramp.ct_hu.shape, 4), 4, -1024.0)
    assert seen[0, 0, 0] == 0
    assert seen[-1, -1, -1] == 864
    assert np.allclose(seen[1, 2, 3], 100 * 8 / 3 + 10 * 4 + 4, atol=1e-3)  # trilinear is exact on a ramp
    assert seen_labels(ramp.anatomy, whole(ramp.ct_hu.shape, 4), 4)[:, 0, 0].tolist() == [1, 4, 6, 9]


def test_a_crop_keeps_voxels_and_has_air_beyond_the_volume() -> None:
    ramp = _ramp()
    view = crop((3, 2, 1))
    seen = seen_image(ramp.ct_hu, view, 6, -1024.0)
    assert np.array_equal(seen[:, :5, :4], ramp.ct_hu[3:9, 2:7, 1:5])
    assert (seen[:, 5:] == -1024).all()
    assert (seen[:, :, 4:] == -1024).all()
    assert (seen_labels(ramp.anatomy, view, 6)[:, 5:] == 0).all()


def test_the_three_ways_have_the_odds_they_were_given(patient: RegionVolume) -> None:
    random = np.random.default_rng(0)
    settings = SETTINGS.model_copy(update={"ways": (1.0, 1.0, 2.0)})
    views = [draw_patch(patient, settings, CONFIG.patch, random).view for _ in range(400)]
    natural = np.mean([view.step == (1.0, 1.0, 1.0) for view in views])
    all_of_it = np.mean([view == whole(patient.ct_hu.shape, CONFIG.patch) for view in views])
    assert abs(natural - 0.5) < 0.08
    assert abs(all_of_it - 0.25) < 0.08
    assert all(start >= 0 for view in views for start in view.start)


def test_patches_around_organs_hold_less_air(patient: RegionVolume) -> None:
    def organs(organ: float) -> float:
        settings = SETTINGS.model_copy(update={"ways": (0.0, 0.0, 1.0), "organ": organ})
        random = np.random.default_rng(1)
        parts = [draw_patch(patient, settings, CONFIG.patch, random) for _ in range(150)]
        shown = [seen_labels(part.volume.anatomy, part.view, CONFIG.patch) for part in parts]
        return float(np.mean([len(np.unique(labels)) for labels in shown]))

    assert organs(1.0) > 1.1 * organs(0.0)


def test_a_cut_volume_is_a_box_of_the_whole(patient: RegionVolume) -> None:
    part = cut(patient, 0.5, np.random.default_rng(2))
    assert all(
        whole_edge / 2 - 1 <= edge <= whole_edge
        for edge, whole_edge in zip(part.ct_hu.shape, patient.ct_hu.shape, strict=True)
    )
    assert part.ct_hu.shape != patient.ct_hu.shape
    assert part.anatomy.shape == part.lesion.shape == part.ct_hu.shape


def test_a_lesion_lies_in_the_patches_that_are_to_hold_one(ill: RegionVolume) -> None:
    def held(around: float) -> float:
        random = np.random.default_rng(3)
        parts = [draw_lesion_patch(ill, around, CONFIG.patch, random) for _ in range(60)]
        return float(np.mean([seen_labels(p.volume.lesion, p.view, CONFIG.patch).any() for p in parts]))

    assert held(1.0) == 1.0
    assert held(0.0) < 0.8


def test_patches_are_in_the_window_of_their_region_and_know_where_they_lie(patient: RegionVolume) -> None:
    shape, edge = patient.ct_hu.shape, CONFIG.patch
    corner = (shape[0] - edge, 0, 0)
    part = draw_patch(patient, SETTINGS, edge, np.random.default_rng(0))
    found = stacked([part, type(part)(patient, crop(corner))], CONFIG, torch.device("cpu"))
    assert found.x_0.shape == (2, 1, edge, edge, edge)
    assert -1 <= found.x_0.min() <= found.x_0.max() <= 1
    expected = CONFIG.window("abdomen").to_unit(patient.ct_hu[corner[0] :, :edge, :edge])
    assert torch.equal(found.x_0[1, 0], torch.from_numpy(expected))
    assert found.coordinates[1, 2, -1].unique().tolist() == [1.0]  # the last slice of the volume
    assert found.coordinates[1, 0, 0, 0, 0] == -1.0  # its first column
    assert found.region.tolist() == [2, 2]


def test_the_denoiser_learns_and_listens_to_the_anatomy(patient: RegionVolume) -> None:
    torch.manual_seed(0)
    stage = MeddiffDenoiserStage(Denoiser(CONFIG), [patient], SETTINGS.model_copy(update={"ways": (1.0, 0.0, 0.0)}))
    optimiser = torch.optim.AdamW(stage.module.parameters(), lr=3e-3)
    losses = []
    for step in range(120):
        batch = stage.draw(step, torch.Generator().manual_seed(step))
        value = stage.loss(batch)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        losses.append(value.item())
    assert np.mean(losses[-10:]) < 0.8 * losses[0]
    batch["timesteps"][:] = 900
    true = stage.patches(batch)
    other = Patches(true.x_0, true.coordinates, true.anatomy.flip(1), true.region)
    with torch.no_grad():
        told, misled = (loss(stage.module, p, batch["timesteps"], batch["noise"]) for p in (true, other))
    assert misled > 1.1 * told


def test_draws_repeat(patient: RegionVolume) -> None:
    stage = MeddiffDenoiserStage(Denoiser(CONFIG), [patient], SETTINGS)
    first, second = (stage.draw(3, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(stage.patches(first).x_0, stage.patches(second).x_0)
