"""The folded 3D segmenter: shapes, places, and a network that is fresh or trained."""

from __future__ import annotations

import torch

from ctstudio.nets.volume_segmenter import FOLD, VolumeSegmenter, local_features

FEATURES = (8, 8, 8, 8, 8, 8)


def test_scores_lie_where_their_cells_were_folded() -> None:
    network = VolumeSegmenter(FEATURES, 3).eval()  # its look is untrained and changes nothing
    image = torch.randn(2, 1, 32, 32, 64)
    scores, folded = network(image), network.folded(image).unflatten(1, (3, FOLD**3))
    assert scores.shape == (2, 3, 32, 32, 64)
    assert torch.allclose(scores[:, :, 1::2, ::2, 1::2], folded[:, :, 0b101], atol=1e-5)


def test_the_look_reaches_a_voxel_and_its_neighbours_alone() -> None:
    network = VolumeSegmenter(FEATURES, 3).eval()
    torch.nn.init.zeros_(network.net.final_conv.weight)
    torch.nn.init.normal_(network.look[4].weight)
    image = torch.zeros(1, 1, 32, 32, 32)
    changed = image.clone()
    changed[0, 0, 15, 16, 17] = 1.0
    gap = (network(changed) - network(image)).abs().sum(dim=1)[0]
    assert gap[15, 16, 17] > 0
    far = gap.clone()
    far[12:19, 13:20, 14:21] = 0.0
    assert far.max() < 1e-6


def test_local_features_are_what_they_say() -> None:
    image = torch.randn(1, 1, 9, 9, 9)
    own, mean, high, low, wide, ridge = local_features(image)[0]
    cube = image[0, 0, 3:6, 3:6, 3:6]
    assert own[4, 4, 4] == image[0, 0, 4, 4, 4]
    assert torch.isclose(mean[4, 4, 4], cube.mean(), atol=1e-5)
    assert (high[4, 4, 4], low[4, 4, 4]) == (cube.max(), cube.min())
    assert torch.isclose(wide[4, 4, 4], image[0, 0, 1:8, 1:8, 1:8].mean(), atol=1e-5)
    assert ridge[4, 4, 4] == low[3:6, 3:6, 3:6].max()
    assert torch.isclose(mean[0, 0, 0], image[0, 0, :2, :2, :2].mean(), atol=1e-5)


def test_pooled_features_are_means_and_spreads_of_all_levels() -> None:
    network = VolumeSegmenter(FEATURES, 3).eval()
    pooled = network.pooled(torch.randn(2, 1, 32, 32, 32))
    assert pooled.shape == (2, 2 * sum(FEATURES[:5]))
    assert not torch.allclose(pooled[0], pooled[1])
