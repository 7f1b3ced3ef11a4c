"""The figures of a model: shapes, keys, and what a perfect model would score."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ctstudio.core.labels import values_of
from ctstudio.core.windows import Window
from ctstudio.evaluation.held_out import HeldOut, held_out_slices
from ctstudio.evaluation.na_diff import (
    DOSES,
    autoencoded,
    dice_with_others,
    dose_figures,
    generate_slices,
    look_figures,
    mask_figures,
    vae_figures,
)
from ctstudio.systems.na_diff.weights import NaDiffModel, load_segmenter

BODY, LIVER = values_of(["body", "liver"])


@pytest.fixture(scope="module")
def at_six_mm(tiny_model: NaDiffModel) -> HeldOut:
    """Two held-out slices with few pixels; the liver is made large enough to count."""
    y, x = np.mgrid[:64, :64]
    labels = np.zeros((2, 64, 64), np.uint8)
    for row in range(2):
        labels[row][((y - 32) / 20) ** 2 + ((x - 32) / 27) ** 2 < 1] = BODY
        labels[row][((y - 30) / 10) ** 2 + ((x - 20 - 8 * row) / 10) ** 2 < 1] = LIVER
    hu = np.where(labels == LIVER, 60, np.where(labels == BODY, 20, -1000)).astype(np.int16)
    return HeldOut(hu, labels, np.array([10_000, 10_001]))


class PaintsTheMask(torch.nn.Module):
    """Reads the liver wherever the slice is brighter than 50 HU."""

    def __init__(self, window: Window, groups: int, channel: int) -> None:
        super().__init__()
        self.bright = float(window.to_unit(np.float32(50)))
        self.groups, self.channel = groups, channel

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        logits = torch.zeros(len(image), self.groups + 1, *image.shape[-2:])
        logits[:, 0] = 0.5
        logits[:, self.channel] = (image[:, 0] > self.bright).float()
        return logits


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch, at_six_mm: HeldOut) -> None:
    """Figures of the prepared slices: rendering patients is tested elsewhere."""
    monkeypatch.setattr("ctstudio.evaluation.na_diff.held_out_slices", lambda *_, **__: at_six_mm)


def test_slices_are_generated_as_a_user_would_one_for_each(tiny_model: NaDiffModel, at_six_mm: HeldOut) -> None:
    labels = np.concatenate([at_six_mm.labels] * 3)[:5]
    made = generate_slices(tiny_model, labels, ("liver",), 0.5, seed=1, steps=4)
    assert made.shape == (5, 64, 64)
    assert made.dtype == np.float32
    assert (made.std(axis=(1, 2)) > 1).all()
    np.testing.assert_array_equal(generate_slices(tiny_model, labels, ("liver",), 0.5, seed=1, steps=4), made)


@pytest.mark.usefixtures("at_once")
def test_mask_figures_have_their_keys(tiny_folder: Path, tiny_model: NaDiffModel) -> None:
    lines: list[str] = []
    figures = mask_figures(tiny_model, load_segmenter(tiny_folder, tiny_model.config), 2, lines.append)
    assert set(figures) == {
        "slices", "segmenter_dice_phantoms", "dice_phantoms_shuffled", "dice_liver_alone", "dice_liver_alone_shuffled",
        "dice_all_labels", "dice_all_labels_shuffled",
    }  # fmt: skip
    assert all(0 <= value <= 1 for name, value in figures.items() if name != "slices")
    assert len(lines) == 2


@pytest.mark.usefixtures("at_once")
def test_a_perfect_model_scores_what_the_segmenter_scores_on_phantoms(
    tiny_model: NaDiffModel, at_six_mm: HeldOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    perfect = at_six_mm.ct_hu.astype(np.float32)
    monkeypatch.setattr("ctstudio.evaluation.na_diff.generate_slices", lambda *_, **__: perfect)
    monkeypatch.setattr("ctstudio.evaluation.na_diff.with_noise", lambda *_: perfect)
    reader = PaintsTheMask(tiny_model.config.window, len(tiny_model.groups.names), tiny_model.groups.index("liver") + 1)
    figures = mask_figures(tiny_model, reader, 2, lambda line: None)
    assert figures["segmenter_dice_phantoms"] == 1.0
    assert figures["dice_liver_alone"] == figures["dice_all_labels"] == 1.0


@pytest.mark.usefixtures("at_once")
def test_dose_figures_have_a_number_a_dose(tiny_model: NaDiffModel, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = dose_figures(tiny_model, 2, lambda line: None)
    doses = {f"{dose:.2f}" for dose in DOSES}
    assert set(figures) == {
        "anatomies", "median_sd_hu", "median_requested_sd_hu", "ratio", "slope", "strictly_falling",
    }  # fmt: skip
    for name in ("median_sd_hu", "median_requested_sd_hu", "ratio"):
        assert set(figures[name]) == doses
    asked = [figures["median_requested_sd_hu"][f"{dose:.2f}"] for dose in DOSES]
    assert asked == sorted(asked, reverse=True)
    assert 0 <= figures["strictly_falling"] <= 1


@pytest.mark.usefixtures("at_once")
def test_a_model_that_obeys_the_dose_has_a_slope_of_minus_a_half(
    tiny_model: NaDiffModel, at_six_mm: HeldOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.random.default_rng(0).normal(0, 1, at_six_mm.ct_hu.shape).astype(np.float32)

    def obedient(model: NaDiffModel, labels: object, keep: object, dose: float, seed: int) -> np.ndarray:  # type: ignore[type-arg]
        return np.asarray(at_six_mm.ct_hu + 10 * noise / np.sqrt(dose), np.float32)

    monkeypatch.setattr("ctstudio.evaluation.na_diff.generate_slices", obedient)
    figures = dose_figures(tiny_model, 2, lambda line: None)
    assert figures["slope"] == pytest.approx(-0.5, abs=0.01)
    assert figures["strictly_falling"] == 1.0
    assert figures["median_sd_hu"]["1.00"] == pytest.approx(10, rel=0.2)


@pytest.mark.usefixtures("at_once")
def test_a_liver_elsewhere_is_measured_where_it_is(
    tiny_model: NaDiffModel, at_six_mm: HeldOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that hears embeddings alone puts the liver elsewhere: edges within the mask are no noise of its own."""
    deaf = replace(tiny_model, config=tiny_model.config.model_copy(update={"spatial": False}))
    noise = np.random.default_rng(0).normal(0, 1, at_six_mm.ct_hu.shape).astype(np.float32)
    y, x = np.mgrid[: noise.shape[1], : noise.shape[2]]
    striped = np.where((y + x) % 6 < 3, 300.0, -300.0)  # what lies in the mask
    liver = np.broadcast_to((x < 24) & (y < 24), noise.shape)

    def elsewhere(model: NaDiffModel, labels: object, keep: object, dose: float, seed: int) -> np.ndarray:  # type: ignore[type-arg]
        return np.where(liver, 10 * noise / np.sqrt(dose), striped).astype(np.float32)

    monkeypatch.setattr("ctstudio.evaluation.na_diff.generate_slices", elsewhere)
    monkeypatch.setattr("ctstudio.evaluation.na_diff.liver_read", lambda *_: liver)
    reader = torch.nn.Identity()
    assert dose_figures(deaf, 2, lambda line: None, reader)["slope"] == pytest.approx(-0.5, abs=0.02)
    assert abs(dose_figures(tiny_model, 2, lambda line: None, reader)["slope"]) < 0.2  # in the mask, as it must obey
    monkeypatch.setattr("ctstudio.evaluation.na_diff.liver_read", lambda *_: np.zeros_like(liver))
    assert np.isnan(dose_figures(deaf, 2, lambda line: None, reader)["slope"])


