"""How the segmenter that reads CTs, generated or not, is trained: the instrument of two systems."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ctstudio.catalog.recipe_parts import StageSettings

Spread = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ReaderSettings(StageSettings):
    """The reader that comes with a model.

    Attributes:
        features: Widths of its levels, as in MONAI's BasicUNet.
        crop: Edge of the parts of volumes that it is trained on, voxels, a multiple of 32; towards the end whole ones.
        noise_hu: Most noise that is added to a volume, SD in HU.
        blur_voxels: Most blur, SD of the Gaussian in voxels: generated volumes are softer than rendered ones.
        shift_voxels: How far a part may reach beyond its volume.
        offset_hu: Most that is added to all voxels of a volume, up or down.
    """

    features: tuple[int, int, int, int, int, int] = (24, 32, 48, 64, 96, 24)
    crop: Annotated[int, Field(ge=32, multiple_of=32)] = 96
    noise_hu: Spread = 40.0
    blur_voxels: Spread = 0.9
    shift_voxels: Annotated[int, Field(ge=0)] = 6
    offset_hu: Spread = 15.0
