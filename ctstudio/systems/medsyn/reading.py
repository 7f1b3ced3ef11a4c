"""The reader of chest CTs that comes with a demo model: lobes, airway, vessels, heart, effusion and consolidation.

An instrument: it sees the CT alone, never what the generator says of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctstudio.core.errors import IntensityError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LUNG_LOBES, LabelMap, standard_table
from ctstudio.core.resample import labels_onto, volume_onto
from ctstudio.core.volume import Volume
from ctstudio.core.windows import Window
from ctstudio.measure.chest_anatomy import ChestAnatomy
from ctstudio.measure.tidy import large_pieces, tidy_lobes
from ctstudio.nets.volume_segmenter import VolumeSegmenter
from ctstudio.nets.weight_files import WEIGHTS, load_weights, read_config, save_weights

SEGMENTER = "segmenter"
"""Folder of the reader inside a model's folder."""

REGIONS = (*LUNG_LOBES, "heart", "pleural_effusion")
DETAILS = ("airway", "lung_vessels", "consolidation")
"""What lies in a region; each voxel has one region at most, and one detail at most."""

SPACING_MM = (2.46875, 2.46875, 2.28125)
"""Voxel size (x, y, z) that the reader knows: that of the demo's volumes."""

AIR_HU = -1024.0
CT_WINDOW = Window(-212.0, 1624.0)
"""What a generated CT can hold, -1024 to 600 HU. Source: MedSyn, section V-A."""

FOLDS = 32
"""Sides that the network takes are multiples of this."""


@dataclass(frozen=True)
class ChestReader:
    """A reader with its network, in evaluation mode.

    Attributes:
        name: As tables print it.
        network: Scores of `REGIONS`, then of `DETAILS`, each with a background before it.
        device: Where the network is.
    """

    name: str
    network: VolumeSegmenter
    device: torch.device

    def read(self, ct: Volume) -> ChestAnatomy:
        """What a chest CT in HU shows, on its own grid (LPS).

        Raises:
            IntensityError: It holds no HU, or voxels that are no numbers.
            GeometryError: It does not lie LPS.
        """
        if not ct.is_hu or not ct.finite():
            raise IntensityError("The image holds no HU, or voxels that are no numbers.", "Give a CT.")
        seen = reader_grid(ct.grid)
        regions, details = self.named(self.seen(ct))
        return _anatomy(_back(regions[0], seen, ct.grid), _back(details[0], seen, ct.grid), ct.grid)

    def seen(self, ct: Volume) -> Tensor:
        """(1, 1, D, H, W) in [-1, 1]: a CT on the reader's grid."""
        image = to_unit(volume_onto(ct, reader_grid(ct.grid), AIR_HU).array)
        return torch.from_numpy(image)[None, None].to(self.device)

    @torch.no_grad()
    def named(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 1, D, H, W) in [-1, 1] to the numbers of regions and details, (B, D, H, W) uint8 each."""
        scores = self.network(image)
        regions, details = scores.split([len(REGIONS) + 1, len(DETAILS) + 1], dim=1)
        return regions.argmax(dim=1).byte(), details.argmax(dim=1).byte()


def has_reader(folder: Path) -> bool:
    """Whether a reader came with the model in a folder."""
    return (folder / SEGMENTER / WEIGHTS).is_file()


def load_reader(folder: Path, device: torch.device | None = None) -> ChestReader:
    """The reader in the folder `segmenter` of a model.

    Raises:
        WeightMismatch: It is missing, or does not fit its configuration.
    """
    place = device or torch.device("cpu")
    network = new_network(tuple(read_config(folder / SEGMENTER)["features"]))
    load_weights(network, folder / SEGMENTER / WEIGHTS)
    return ChestReader(f"chest reader ({folder.name})", network.to(place).eval().requires_grad_(False), place)


def save_reader(network: VolumeSegmenter, features: tuple[int, ...], folder: Path) -> None:
    """Write a trained network as the folder `segmenter` of a model."""
    save_weights(network, folder / SEGMENTER, {"features": list(features)})


def new_network(features: tuple[int, ...]) -> VolumeSegmenter:
    """An untrained network of the reader."""
    return VolumeSegmenter(features, len(REGIONS) + len(DETAILS) + 2)


def to_unit(hu: NDArray[np.generic]) -> NDArray[np.float32]:
    """HU as the network sees them, in [-1, 1]."""
    return CT_WINDOW.to_unit(hu)


def reader_grid(grid: Grid) -> Grid:
    """The same place in the reader's voxels, made larger to sides that the network takes."""
    sides = [max(1, round(extent / mm)) for extent, mm in zip(grid.extent_mm, SPACING_MM, strict=True)]
    wide = [-(-side // FOLDS) * FOLDS for side in sides]
    low = grid.to_world((-0.5, -0.5, -0.5))
    origin = low + np.asarray(grid.direction) @ (0.5 * np.asarray(SPACING_MM))
    place = (float(origin[0]), float(origin[1]), float(origin[2]))
    return Grid((wide[2], wide[1], wide[0]), SPACING_MM, place, grid.direction)


def _back(numbers: Tensor, seen: Grid, grid: Grid) -> NDArray[np.uint8]:
    """Numbers (D, H, W) of the reader's grid on another, nearest voxel."""
    return labels_onto(LabelMap(numbers.cpu().numpy(), seen, standard_table()), grid).array


def _anatomy(regions: NDArray[np.uint8], details: NDArray[np.uint8], grid: Grid) -> ChestAnatomy:
    """What was read, without strays."""
    lobes = tidy_lobes(np.where(regions <= len(LUNG_LOBES), regions, 0).astype(np.uint8))
    airway, vessels, dense = (details == n for n in range(1, len(DETAILS) + 1))
    heart, effusion = (regions == len(LUNG_LOBES) + n for n in (1, 2))
    inside = lobes > 0
    airway &= inside | large_pieces(airway, 1.0)
    return ChestAnatomy(grid, lobes, airway, vessels & inside, large_pieces(heart, 1.0), effusion, dense & inside)
