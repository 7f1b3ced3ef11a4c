"""Whole volumes through a network that sees patches."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
import torch
from monai.inferers import SlidingWindowInferer
from torch import Tensor, nn

from ctstudio.core.errors import GeometryError
from ctstudio.diffusion.loop import denoise
from ctstudio.diffusion.noise import generator_for
from ctstudio.diffusion.schedules import build_sampler
from ctstudio.diffusion.windows import Weights, Windows, blended, lay_windows
from ctstudio.measure.seam import seam_score, window_borders
from live_memory import LiveMemory

SHAPE = (21, 17, 30)
PATCH = 8
WEIGHTS: tuple[Weights, ...] = ("gaussian", "uniform")


def _volume(*shape: int, channels: int = 1) -> Tensor:
    return torch.randn(1, channels, *shape, generator=generator_for(0, *shape))


def _constant(value: float) -> Callable[[Tensor, Sequence[int]], Tensor]:
    return lambda parts, numbers: torch.full_like(parts, value)


def _network() -> nn.Module:
    """Sees its patch alone, so that neighbouring windows disagree."""
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv3d(1, 8, 3, padding=1), nn.Tanh(), nn.Conv3d(8, 2, 3, padding=1))
    return layers.eval().requires_grad_(False)


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.75])
def test_a_constant_network_gives_what_one_pass_gives(weights: Weights, overlap: float) -> None:
    windows = lay_windows(SHAPE, PATCH, overlap)
    found = blended(_volume(*SHAPE), windows, _constant(0.7), 3, weights)
    assert (found - 0.7).abs().max() < 1e-6


def test_a_whole_sampling_run_with_a_constant_network_is_that_of_one_pass() -> None:
    noise, windows = _volume(*SHAPE), lay_windows(SHAPE, PATCH, 0.25)

    def run(predict: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        sampler = build_sampler("ddim", 10, "v_prediction", schedule="cosine")
        return list(denoise(predict, sampler, noise, [generator_for(0)]))[-1].x_t

    at_once = run(lambda x_t, timesteps: torch.full_like(x_t, 0.7))
    by_windows = run(lambda x_t, timesteps: blended(x_t, windows, _constant(0.7), 4))
    assert (by_windows - at_once).abs().max() < 1e-6


@pytest.mark.parametrize("weights", WEIGHTS)
def test_every_voxel_is_covered_for_any_shape_and_overlap(weights: Weights) -> None:
    """A voxel that no window covers would be 0 / 0."""
    draw = random.Random(0)
    for _ in range(200):
        patch = draw.randint(1, 7)
        shape = [patch + draw.randint(0, 12) for _ in range(3)]
        windows = lay_windows(shape, patch, draw.uniform(0, 0.9))
        found = blended(torch.zeros(1, 1, *shape), windows, _constant(1.0), 64, weights)
        assert torch.isfinite(found).all()
        assert (found - 1).abs().max() < 1e-5


@pytest.mark.parametrize("weights", WEIGHTS)
def test_batch_and_order_do_not_change_the_result(weights: Weights) -> None:
    network, volume, windows = _network(), _volume(*SHAPE), lay_windows(SHAPE, PATCH, 0.5)
    first = blended(volume, windows, lambda parts, _: network(parts), 1, weights)
    assert first.shape == (1, 2, *SHAPE)
    order = list(range(len(windows.corners)))
    random.Random(0).shuffle(order)
    for batch, keep in ((5, None), (1000, None), (3, order)):
        again = blended(volume, windows, lambda parts, _: network(parts), batch, weights, keep)
        assert (again - first).abs().max() < 1e-5


@pytest.mark.parametrize("overlap", [0.25, 0.5, 0.75])
@pytest.mark.parametrize("shape", [SHAPE, (8, 8, 8), (16, 24, 9)])
def test_uniform_weights_are_monais_constant_mode(shape: tuple[int, int, int], overlap: float) -> None:
    network, volume = _network(), _volume(*shape)
    theirs = SlidingWindowInferer((PATCH,) * 3, sw_batch_size=2, overlap=overlap, mode="constant")(volume, network)
    windows = lay_windows(shape, PATCH, overlap)
    ours = blended(volume, windows, lambda parts, _: network(parts), 4, "uniform")
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


def test_a_window_is_told_its_number() -> None:
    """By it the conditions of the window are found again."""
    volume, windows = _volume(*SHAPE), lay_windows(SHAPE, PATCH, 0.25)
    seen: list[int] = []

    def predict(parts: Tensor, numbers: Sequence[int]) -> Tensor:
        for part, number in zip(parts, numbers, strict=True):
            assert torch.equal(part, windows.part(volume[0], windows.corners[number]))
        seen.extend(numbers)
        return parts

    found = blended(volume, windows, predict, 5)
    assert seen == list(range(len(windows.corners)))
    torch.testing.assert_close(found, volume, rtol=0, atol=1e-5)


def test_the_middle_of_a_window_counts_more_than_its_border() -> None:
    """Two windows of 8 along x that overlap by 4: at x = 4 the first is far within, the second begins."""
    windows = lay_windows((8, 8, 12), 8, 0.5)

    def predict(parts: Tensor, numbers: Sequence[int]) -> Tensor:
        return torch.stack([torch.full_like(parts[0], float(n)) for n in numbers])

    gaussian, uniform = (blended(_volume(8, 8, 12), windows, predict, 2, w)[0, 0, 3, 3] for w in WEIGHTS)
    torch.testing.assert_close(uniform, torch.tensor([0.0] * 4 + [0.5] * 4 + [1.0] * 4))
    assert gaussian[4] < 0.05
    assert gaussian[7] > 0.95
    assert (gaussian[4] + gaussian[7]).item() == pytest.approx(1, abs=1e-5)


def test_windows_of_air_are_skipped_and_become_air() -> None:
    volume, windows = torch.full((1, 1, 24, 8, 8), -1.0), lay_windows((24, 8, 8), 8, 0.25)
    body = torch.zeros(24, 8, 8, dtype=torch.bool)
    body[1, 2, 3] = True
    keep = windows.holding(body)
    asked: list[int] = []

    def predict(parts: Tensor, numbers: Sequence[int]) -> Tensor:
        asked.extend(numbers)
        return torch.full_like(parts, 0.4)

    found = blended(volume, windows, predict, 4, keep=keep, skipped=-1.0)[0, 0]
    assert tuple(asked) == keep == (0,)
    assert windows.starts[0] == (0, 6, 12, 16)
    assert (found[:6] - 0.4).abs().max() < 1e-6
    assert (found[8:] == -1.0).all()
    assert (found[6:8] < 0.4).all(), "both windows are heard where they overlap"
    assert (found[6:8] > -1.0).all()
    assert (blended(volume, windows, predict, 4, keep=(), skipped=-1.0) == -1.0).all()


def test_nothing_but_the_volume_and_the_result_grows_with_the_volume() -> None:
    besides = []
    for shape in ((16, 16, 16), (16, 64, 64)):
        volume = torch.zeros(1, 1, *shape)
        with LiveMemory() as alive:
            result = blended(volume, lay_windows(shape, PATCH, 0.25), _constant(0.5), 2)
        besides.append(alive.peak - volume.nbytes - result.nbytes)
    assert abs(besides[1] - besides[0]) < 1024  # weights along longer axes
    assert 0 < besides[1] < 8 * 2 * 4 * PATCH**3


def test_no_seam_shows_where_windows_overlap_and_weights_fall() -> None:
    """The windows of this network disagree by as much as neighbouring voxels do."""
    shape = (24, 24, 60)
    smooth = torch.nn.functional.avg_pool3d(_volume(28, 28, 64), 5, stride=1)
    windows = lay_windows(shape, 12, 0.5)
    shift = 0.3 * smooth.std() * torch.randn(len(windows.corners), generator=generator_for(1))

    def score(weights: Weights, laid: Windows) -> float:
        found = blended(smooth, laid, lambda p, ns: p + shift[list(ns)].view(-1, 1, 1, 1, 1), 16, weights)
        borders = [window_borders(n, begun, laid.patch) for n, begun in zip(shape, laid.starts, strict=True)]
        return seam_score(found[0, 0].numpy(), borders)

    assert score("gaussian", windows) <= 1.05
    assert score("gaussian", windows) < score("uniform", windows) < score("uniform", lay_windows(shape, 12, 0.0))


def test_a_volume_smaller_than_a_window_is_refused() -> None:
    with pytest.raises(GeometryError, match="7 voxels are fewer than a window of 8"):
        lay_windows((8, 7, 8), 8, 0.25)
