"""Patches of whole volumes, seen in MedDiff-FM's three ways, with where they lie and what they hold.

Source: MedDiff-FM, section 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ctstudio.catalog.anatomy_vocabulary import BODY
from ctstudio.catalog.meddiff_recipe import PatchSettings
from ctstudio.catalog.meddiff_regions import REGIONS
from ctstudio.systems.meddiff_fm.config import MeddiffConfig
from ctstudio.systems.meddiff_fm.objective import Patches
from ctstudio.systems.meddiff_fm.positions import View, coordinates, crop, half_size, whole
from ctstudio.training.boxes import part_of
from ctstudio.training.regions import RegionVolume

AIR_HU = -1024.0


@dataclass(frozen=True)
class Patch:
    """What is seen of a volume."""

    volume: RegionVolume
    view: View


def draw_patch(volume: RegionVolume, settings: PatchSettings, patch: int, random: np.random.Generator) -> Patch:
    """A patch of a volume in one of the three ways, anywhere or around an organ."""
    if random.random() < settings.partial:
        volume = cut(volume, settings.cut, random)
    shape = volume.ct_hu.shape
    odds = np.asarray(settings.ways) / sum(settings.ways)
    way = int(random.choice(3, p=odds))
    if way == 0:
        return Patch(volume, whole(shape, patch))
    if way == 1:
        return Patch(volume, half_size(shape, patch, _corner(shape, 2 * patch, random)))
    if random.random() < settings.organ:
        return Patch(volume, crop(_around(_organ_voxel(volume.anatomy, random), shape, patch, random)))
    return Patch(volume, crop(_corner(shape, patch, random)))


def draw_lesion_patch(volume: RegionVolume, around: float, patch: int, random: np.random.Generator) -> Patch:
    """A patch of a volume in the model's own voxels; the part `around` of them holds a lesion."""
    shape = volume.ct_hu.shape
    inside = volume.lesion > 0
    if inside.any() and random.random() < around:
        return Patch(volume, crop(_around(_one_of(inside, random), shape, patch, random)))
    return Patch(volume, crop(_corner(shape, patch, random)))


def middle_patch(volume: RegionVolume, patch: int) -> Patch:
    """The patch in the middle of a volume, or about the middle of its lesions."""
    shape = volume.ct_hu.shape
    voxels = np.argwhere(volume.lesion)
    middle = voxels[len(voxels) // 2].tolist() if len(voxels) else [count // 2 for count in shape]
    corner = [min(max(at - patch // 2, 0), max(n - patch, 0)) for at, n in zip(middle, shape, strict=True)]
    return Patch(volume, crop(corner))


def cut(volume: RegionVolume, most: float, random: np.random.Generator) -> RegionVolume:
    """The volume as a scanner sees it that misses up to the part `most` of each axis, at either end."""
    where = []
    for edge in volume.ct_hu.shape:
        lost = random.uniform(0.0, most) * edge
        first = int(random.uniform(0.0, 1.0) * lost)
        where.append(slice(first, first + max(1, edge - int(lost))))
    box = tuple(where)
    return RegionVolume(volume.ct_hu[box], volume.anatomy[box], volume.lesion[box], volume.region)


def stacked(parts: Sequence[Patch], config: MeddiffConfig, device: torch.device) -> Patches:
    """Patches as the networks learn from them, on a device."""
    edge = config.patch
    images = [_image(part, config) for part in parts]
    anatomy = [seen_labels(part.volume.anatomy, part.view, edge) for part in parts]
    lesions = [seen_labels(part.volume.lesion, part.view, edge) for part in parts]
    return Patches(
        torch.from_numpy(np.stack(images))[:, None].to(device),  # (B, 1, p, p, p)
        torch.stack([coordinates(part.view, part.volume.ct_hu.shape, edge) for part in parts]).to(device),
        torch.from_numpy(np.stack(anatomy)).to(device),  # (B, p, p, p)
        torch.tensor([int(part.volume.region) for part in parts], device=device),
        torch.from_numpy((np.stack(lesions) > 0).astype(np.float32))[:, None].to(device),  # (B, 1, p, p, p)
    )


def _image(part: Patch, config: MeddiffConfig) -> NDArray[np.float32]:
    window = config.window(REGIONS[int(part.volume.region)])
    return window.to_unit(seen_image(part.volume.ct_hu, part.view, config.patch, AIR_HU))


def seen_image(image: NDArray[Any], view: View, edge: int, outside: float) -> NDArray[np.float32]:
    """What a view shows of an image (z, y, x): (edge, edge, edge), trilinear; `outside` beyond it."""
    if view.step == (1.0, 1.0, 1.0):
        return part_of(image, _whole_numbers(view), (edge,) * 3, outside).astype(np.float32)
    for axis, (start, step, count) in enumerate(zip(view.start, view.step, image.shape, strict=True)):
        places = np.clip(start + step * np.arange(edge), 0, count - 1)
        low = np.floor(places).astype(np.intp)
        share = (places - low).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
        high = np.minimum(low + 1, count - 1)
        image = image.take(low, axis) * (1 - share) + image.take(high, axis) * share
    return image.astype(np.float32)


def seen_labels(labels: NDArray[np.uint8], view: View, edge: int) -> NDArray[np.uint8]:
    """What a view shows of labels (z, y, x): (edge, edge, edge), nearest voxel; 0 beyond them."""
    if view.step == (1.0, 1.0, 1.0):
        return part_of(labels, _whole_numbers(view), (edge,) * 3, 0)
    rows = [
        np.clip(np.floor(start + step * np.arange(edge) + 0.5).astype(np.intp), 0, count - 1)
        for start, step, count in zip(view.start, view.step, labels.shape, strict=True)
    ]
    return labels[np.ix_(*rows)]


def _whole_numbers(view: View) -> list[int]:
    return [int(start) for start in view.start]


def _corner(shape: Sequence[int], edge: int, random: np.random.Generator) -> list[int]:
    """Anywhere that a box of this edge stays inside."""
    return [int(random.integers(max(count - edge, 0) + 1)) for count in shape]


def _around(voxel: Sequence[int], shape: Sequence[int], edge: int, random: np.random.Generator) -> list[int]:
    """The corner of a box that has the voxel in its middle half, as far as the volume allows."""
    corners = []
    for place, count in zip(voxel, shape, strict=True):
        wanted = place - int(random.integers(edge // 4, edge - edge // 4))
        corners.append(min(max(wanted, 0), max(count - edge, 0)))
    return corners


def _organ_voxel(anatomy: NDArray[np.uint8], random: np.random.Generator) -> list[int]:
    """A voxel of an organ drawn at random; of the middle of the volume where there is none."""
    counts = np.bincount(anatomy.ravel(), minlength=BODY + 1)
    organs = np.flatnonzero(counts[1:BODY]) + 1
    if not len(organs):
        return [count // 2 for count in anatomy.shape]
    return _one_of(anatomy == random.choice(organs), random)


def _one_of(inside: NDArray[np.bool_], random: np.random.Generator) -> list[int]:
    """One of the voxels inside, (z, y, x)."""
    return [int(at) for at in np.unravel_index(int(random.choice(np.flatnonzero(inside))), inside.shape)]
