"""A model folder in and out: `base/`, `upscaler/`, `text/`, and for demo models `segmenter/` (see `reading`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.shelf import Model, part_folder
from ctstudio.nets.weight_files import WEIGHTS, load_weights
from ctstudio.systems.medsyn.config import MedsynConfig
from ctstudio.systems.medsyn.inference import lay_out
from ctstudio.systems.medsyn.network import BaseNetwork, Upscaler
from ctstudio.systems.medsyn.text import TextEncoder, load_text

BASE, UPSCALER, TEXT = "base", "upscaler", "text"


@dataclass(frozen=True)
class MedsynModel:
    """A loaded model, in evaluation mode, on one device.

    Attributes:
        info: Its `model.json`.
        folder: Where it lies; `reading.load_reader` finds the segmenter of a demo model there.
        config: Sizes of all networks.
        base: Text to the coarse volume.
        upscaler: Coarse volume to the fine one.
        text: Reports to what the base network hears.
        device: Where the networks are.
        dtype: float32, or bfloat16: what convolutions and attention compute in, and their weights lie in.
    """

    info: ModelInfo
    folder: Path
    config: MedsynConfig
    base: BaseNetwork
    upscaler: Upscaler
    text: TextEncoder
    device: torch.device
    dtype: torch.dtype


def load(folder: Path, info: ModelInfo, device: torch.device, dtype: torch.dtype) -> MedsynModel:
    """Load every network of a model folder, strictly.

    Args:
        folder: With the subfolders named above, but for those that the model borrows.
        info: Its `model.json`.
        device: Where the networks go.
        dtype: float32, or bfloat16 for the convolutions and the attention.

    Raises:
        WeightMismatch: A file is missing or does not fit; names the keys.
        ModelNotFound, DigestMismatch: A model that lends a part is not there, or has another part now.
    """
    config, model = MedsynConfig.model_validate(info.config), Model(info, folder)
    base, upscaler = unfilled_base(config), unfilled_upscaler(config)
    for network, part in ((base, BASE), (upscaler, UPSCALER)):
        load_weights(network, part_folder(model, part) / WEIGHTS)
        network.eval().requires_grad_(False)
    lay_out(base, dtype, base.final_conv)
    lay_out(upscaler, dtype, upscaler.final_conv0)
    for network in (base, upscaler):
        network.to(device)
    text = load_text(part_folder(model, TEXT), config.text, device)
    return MedsynModel(info, folder, config, base, upscaler, text, device, dtype)


def unfilled_base(config: MedsynConfig) -> BaseNetwork:
    """The base network without memory for its weights, which `load_weights` gives it: random ones would take longer."""
    with torch.device("meta"):
        return BaseNetwork(config.base, config.text)


def unfilled_upscaler(config: MedsynConfig) -> Upscaler:
    """The upscaler without memory for its weights."""
    with torch.device("meta"):
        return Upscaler(config.upscaler)
