"""Held-out slices: never from a training seed, always with liver."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.core.labels import values_of
from ctstudio.core.seeds import TRAINING_SEEDS
from ctstudio.evaluation.held_out import FIRST_SEED, LEAST_LIVER_CM2, HeldOut, as_mask, held_out_slices, with_noise
from ctstudio.systems.na_diff.config import NaDiffConfig

CONFIG = NaDiffConfig()
LIVER, LESION, BODY, SPLEEN = values_of(["liver", "liver_lesion", "body", "spleen"])


@pytest.fixture(scope="module")
def slices() -> HeldOut:
    return held_out_slices(2, CONFIG)


def test_no_slice_comes_from_a_training_seed(slices: HeldOut) -> None:
    assert FIRST_SEED not in TRAINING_SEEDS
    assert all(seed not in TRAINING_SEEDS for seed in slices.seeds.tolist())
    assert len(set(slices.seeds.tolist())) == 2


def test_every_slice_shows_liver_at_the_networks_size(slices: HeldOut) -> None:
    assert slices.ct_hu.shape == slices.labels.shape == (2, 256, 256)
    for image, liver in zip(slices.ct_hu, slices.liver(), strict=True):
        assert liver.sum() * CONFIG.pixel_mm**2 / 100 >= LEAST_LIVER_CM2
        assert 20 < np.median(image[liver]) < 200


def test_the_liver_includes_its_lesions() -> None:
    labels = np.array([[[LIVER, LESION, SPLEEN, 0]]], np.uint8)
    held = HeldOut(np.zeros(labels.shape, np.int16), labels, np.array([1]))
    assert held.liver().tolist() == [[[True, True, False, False]]]


def test_the_same_slices_come_again_and_further_on_others(slices: HeldOut) -> None:
    np.testing.assert_array_equal(held_out_slices(1, CONFIG).ct_hu[0], slices.ct_hu[0])
    later = held_out_slices(1, CONFIG, first_seed=int(slices.seeds[0]) + 1)
    np.testing.assert_array_equal(later.ct_hu[0], slices.ct_hu[1])


def test_noise_grows_as_the_dose_falls_and_does_not_change(slices: HeldOut) -> None:
    quiet, loud = (with_noise(slices, dose, CONFIG) for dose in (1.0, 0.25))
    liver = slices.liver()
    spread = [(image - slices.ct_hu)[liver].std() for image in (quiet, loud)]
    assert spread[1] / spread[0] == pytest.approx(2, rel=0.15)
    np.testing.assert_array_equal(with_noise(slices, 1.0, CONFIG), quiet)


def test_a_mask_keeps_only_what_was_named() -> None:
    small = CONFIG.model_copy(update={"image_size": 16})
    labels = np.zeros((2, 16, 16), np.uint8)
    labels[0, :4], labels[0, 4:8], labels[1, :2] = LIVER, BODY, LESION
    some, everything = as_mask(labels, ("liver", "liver_lesion"), small), as_mask(labels, None, small)
    assert some.present() == (LIVER, LESION)
    np.testing.assert_array_equal(some.array[0], np.where(labels[0] == LIVER, LIVER, 0))
    np.testing.assert_array_equal(everything.array, labels)
    assert some.grid.spacing_mm == (1.5, 1.5, 5.0)
    assert some.grid.shape == (2, 16, 16)
