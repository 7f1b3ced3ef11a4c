"""Sizes of MedDiff-FM: the paper's and the demo's."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from ctstudio.catalog.anatomy_vocabulary import CLASSES
from ctstudio.catalog.meddiff_regions import REGIONS, WINDOWS
from ctstudio.core.windows import Window


class MeddiffConfig(BaseModel):
    """Everything that decides the networks, stored in `model.json` under `config`.

    Attributes:
        patch: Edge of the cube of voxels that the network sees at once.
        spacing_mm: Edge of a voxel, mm.
        channels: Of each level of the U-Net.
        attention: Which levels attend.
        head_channels: Of an attention head.
        res_blocks: Residual blocks a level on the way down; one more on the way up.
        groups: Of the normalisation; divides all channels.
        frequencies: L of the position encoding. The paper does not say; 7 is the finest wave that the resized volume
            of 128 voxels can hold, 5 that of 32; with 0 the model is not told where a patch lies (the ablation).
        anatomy_width: Numbers that a class of anatomy becomes, voxel by voxel.
        classes: Of anatomy, air included.
        context: Numbers that a region becomes.
        fold: Voxels along each axis that become channels before the U-Net, which then works on `patch / fold`; 1 for
            none, as published (ours: an eighth of the work in the demo's size).
        prediction: What the network predicts: "epsilon" (paper) or "v_prediction".
        windows: Level and width of each region, HU: what -1 and 1 mean. Source: MedDiff-FM, section 4.1.
        controls: Kinds of lesions for which there is a ControlNet, as label names.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    patch: int = 128
    spacing_mm: float = 1.0
    channels: tuple[int, ...] = (32, 64, 128, 256)
    attention: tuple[bool, ...] = (False, False, False, True)
    head_channels: int = 32
    res_blocks: int = 1
    groups: int = 32
    frequencies: int = 7
    anatomy_width: int = 16
    classes: int = CLASSES
    context: int = 512
    fold: int = 1
    prediction: Literal["epsilon", "v_prediction"] = "epsilon"
    windows: dict[str, tuple[float, float]] = {name: (seen.level_hu, seen.width_hu) for name, seen in WINDOWS.items()}
    controls: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _can_be_built(self) -> MeddiffConfig:
        if len(self.channels) < 2:
            raise ValueError(f"two levels are the least, not the channels {self.channels}")
        if len(self.attention) != len(self.channels):
            raise ValueError(f"{len(self.channels)} levels need as many entries of attention, not {self.attention}")
        if self.patch % self.coarsest:
            raise ValueError(f"patch {self.patch} is no multiple of {self.coarsest}, a voxel of the last level")
        if any(width % self.groups for width in self.channels):
            raise ValueError(f"channels {self.channels} are no multiples of {self.groups}, the normalisation's groups")
        attentive = [width for width, attends in zip(self.channels, self.attention, strict=True) if attends]
        if any(width % self.head_channels for width in (*attentive, self.channels[-1])):
            raise ValueError(f"channels {self.channels} are no multiples of {self.head_channels}, an attention head")
        if set(self.windows) != set(REGIONS):
            raise ValueError(f"windows are needed for {', '.join(REGIONS)}, not for {', '.join(self.windows)}")
        if self.spacing_mm <= 0 or any(width <= 0 for _, width in self.windows.values()):
            raise ValueError("spacing and widths of windows must be above 0")
        return self

    @property
    def coarsest(self) -> int:
        """Edge of a voxel of the last level, in voxels of the volume."""
        return int(self.fold * 2 ** (len(self.channels) - 1))

    @property
    def cells(self) -> int:
        """Voxels that become the channels of one."""
        return int(self.fold**3)

    @property
    def condition_channels(self) -> int:
        """Of positions and anatomy, beside the noisy volume."""
        return 6 * self.frequencies + self.cells * self.anatomy_width

    def window(self, region: str) -> Window:
        """The HU range that the network sees of a region."""
        level, width = self.windows[region]
        return Window(level, width)


PAPER = MeddiffConfig()
"""MedDiff-FM as published: 34.1 million parameters, 14.8 million a ControlNet."""
