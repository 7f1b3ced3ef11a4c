"""How far generated organs are from the HU that they have in the phantoms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ctstudio.catalog.shelf import find_model
from ctstudio.core.labels import values_of
from ctstudio.evaluation import organs
from ctstudio.evaluation.held_out import HeldOut, with_noise
from ctstudio.evaluation.organs import organ_figures
from ctstudio.systems.na_diff.weights import NaDiffModel, load
from tiny_na_diff import SMALL, write_tiny_model

LIVER, SPLEEN, AORTA = values_of(["liver", "spleen", "aorta"])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> NaDiffModel:
    folder = write_tiny_model(tmp_path_factory.mktemp("models") / "tiny", changes=SMALL)
    return load(folder, find_model(folder).info, torch.device("cpu"), torch.float32)


@pytest.fixture
def slices() -> HeldOut:
    ct, labels = np.full((2, 64, 64), -1000, np.int16), np.zeros((2, 64, 64), np.uint8)
    for value, hu, part in ((LIVER, 110, slice(10, 30)), (SPLEEN, 120, slice(40, 55))):
        ct[:, part, 20:40], labels[:, part, 20:40] = hu, value
    ct[0, 30:35, 20:24], labels[0, 30:35, 20:24] = 150, AORTA  # 20 pixels are too few to judge by
    return HeldOut(ct, labels, np.array([0, 1]))


def test_organs_that_are_shown_are_measured_and_the_mean_is_over_them(model: NaDiffModel, slices: HeldOut) -> None:
    figures = organ_figures(model, slices)
    assert set(figures) == {"organ_hu_error", "liver_hu_error", "spleen_hu_error"}
    assert figures["organ_hu_error"] == pytest.approx(
        (figures["liver_hu_error"] + figures["spleen_hu_error"]) / 2, abs=0.01
    )


def test_an_error_of_known_size_is_found(model: NaDiffModel, slices: HeldOut, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(own: NaDiffModel, labels: object, keep: object, dose: float, seed: int) -> np.ndarray:  # type: ignore[type-arg]
        window = own.config.window
        image = window.from_unit(window.to_unit(with_noise(slices, dose, own.config))).copy()
        image[0][slices.labels[0] == LIVER] += 12
        image[1][slices.labels[1] == LIVER] -= 8
        return image

    monkeypatch.setattr(organs, "generate_slices", made)
    figures = organ_figures(model, slices)
    assert figures["liver_hu_error"] == pytest.approx(10, abs=0.01)
    assert figures["spleen_hu_error"] == pytest.approx(0, abs=0.01)


def test_the_same_slices_give_the_same_figures(model: NaDiffModel, slices: HeldOut, tmp_path: Path) -> None:
    assert organ_figures(model, slices) == organ_figures(model, slices)
