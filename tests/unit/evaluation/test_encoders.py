"""Encoders: the published ones from local files of tiny networks, and the phantom encoder, which says what it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ctstudio.core.errors import InputError, WeightMismatch
from ctstudio.evaluation.encoders import (
    CLIP_FOLDER,
    INCEPTION_FILE,
    clean_resized,
    clip_encoder,
    inception_encoder,
    phantom_encoder,
)
from ctstudio.evaluation.instruments import files_in, instruments
from ctstudio.systems.na_diff.weights import NaDiffModel


class Layers(torch.nn.Module):
    """Stands for Inception's layers: the mean of each channel."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(dim=(2, 3))


class Inception(torch.nn.Module):
    """With its layers where Clean-FID looks for them."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = Layers()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


def pictures(count: int = 3, size: int = 40) -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(0, 256, (count, size, size)).astype(np.uint8))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A folder with a tiny Inception and a tiny CLIP."""
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.jit.script(Inception()).save(str(tmp_path / INCEPTION_FILE))
    torch.manual_seed(0)
    config = CLIPVisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14,
        projection_dim=8,
    )  # fmt: skip
    CLIPVisionModelWithProjection(config).save_pretrained(tmp_path / CLIP_FOLDER)
    return tmp_path


def test_inception_sees_three_equal_channels_about_zero(weights: Path) -> None:
    encoder = inception_encoder(weights / INCEPTION_FILE)
    assert encoder.published
    seen = encoder.features([np.full((50, 60), 128, np.uint8), np.full((20, 20), 255, np.uint8)])
    np.testing.assert_allclose(seen, [[0, 0, 0], [127 / 128] * 3], atol=1e-6)


def test_images_are_resized_as_clean_fid_does_it() -> None:
    image = pictures(1, 37)[0]
    ours = clean_resized(image, 16)
    as_pil = np.asarray(Image.fromarray(image.astype(np.float32)).resize((16, 16), Image.Resampling.BICUBIC))
    np.testing.assert_allclose(ours[0].numpy(), as_pil.clip(0, 255))
    assert ours.shape == (3, 16, 16)
    torch.testing.assert_close(ours[0], ours[2])
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))
    assert float(clean_resized(stripes, 16).std()) < 20  # without antialiasing, stripes would become beats


def test_clip_is_read_from_the_folder_of_transformers(weights: Path) -> None:
    encoder = clip_encoder(weights / CLIP_FOLDER)
    seen = encoder.features(pictures())
    assert seen.shape == (3, 8)
    assert encoder.published
    np.testing.assert_allclose(encoder.features(pictures()[1:2])[0], seen[1], atol=1e-5)


def test_the_phantom_encoder_says_that_it_is_one(tiny_model: NaDiffModel) -> None:
    encoder = phantom_encoder(tiny_model)
    assert "phantom" in encoder.name
    assert not encoder.published
    images = [*pictures(2, 64), *pictures(1, 48), *pictures(2, 64)]
    seen = encoder.features(images)
    assert seen.shape == (5, tiny_model.config.clip_dim)
    np.testing.assert_allclose(seen[3], seen[0], atol=1e-5)  # images of one size go together and come back in order
    assert np.abs(seen[0] - seen[1]).max() > 1e-4


def test_published_networks_take_the_place_of_stand_ins_one_by_one(weights: Path, tiny_model: NaDiffModel) -> None:
    assert set(files_in(weights)) == {"inception", "clip"}
    found = instruments(tiny_model, weights)
    assert found.inception.published
    assert found.clip.published
    assert not found.perceptual.published
    assert not found.quality.published
    assert [one.published for one in instruments(tiny_model, None).all()] == [False] * 4


def test_a_folder_without_networks_and_damaged_files_are_refused(tmp_path: Path, tiny_model: NaDiffModel) -> None:
    with pytest.raises(InputError, match=INCEPTION_FILE):
        instruments(tiny_model, tmp_path)
    (tmp_path / INCEPTION_FILE).write_bytes(b"no network")
    with pytest.raises(WeightMismatch, match="not the Inception"):
        instruments(tiny_model, tmp_path)
    (tmp_path / CLIP_FOLDER).mkdir()
    with pytest.raises(WeightMismatch, match="CLIP"):
        clip_encoder(tmp_path / CLIP_FOLDER)
