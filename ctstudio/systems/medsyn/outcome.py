"""A finished chest: images, labels, and what is measured in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.resample import labels_onto
from ctstudio.core.volume import Volume
from ctstudio.measure.chest_anatomy import ChestAnatomy
from ctstudio.measure.effusion import effusion
from ctstudio.measure.lung_volumes import low_attenuation, lung_volumes
from ctstudio.systems.medsyn.channels import LOBE_COUNT, LOBES, Chest, decoded
from ctstudio.systems.medsyn.lobes import lobe_numbers
from ctstudio.systems.medsyn.structures import drawn

_NAME = "MedSyn"
_LARGEST_MM, _SMALLEST_MM = 3.0, 1.6
"""Voxels that fluid is measured in: larger ones cannot tell it, smaller ones take minutes and are thinned."""


@dataclass(frozen=True)
class Outcome:
    """What a finished volume gives, as far as it is worked out.

    Attributes:
        outputs: Images by the names of the card; empty in the beginning.
        measures: Numbers by name; empty until all is done.
    """

    outputs: dict[str, Volume | LabelMap]
    measures: dict[str, float]


def worked_out(volume: Tensor, grid: Grid, lobes_given: bool, scan: Volume | None) -> Iterator[Outcome]:
    """Outputs and measures of a finished volume (4, D, H, W), in parts, so that it can be left between two.

    Args:
        volume: As the sampler leaves it.
        grid: That it lies on.
        lobes_given: Whether the lobes were given, and come out as they were.
        scan: That was read; None where a chest was made.

    Yields:
        What is there so far; the last is whole.
    """
    chest = chest_of(volume, lobes_given)
    yield Outcome({}, {})
    outputs = images_of(chest, grid) if scan is None else labels_of(chest, grid, scan)
    yield Outcome(outputs, {})
    yield Outcome(outputs, measures_of(chest, grid))


def chest_of(volume: Tensor, lobes_given: bool) -> Chest:
    """The chest that a volume (4, D, H, W) shows; lobes that were given come out as they were."""
    if not lobes_given:
        volume = volume.clone()
        volume[LOBES] = lobe_numbers(volume[LOBES]).to(volume) * (2 / LOBE_COUNT) - 1  # (D, H, W)
    return decoded(volume)


def images_of(chest: Chest, grid: Grid) -> dict[str, Volume | LabelMap]:
    """The outputs of a generated chest: "ct" in HU, and "labels" of lobes, bronchi and lung vessels."""
    return {
        "ct": Volume(chest.hu, grid, synthetic=True, name=_NAME),
        "labels": LabelMap(drawn(chest), grid, standard_table(), synthetic=True, name=_NAME),
    }


def labels_of(chest: Chest, grid: Grid, scan: Volume) -> dict[str, Volume | LabelMap]:
    """The output of a read scan: "labels" on the scan's grid; synthetic where the scan is."""
    labels = LabelMap(drawn(chest), grid, standard_table(), synthetic=scan.synthetic, name=_NAME)
    return {"labels": labels_onto(labels, scan.grid)}


def measures_of(chest: Chest, grid: Grid) -> dict[str, float]:
    """Volumes of the lungs, effusion and emphysema by the chest's own lobes; empty without lungs.

    Effusion is left out where voxels are too large to tell it from the wall.
    """
    anatomy = ChestAnatomy(grid, chest.lobes, chest.airway, chest.vessels)
    if not anatomy.lungs.any():
        return {}
    volumes, ct = lung_volumes(anatomy), Volume(chest.hu, grid, synthetic=True)
    found = {"left_lung_ml": volumes.left_ml, "right_lung_ml": volumes.right_ml}
    if (anatomy.lungs & ~anatomy.airway).any():
        found["laa_950_percent"] = low_attenuation(ct, anatomy).both
    if max(grid.spacing_mm) <= _LARGEST_MM:
        fluid = effusion(*_thinned(ct, anatomy))
        found |= {"left_effusion_ml": fluid.left_ml, "right_effusion_ml": fluid.right_ml}
    return {name: round(value, 1) for name, value in found.items()}


def _thinned(ct: Volume, anatomy: ChestAnatomy) -> tuple[Volume, ChestAnatomy]:
    """Every second voxel along each axis, where they are small."""
    if min(ct.grid.spacing_mm) > _SMALLEST_MM:
        return ct, anatomy
    depth, rows, columns = (-(-n // 2) for n in ct.grid.shape)
    x, y, z = (2 * mm for mm in ct.grid.spacing_mm)
    grid = Grid((depth, rows, columns), (x, y, z), ct.grid.origin_mm, ct.grid.direction)
    second = np.s_[::2, ::2, ::2]
    thin = ChestAnatomy(grid, anatomy.lobes[second], anatomy.airway[second], anatomy.vessels[second])
    return Volume(ct.array[second], grid, synthetic=ct.synthetic), thin