@pytest.mark.usefixtures("at_once")
def test_the_autoencoder_is_measured_before_and_after(tiny_model: NaDiffModel, at_six_mm: HeldOut) -> None:
    figures = vae_figures(tiny_model, 2)
    assert set(figures) == {f"{dose:.2f}" for dose in DOSES}
    assert figures["0.05"]["before_hu"] > 2 * figures["1.00"]["before_hu"]
    images = at_six_mm.ct_hu.astype(np.float32)
    after = autoencoded(tiny_model, images)
    assert after.shape == images.shape
    np.testing.assert_allclose(autoencoded(tiny_model, images[1:])[0], after[1], atol=0.5)


def test_looks_are_told_in_figures(tiny_model: NaDiffModel, at_six_mm: HeldOut) -> None:
    figures = look_figures(tiny_model, at_six_mm.ct_hu.astype(np.float32), at_six_mm, lambda line: None)
    assert set(figures) == {
        "checkerboard_generated", "checkerboard_phantoms", "nearest_training_hu", "nearest_training_hu_phantoms",
        "two_seeds_differ_hu",
    }  # fmt: skip
    assert figures["two_seeds_differ_hu"] > 1
    assert figures["nearest_training_hu_phantoms"] < figures["nearest_training_hu"]


def test_slices_that_are_held_out_fit_the_tiny_model_too(tiny_model: NaDiffModel) -> None:
    """Any image size may be asked for; only the demo's is large enough to hold a liver of 800 pixels easily."""
    config = tiny_model.config.model_copy(update={"image_size": 128, "pixel_mm": 3.0})
    assert held_out_slices(1, config).labels.shape == (1, 128, 128)


def test_shuffled_masks_are_compared_with_everyone_elses() -> None:
    masks = np.zeros((3, 4, 4), bool)
    masks[0, :2], masks[1, 1:3], masks[2, 3] = True, True, True
    expected = np.mean([0.5, 0.0, 0.5, 0.0, 0.0, 0.0])  # 0-1, 0-2, 1-0, 1-2, 2-0, 2-1
    assert dice_with_others(masks, masks) == pytest.approx(expected)
    assert dice_with_others(np.zeros_like(masks), masks) == 0.0
