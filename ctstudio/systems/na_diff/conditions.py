"""What the denoiser is told: which labels are where, which are unknown, and how noisy each place is."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ctstudio.core.labels import standard_table
from ctstudio.systems.na_diff.config import NaDiffConfig

ENVELOPE = "body"
"""The group that covers the whole patient: every labelled voxel belongs to it, whatever else it is."""

FINDING = "lesion"
"""The group of findings, which lie within other groups."""

PARENTS: dict[str, str] = {
    "lesion": "liver",
    "liver_lesion": "liver",
    "kidney_lesion": "kidney_left",
    "lung_nodule": "lung_lower_lobe_left",
    "consolidation": "lung_lower_lobe_left",
    "bulla": "lung_lower_lobe_left",
    "fdg_avid_tumor": "body",
    "lymph_node": "body",
}
"""What a finding is part of when nobody says where the finding is."""

MAP_CLIP_HU = 150.0
"""Noise map value that CLIP sees as white; per-image scaling would erase the dose."""


@dataclass(frozen=True)
class LabelGroups:
    """Tables from label values to mask channels.

    Attributes:
        names: Channel names, in order; the first is the envelope.
        table: (256,) int64, label value to channel + 1, 0 for unknown labels.
        parents: (256,) the same with findings replaced by what they are part of.
        usual: (G + 1,) uint8, the label value that stands for each channel, the first of its group; 0 for none.
        told: (G,) bool, the channels that the denoiser is told of at all.
    """

    names: tuple[str, ...]
    table: Tensor
    parents: Tensor
    usual: Tensor
    told: Tensor

    def index(self, name: str) -> int:
        """Channel of a group."""
        return self.names.index(name)


def label_groups(config: NaDiffConfig) -> LabelGroups:
    """The tables of a configuration."""
    values = {label.name: label.value for label in standard_table()}
    table = torch.zeros(256, dtype=torch.int64)
    for channel, names in enumerate(config.label_groups.values(), start=1):
        table[[values[n] for n in names]] = channel
    parents = table.clone()
    for finding, parent in PARENTS.items():
        parents[values[finding]] = table[values[parent]]
    usual = torch.tensor([0, *(values[names[0]] for names in config.label_groups.values())], dtype=torch.uint8)
    names = tuple(config.label_groups)
    told = torch.tensor([not config.told_groups or name in config.told_groups for name in names], dtype=torch.bool)
    return LabelGroups(names, table, parents, usual, told)


def grouped(labels: Tensor, given: Tensor, groups: LabelGroups) -> Tensor:
    """Channel of each pixel.

    Args:
        labels: (B, H, W) uint8 label values.
        given: (B, G) bool, which groups are known. Labels of a group not given are forgotten.
        groups: The tables.

    Returns:
        (B, H, W) int64, 0 where nothing is known, else channel + 1.
    """
    values = labels.long()
    table, parents = groups.table.to(values.device), groups.parents.to(values.device)
    finding = given[:, groups.index(FINDING)] if FINDING in groups.names else given.new_zeros(len(given))
    channels = torch.where(finding[:, None, None], table[values], parents[values])  # (B, H, W)
    known = functional.pad(given, (1, 0))  # (B, G + 1), background never known
    keep = torch.gather(known, 1, channels.flatten(1)).view_as(channels)
    return torch.where(keep, channels, 0)


def mask_condition(labels: Tensor, given: Tensor, factor: int, groups: LabelGroups) -> Tensor:
    """The mask at latent resolution.

    Args:
        labels: (B, 256, 256) uint8.
        given: (B, G) bool.
        factor: Pixels to a latent pixel along one edge.
        groups: The tables.

    Returns:
        (B, 2 G, side, side) float32: the part of each latent pixel that a group covers, and a constant plane a group
        that says whether it is given.
    """
    parts = occupancy(grouped(labels, given, groups), len(groups.names) + 1, factor)[:, 1:]  # (B, G, side, side)
    envelope = groups.index(ENVELOPE)
    body = ((labels > 0) & given[:, envelope, None, None]).float()
    parts[:, envelope] = functional.avg_pool2d(body, factor)
    flags = given.float()[:, :, None, None].expand_as(parts)  # (B, G, side, side)
    return torch.cat([parts, flags], dim=1)  # (B, 2G, side, side)


def occupancy(channels: Tensor, count: int, factor: int) -> Tensor:
    """The part of each latent pixel that each of `count` classes covers.

    Args:
        channels: (B, H, W) int64 classes from 0 to `count` - 1.
        count: Number of classes.
        factor: Pixels to a latent pixel along one edge.

    Returns:
        (B, count, H / factor, W / factor) float32; sums to 1 over the classes.
    """
    batch, height, width = channels.shape
    parts = torch.zeros(batch, count, height // factor, width // factor, device=channels.device)
    share = torch.full((batch, 1, *parts.shape[2:]), 1.0 / factor**2, device=channels.device)
    for row in range(factor):
        for column in range(factor):
            parts.scatter_add_(1, channels[:, None, row::factor, column::factor], share)
    return parts


def spatial_condition(
    labels: Tensor, given: Tensor, noise_map_hu: Tensor, config: NaDiffConfig, groups: LabelGroups
) -> Tensor:
    """What enters beside z_t in the spatial variant.

    Args:
        labels: (B, 256, 256) uint8.
        given: (B, G) bool.
        noise_map_hu: (B, 1, 256, 256) local noise SD in HU; 0 everywhere when it is not given.
        config: Sizes and scaling.
        groups: The tables.

    Returns:
        (B, 2 G + 1, side, side) float32: `mask_condition`, and the noise map over `noise_map_scale_hu`.
    """
    noise = functional.avg_pool2d(noise_map_hu, config.vae_factor) / config.noise_map_scale_hu  # (B, 1, side, side)
    return torch.cat(
        [mask_condition(labels, given, config.vae_factor, groups), noise.clamp(0, 4)], dim=1
    )  # (B, 2G+1, side, side)


def mask_picture(labels: Tensor, given: Tensor, groups: LabelGroups) -> Tensor:
    """The mask as CLIP sees it: (B, 3, H, W) in [0, 1], one fixed colour a group, black where nothing is known.

    With a single group this is the paper's 0/255 picture; more groups share out the colour wheel.
    """
    count = len(groups.names)
    hues = torch.arange(count, dtype=torch.float32) / count  # (G,)
    waves = torch.stack([0.6 + 0.4 * torch.cos(2 * torch.pi * (hues - k / 3)) for k in range(3)], dim=1)  # (G, 3)
    colours = functional.pad(waves if count > 1 else torch.ones(1, 3), (0, 0, 1, 0)).to(labels.device)  # (G + 1, 3)
    return colours[grouped(labels, given, groups)].permute(0, 3, 1, 2)  # (B, 3, H, W)


def map_picture(noise_map_hu: Tensor) -> Tensor:
    """The noise map (B, 1, H, W) in HU as CLIP sees it: (B, 3, H, W) in [0, 1], fixed scale."""
    return (noise_map_hu / MAP_CLIP_HU).clamp(0, 1).expand(-1, 3, -1, -1)


def drop_groups(count: int, groups: LabelGroups, generator: torch.Generator) -> Tensor:
    """Which groups each training sample is told.

    One sample in eight knows all, one in eight the liver alone, one in eight the liver with the envelope; the rest keep
    every group with a probability of their own, drawn per sample.

    Returns:
        (count, G) bool.
    """
    kind = torch.rand(count, generator=generator)
    keep = torch.rand(count, len(groups.names), generator=generator) < torch.rand(count, 1, generator=generator)
    liver = torch.zeros(len(groups.names), dtype=torch.bool)
    liver[groups.index("liver")] = True
    with_body = liver.clone()
    with_body[groups.index(ENVELOPE)] = True
    keep[kind < 0.375] = with_body
    keep[kind < 0.25] = liver
    keep[kind < 0.125] = True
    return keep
