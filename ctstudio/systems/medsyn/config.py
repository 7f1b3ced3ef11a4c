"""Sizes of MedSyn: the paper's and the demo's."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

CHANNELS = 4
"""CT, lobes, airway, vessels."""
FIELD_OF_VIEW_MM = (292.0, 316.0, 316.0)
"""Extent of a volume along z, y, x: that of the atlas the paper registers to."""


class UNetConfig(BaseModel):
    """One 3D U-Net, the base network's or the upscaler's. Depth (z) is never made coarser.

    Attributes:
        side: Edge of its cubic volume, voxels.
        dim: Channels of the first level.
        dim_mults: Channels of each level, times `dim`.
        heads: Attention heads of 32 channels.
        middle_groups: Groups of attention and 3D convolution in the middle of the base network.
        stem: Edge of the first convolution's kernel, voxels.
        patch: Edge of the squares of voxels in a slice that become channels before the first convolution; 1 for none,
            as published. With 2 the demo's networks are twice as fast, and no worse on chests that are smooth (ours).
        upsample: "last" in a level of the way up, as the released weights want it, or "early", after its first block,
            as the published training code has it. Keys and shapes are the same.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    side: int
    dim: int
    dim_mults: tuple[int, ...] = (1, 2, 4, 8)
    heads: int = 8
    middle_groups: int = 4
    stem: int = 7
    patch: int = 1
    upsample: Literal["last", "early"] = "last"

    @model_validator(mode="after")
    def _can_be_built(self) -> UNetConfig:
        if self.side % self.coarsest:
            raise ValueError(f"side {self.side} is no multiple of {self.coarsest}, a voxel of the last level")
        if self.dim % 8:
            raise ValueError(f"dim {self.dim} is no multiple of 8, the groups of the normalisation")
        if self.stem % 2 == 0:
            raise ValueError(f"stem {self.stem} is even; a kernel needs a middle")
        return self

    @property
    def coarsest(self) -> int:
        """Edge of a voxel of the last level in a slice, in voxels of the volume."""
        return self.patch * 2 ** (len(self.dim_mults) - 1)


class TextConfig(BaseModel):
    """The text encoder, a BERT of the CXR-BERT layout.

    Attributes:
        width: Of its features; BERT's hidden size.
        layers, heads, intermediate: Of BERT.
        vocabulary: Entries of the vocabulary.
        positions: Longest text, tokens.
        projection: Width of the projected [CLS] feature.
        tokens: How many of the features the base network hears.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    width: int = 768
    layers: int = 12
    heads: int = 12
    intermediate: int = 3072
    vocabulary: int = 30522
    positions: int = 2048
    projection: int = 128
    tokens: int = 192

    @model_validator(mode="after")
    def _tokens_have_positions(self) -> TextConfig:
        if self.tokens > self.positions:
            raise ValueError(f"{self.tokens} features of a text need as many positions, not {self.positions}")
        return self


class MedsynConfig(BaseModel):
    """Everything that decides the networks, stored in `model.json` under `config`.

    Attributes:
        base: Text to a coarse volume.
        upscaler: Coarse volume to a fine one.
        text: The text encoder.
        lowering: How a fine volume becomes a coarse one in training: "nearest" (published code), or "mean" of the CT,
            airway and vessel channels (ours), which keeps thin branches that nearest voxels miss.
        few_steps: Times, falling from at most 1, that a distilled student calls its base network at; empty for a model
            that any sampler may use.
        few_upscale_steps: The same for its upscaler.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: UNetConfig = UNetConfig(side=64, dim=160)
    upscaler: UNetConfig = UNetConfig(side=256, dim=56, heads=4)
    text: TextConfig = TextConfig()
    lowering: Literal["nearest", "mean"] = "nearest"
    few_steps: tuple[float, ...] = ()
    few_upscale_steps: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _sides_fit(self) -> MedsynConfig:
        if self.upscaler.side % self.base.side:
            raise ValueError(f"{self.upscaler.side} voxels are no whole multiple of {self.base.side}")
        return self

    @property
    def factor(self) -> int:
        """Fine voxels to a coarse one, along each axis."""
        return self.upscaler.side // self.base.side


PAPER = MedsynConfig()
"""MedSyn as published: 716 million and 54 million parameters."""
