"""The U-Net that reads slices."""

from __future__ import annotations

import torch

from ctstudio.nets.segmenter import AtPixelSize, build_segmenter, segment

FEATURES = (4, 4, 8, 8, 8, 4)


def test_every_pixel_gets_a_class() -> None:
    torch.manual_seed(0)
    classes = segment(build_segmenter(FEATURES, 3).eval(), torch.randn(5, 1, 32, 32))
    assert classes.shape == (5, 32, 32)
    assert classes.dtype == torch.int64
    assert classes.min() >= 0
    assert classes.max() <= 3


def test_reading_in_parts_is_reading_each_alone() -> None:
    torch.manual_seed(0)
    network, images = build_segmenter(FEATURES, 2).eval(), torch.randn(5, 1, 32, 32)
    whole = segment(network, images)
    assert torch.equal(whole, torch.cat([segment(network, image[None]) for image in images]))


def test_the_class_is_the_channel_that_speaks_loudest() -> None:
    network = build_segmenter(FEATURES, 2).eval()
    with torch.no_grad():
        network.final_conv.weight.zero_()
        network.final_conv.bias.copy_(torch.tensor([0.0, 1.0, 3.0]))
    assert torch.equal(segment(network, torch.randn(1, 1, 32, 32)), torch.full((1, 32, 32), 2))


def test_a_slice_of_larger_pixels_is_read_at_the_size_that_was_trained() -> None:
    torch.manual_seed(0)
    network, seen = build_segmenter(FEATURES, 2).eval(), list[torch.Size]()
    network.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape))
    coarse = torch.randn(1, 1, 32, 32)
    read = segment(AtPixelSize(network, 2.0), coarse)
    assert seen == [torch.Size((1, 1, 64, 64))]
    assert read.shape == (1, 32, 32)
    assert torch.equal(segment(AtPixelSize(network, 1.0), coarse), segment(network, coarse))
