"""What whole volumes are seen by before their distributions are compared: MedicalNet, or a reader that stands in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ctstudio.core.errors import InputError
from ctstudio.core.volume import Volume
from ctstudio.nets.medicalnet import load_medicalnet, medicalnet_features
from ctstudio.systems.medsyn.reading import ChestReader, to_unit

MEDICALNET_FILES = ("resnet_50_23dataset.pth", "resnet_50.pth", "resnet_10_23dataset.pth", "resnet_10.pth")
"""Names of the published files, the paper's first."""


@dataclass(frozen=True)
class VolumeEncoder:
    """An encoder of volumes.

    Attributes:
        name: As tables print it.
        published: Whether figures may be compared with published ones.
        features: A CT in HU to (d,) features.
    """

    name: str
    published: bool
    features: Callable[[Volume], NDArray[np.float64]]


def volume_encoder(weights: Path | None, stand_in: VolumeEncoder) -> VolumeEncoder:
    """MedicalNet from a folder, or what stands in for it where there is no folder.

    Raises:
        InputError: The folder holds no MedicalNet.
        UnreadableFile, WeightMismatch: Its file cannot be used.
    """
    if weights is None:
        return stand_in
    found = next((weights / name for name in MEDICALNET_FILES if (weights / name).is_file()), None)
    if found is None:
        raise InputError(
            f"{weights} holds no MedicalNet.",
            f"Put one of {', '.join(MEDICALNET_FILES)} there, or leave out --weights.",
        )
    return medicalnet_encoder(found)


def medicalnet_encoder(path: Path) -> VolumeEncoder:
    """MedicalNet's ResNet from its file.

    Source: the papers take ResNet-50 of 23 data sets, pooled to 2048 features.
    """
    network = load_medicalnet(path)

    def features(ct: Volume) -> NDArray[np.float64]:
        return medicalnet_features(network, torch.from_numpy(to_unit(ct.array))[None, None])[0].double().numpy()

    return VolumeEncoder(f"MedicalNet {path.stem}", True, features)


def reader_encoder(reader: ChestReader) -> VolumeEncoder:
    """The reader as an encoder: mean and SD of what each of its levels sees. It learned from phantoms alone."""

    def features(ct: Volume) -> NDArray[np.float64]:
        return reader.network.pooled(reader.seen(ct))[0].double().cpu().numpy()

    return VolumeEncoder(f"phantom encoder ({reader.name})", False, features)
