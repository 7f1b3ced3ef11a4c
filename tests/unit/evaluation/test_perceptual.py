"""Perceptual distances: LPIPS by its definition, and the stand-in of a model's own VAE."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from ctstudio.core.errors import WeightMismatch
from ctstudio.evaluation.instruments import files_in
from ctstudio.evaluation.perceptual import BACKBONES, lpips, phantom_perceptual
from ctstudio.systems.na_diff.weights import NaDiffModel


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (72, 80)).astype(np.uint8)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AlexNet's features with random weights, and random learnt weights of the right shapes."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    features = torchvision.models.AlexNet().features
    network, heads, _ = BACKBONES["alexnet"]
    torch.save({f"features.{key}": value for key, value in features.state_dict().items()}, folder / network)
    widths = (64, 192, 384, 256, 256)
    torch.save({f"lin{n}.model.1.weight": torch.rand(1, w, 1, 1) for n, w in enumerate(widths)}, folder / heads)
    return folder


def test_lpips_is_what_its_definition_says(weights: Path) -> None:
    network, heads, _ = BACKBONES["alexnet"]
    features = torchvision.models.AlexNet().features
    state = torch.load(weights / network, weights_only=True)
    features.load_state_dict({key.removeprefix("features."): value for key, value in state.items()})
    shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])
    learnt = torch.load(weights / heads, weights_only=True)
    seen: list[list[torch.Tensor]] = []
    for seed in (1, 2):
        x = torch.from_numpy(picture(seed) / 127.5 - 1.0).float().expand(1, 3, -1, -1)
        x, after_relu = (x - shift.view(1, 3, 1, 1)) / scale.view(1, 3, 1, 1), []
        for layer in features:
            x = layer(x)
            if isinstance(layer, torch.nn.ReLU):
                after_relu.append(torch.nn.functional.normalize(x, dim=1).detach().clone())
        seen.append(after_relu)
    expected = sum(
        float(((a - b) ** 2 * learnt[f"lin{n}.model.1.weight"]).sum(1).mean())
        for n, (a, b) in enumerate(zip(*seen, strict=True))
    )
    measured = lpips(weights, "alexnet")
    assert measured.distance(picture(1), picture(2)) == pytest.approx(expected, rel=1e-4)
    assert measured.published
    assert files_in(weights)["alexnet"] == weights / network


def test_equal_images_are_at_no_distance_and_the_order_does_not_matter(weights: Path, tiny_model: NaDiffModel) -> None:
    for measured in (lpips(weights, "alexnet"), phantom_perceptual(tiny_model)):
        assert measured.distance(picture(1), picture(1)) == 0.0
        there, back = (measured.distance(picture(a), picture(b)) for a, b in ((1, 2), (2, 1)))
        assert there == pytest.approx(back)
        assert there > 0


def test_the_stand_in_says_what_it_is_and_grows_with_the_difference(tiny_model: NaDiffModel) -> None:
    measured = phantom_perceptual(tiny_model)
    assert not measured.published
    assert "phantom" in measured.name
    smooth = np.tile(np.linspace(60, 200, 64), (64, 1))
    noise = np.random.default_rng(0).normal(0, 1, smooth.shape)
    distances = [measured.distance(*(np.uint8(i.clip(0, 255)) for i in (smooth, smooth + s * noise))) for s in (4, 40)]
    assert 0 < distances[0] < distances[1]


def test_files_that_do_not_fit_are_refused(tmp_path: Path, weights: Path) -> None:
    network, heads, _ = BACKBONES["alexnet"]
    (tmp_path / network).write_bytes((weights / network).read_bytes())
    torch.save({"lin0.weight": torch.zeros(1)}, tmp_path / heads)
    with pytest.raises(WeightMismatch, match="LPIPS"):
        lpips(tmp_path, "alexnet")
    torch.save({"features.0.weight": torch.zeros(1)}, tmp_path / network)
    with pytest.raises(WeightMismatch, match="alexnet"):
        lpips(tmp_path, "alexnet")
