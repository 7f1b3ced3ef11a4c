"""The folded 3D segmenter: shapes, places, and a network that is fresh or trained."""

from __future__ import annotations

import torch

from ctstudio.nets.volume_segmenter import FOLD, HIDDEN, VolumeSegmenter

FEATURES = (8, 8, 8, 8, 8, 8)


def test_scores_lie_at_full_resolution_and_agree_with_the_folded_ones() -> None:
    network = VolumeSegmenter(FEATURES, 3).eval()
    image = torch.randn(2, 1, 32, 32, 64)
    scores, folded = network(image), network.folded(image)
    assert scores.shape == (2, 3, 32, 32, 64)
    assert folded.shape == (2, 3, FOLD**3, 16, 16, 32)
    assert torch.allclose(scores[:, :, 1::2, ::2, 1::2], folded[:, :, 0b101], atol=1e-5)


def test_the_look_at_a_voxel_reaches_that_voxel_alone() -> None:
    network = VolumeSegmenter(FEATURES, 3).eval()
    torch.nn.init.zeros_(network.net.final_conv.weight)
    torch.nn.init.normal_(network.look[2].weight)
    assert network.look[0].out_channels == HIDDEN
    image = torch.zeros(1, 1, 32, 32, 32)
    changed = image.clone()
    changed[0, 0, 5, 6, 7] = 1.0
    gap = (network(changed) - network(image)).abs().sum(dim=1)[0]
    assert gap[5, 6, 7] > 0
    assert (gap > 1e-6).sum() == 1


def test_pooled_features_are_means_and_spreads_of_all_levels() -> None:
    network = VolumeSegmenter(FEATURES, 3).eval()
    pooled = network.pooled(torch.randn(2, 1, 32, 32, 32))
    assert pooled.shape == (2, 2 * sum(FEATURES[:5]))
    assert not torch.allclose(pooled[0], pooled[1])
