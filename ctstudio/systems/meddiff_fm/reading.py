"""The reader of heads, chests and abdomens that comes with a demo model: organs, and the lesions it learned.

An instrument: it sees the CT alone, never what the generator was told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctstudio.catalog.shelf import Model, part_folder
from ctstudio.core.errors import IntensityError
from ctstudio.core.isotropic_grid import isotropic_grid
from ctstudio.core.labels import LUNG_LOBES, LabelMap, standard_table, values_of
from ctstudio.core.resample import labels_onto, volume_onto_coarser
from ctstudio.core.volume import Volume
from ctstudio.nets.volume_segmenter import VolumeSegmenter
from ctstudio.nets.weight_files import WEIGHTS, load_weights, read_config, save_weights
from ctstudio.systems.meddiff_fm.config import MeddiffConfig

READER = "reader"
"""Folder of the reader inside a model's folder."""
ORGANS: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "head": {"brain": ("brain",), "skull": ("skull",)},
        "chest": {"lung": LUNG_LOBES, "heart": ("heart",), "aorta": ("aorta",)},
        "abdomen": {
            "spleen": ("spleen",),
            "kidney": ("kidney_right", "kidney_left"),
            **{n: (n,) for n in ("gallbladder", "liver", "stomach", "pancreas", "small_bowel", "duodenum", "colon")},
        },
    }
)
"""By region the organs that are judged, each with its labels. Source: MedDiff-FM, section 4.1."""
READ = {name: values_of(labels) for organs in ORGANS.values() for name, labels in organs.items()}
"""All of them, with the values that each has in the standard table; the reader numbers them from 1."""
AIR_HU = -1024.0
FOLDS = 32
"""Sides that the network takes are multiples of this."""


@dataclass(frozen=True)
class BodyReader:
    """A reader with its network, in evaluation mode.

    Attributes:
        name: As tables print it.
        network: Scores of `READ`, then of `lesions`, each with a background before it.
        config: Of the model that it came with: voxels and windows are the model's.
        lesions: Kinds of lesions that it finds, as label names.
        device: Where the network is.
    """

    name: str
    network: VolumeSegmenter
    config: MeddiffConfig
    lesions: tuple[str, ...]
    device: torch.device

    def read(self, ct: Volume, region: str) -> NDArray[np.uint8]:
        """Organs and lesions on a CT's grid, (z, y, x), values of the standard table; a lung is its first lobe.

        Args:
            ct: In HU.
            region: "head", "chest" or "abdomen": the range of HU that is looked at.

        Raises:
            IntensityError: It holds no HU, or voxels that are no numbers.
        """
        organs, lesions = (numbers[0].cpu().numpy() for numbers in self.named(self.seen(ct, region)))
        array = np.asarray([0, *(values[0] for values in READ.values())], np.uint8)[organs]
        found = np.asarray([0, *values_of(self.lesions)], np.uint8)[lesions]
        array = np.where(found > 0, found, array)
        work = isotropic_grid(ct.grid, self.config.spacing_mm)
        inside = np.ascontiguousarray(array[tuple(slice(n) for n in work.shape)])
        return labels_onto(LabelMap(inside, work, standard_table()), ct.grid).array

    def features(self, ct: Volume, region: str) -> NDArray[np.float64]:
        """(d,) mean and SD of what each level of the network sees of a CT."""
        return self.network.pooled(self.seen(ct, region))[0].double().cpu().numpy()

    def seen(self, ct: Volume, region: str) -> Tensor:
        """(1, 1, D, H, W) in [-1, 1]: a CT in the model's voxels, air beyond it."""
        if not ct.is_hu or not ct.finite():
            raise IntensityError("The image holds no HU, or voxels that are no numbers.", "Give a CT.")
        hu = volume_onto_coarser(ct, isotropic_grid(ct.grid, self.config.spacing_mm), AIR_HU).array
        unit = self.config.window(region).to_unit(np.pad(hu, whole_folds(hu.shape), constant_values=AIR_HU))
        return torch.from_numpy(unit)[None, None].to(self.device)

    @torch.no_grad()
    def named(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 1, D, H, W) in [-1, 1] to the numbers of organs and lesions, (B, D, H, W) uint8 each."""
        scores = self.network(image)
        organs, lesions = scores.split([len(READ) + 1, len(self.lesions) + 1], dim=1)
        return organs.argmax(dim=1).byte(), lesions.argmax(dim=1).byte()


def whole_folds(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Voxels to add before and after each axis of (z, y, x), so that the network takes the volume."""
    return [(0, -n % FOLDS) for n in shape]


def has_reader(model: Model) -> bool:
    """Whether a reader came with a model."""
    return READER in model.info.borrows or (model.folder / READER / WEIGHTS).is_file()


def load_reader(model: Model, device: torch.device | None = None) -> BodyReader:
    """The reader of a model.

    Raises:
        WeightMismatch: It is missing, or does not fit its configuration.
        ModelNotFound, DigestMismatch: A model that lends it is not there, or has another one now.
    """
    folder = part_folder(model, READER)
    place, own = device or torch.device("cpu"), read_config(folder)
    config = MeddiffConfig.model_validate(model.info.config)
    lesions = tuple(own["lesions"])
    network = new_network(tuple(own["features"]), lesions)
    load_weights(network, folder / WEIGHTS)
    network = network.to(place).eval().requires_grad_(False)
    return BodyReader(f"body reader ({model.info.name})", network, config, lesions, place)


def save_reader(network: VolumeSegmenter, features: tuple[int, ...], lesions: tuple[str, ...], folder: Path) -> None:
    """Write a trained network as the folder `reader` of a model."""
    save_weights(network, folder / READER, {"features": list(features), "lesions": list(lesions)})


def new_network(features: tuple[int, ...], lesions: tuple[str, ...]) -> VolumeSegmenter:
    """An untrained network of the reader."""
    return VolumeSegmenter(features, len(READ) + len(lesions) + 2)
