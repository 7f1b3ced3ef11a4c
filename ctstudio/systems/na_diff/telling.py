"""What the network is told about a batch of slices, made from the mask, the scan and the dose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip.model import CLIP
from torch import Tensor

from ctstudio.core.seeds import derived
from ctstudio.measure.surrogate import surrogate_slice_hu
from ctstudio.nets.clip import embed_picture
from ctstudio.physics.dose import simulate_low_dose
from ctstudio.physics.geometry import ParallelGeometry
from ctstudio.physics.noise_map import noise_map
from ctstudio.systems.na_diff.conditions import LabelGroups, map_picture, mask_picture, spatial_condition
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.network import NaDiffNetwork
from ctstudio.systems.na_diff.placement import Placement
from ctstudio.systems.na_diff.weights import NaDiffModel


@dataclass(frozen=True)
class Told:
    """One way of asking: (B, D) condition vector, and (B, K, side, side) for the spatial variant."""

    vector: Tensor
    spatial: Tensor | None


@dataclass(frozen=True)
class BatchConditions:
    """The question itself, and the same without the mask, for guidance.

    The noise map stays: guidance shall sharpen the anatomy, not the noise.
    """

    told: Told
    free: Told


def noise_maps_of(placement: Placement, part: slice, dose: float, seed: int) -> Tensor:
    """The noise map that each slice of a batch would have at a dose.

    Returns:
        (B, 1, 256, 256) float32, HU (standard deviation): RMS of a simulated noise realisation, on the CPU.
    """
    geometry = ParallelGeometry(placement.working.shape[1], placement.working.spacing_mm[0])
    rows = range(*part.indices(len(placement.slices)))
    images = torch.from_numpy(np.stack([attenuating_hu(placement, row) for row in rows]))[:, None]
    generators = [torch.Generator().manual_seed(derived(seed, "noise map", z)) for z in placement.slices[part]]
    return noise_map(simulate_low_dose(images, dose, geometry, generators).noise_hu)


def attenuating_hu(placement: Placement, row: int) -> NDArray[np.float32]:
    """(256, 256) HU that the photons of one slice meet: the scan's, else usual HU by label with a body beneath."""
    if placement.scan_hu is not None:
        return placement.scan_hu[row]
    return surrogate_slice_hu(placement.labels[row], placement.working.spacing_mm[0])


def conditions_of(
    model: NaDiffModel, labels: Tensor, given: Tensor, noise_maps: Tensor, guided: bool = True
) -> BatchConditions:
    """Conditions of a batch of slices, on the model's device.

    Args:
        model: What is asked.
        labels: (B, 256, 256) uint8.
        given: (B, G) bool.
        noise_maps: (B, 1, 256, 256) HU.
        guided: Whether the question without the mask will be asked at all.
    """
    noise_maps = calibrated(noise_maps, model.config)
    told = _told(model, labels, given, noise_maps, keep_mask=True)
    if not guided:
        return BatchConditions(told, told)
    return BatchConditions(told, _told(model, labels, torch.zeros_like(given), noise_maps, keep_mask=False))


def calibrated(noise_maps: Tensor, config: NaDiffConfig) -> Tensor:
    """The map to tell a model so that its noise comes out as `noise_maps` (HU), same shape; never below half of it.

    Source: ours; gain and floor are measured after training, on phantoms that neither training nor figures use.
    """
    variance = noise_maps**2 - config.noise_floor_hu**2
    return torch.maximum(variance.clamp_min(0).sqrt() / config.noise_gain, 0.5 * noise_maps)


def _told(model: NaDiffModel, labels: Tensor, given: Tensor, noise_maps: Tensor, keep_mask: bool) -> Told:
    labels, given, noise_maps = (each.to(model.device) for each in (labels, given, noise_maps))
    keep = torch.ones(len(labels), dtype=torch.bool, device=model.device)
    return told_of(model.network, model.clip, model.groups, labels, given, noise_maps, keep, keep & keep_mask)


def told_of(
    network: NaDiffNetwork,
    clip: CLIP,
    groups: LabelGroups,
    labels: Tensor,
    given: Tensor,
    noise_maps: Tensor,
    keep_map: Tensor,
    keep_mask: Tensor,
) -> Told:
    """The conditions of a batch, alike in training and in sampling; all on one device.

    Args:
        network: Its condition layers are used, with gradient where there is one.
        clip: Sees mask and noise map, without gradient.
        groups: The tables.
        labels: (B, 256, 256) uint8.
        given: (B, G) bool.
        noise_maps: (B, 1, 256, 256) HU.
        keep_map: (B,) bool, False puts the learned null in the place of the noise map's embedding.
        keep_mask: (B,) bool, the same of the mask's.
    """
    config = network.config
    heard = given & groups.told.to(given.device)
    with torch.no_grad():
        pictures = {"noise_map": map_picture(noise_maps), "mask": mask_picture(labels, heard, groups)}
        embeddings = {name: embed_picture(clip, pictures[name]) for name in config.conditions}
        spatial = None
        if config.spatial or config.control:
            spatial = spatial_condition(labels, given if config.control else heard, noise_maps, config, groups)
    return Told(network.conditions(embeddings, {"noise_map": keep_map, "mask": keep_mask}), spatial)
