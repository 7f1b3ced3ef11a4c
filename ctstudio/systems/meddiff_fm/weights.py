"""A model folder in and out: `denoiser/`, and `control_<kind>/` for each kind of lesion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.shelf import Model, part_folder
from ctstudio.nets.memory_layout import channels_last
from ctstudio.nets.weight_files import WEIGHTS, load_weights, save_weights
from ctstudio.systems.meddiff_fm.config import MeddiffConfig
from ctstudio.systems.meddiff_fm.control import LesionControl
from ctstudio.systems.meddiff_fm.network import Denoiser

DENOISER = "denoiser"


@dataclass(frozen=True)
class MeddiffModel:
    """A loaded model, in evaluation mode, on one device.

    Attributes:
        info: Its `model.json`.
        folder: Where it lies.
        config: Sizes of all networks.
        denoiser: The base model.
        controls: A ControlNet for each kind of lesion.
        device: Where the networks are.
        dtype: float32, or bfloat16: what the networks compute in, and their weights lie in.
    """

    info: ModelInfo
    folder: Path
    config: MeddiffConfig
    denoiser: Denoiser
    controls: dict[str, LesionControl]
    device: torch.device
    dtype: torch.dtype


def control_folder(kind: str) -> str:
    """Name of the folder of the ControlNet for a kind of lesion."""
    return f"control_{kind}"


def load(folder: Path, info: ModelInfo, device: torch.device, dtype: torch.dtype) -> MeddiffModel:
    """Load every network of a model folder, strictly.

    Args:
        folder: With the subfolders named above, but for those that the model borrows.
        info: Its `model.json`.
        device: Where the networks go.
        dtype: float32, or bfloat16 for all but the time's embedding.

    Raises:
        WeightMismatch: A file is missing or does not fit; names the keys.
        ModelNotFound, DigestMismatch: A model that lends a part is not there, or has another part now.
    """
    config, model = MeddiffConfig.model_validate(info.config), Model(info, folder)
    with torch.device("meta"):
        denoiser = Denoiser(config)
        controls = {kind: LesionControl(config) for kind in config.controls}
    parts: dict[str, Denoiser | LesionControl] = {DENOISER: denoiser}
    parts |= {control_folder(kind): control for kind, control in controls.items()}
    for name, network in parts.items():
        load_weights(network, part_folder(model, name) / WEIGHTS)
        lay_out(network, dtype).to(device)
    return MeddiffModel(info, folder, config, denoiser, controls, device, dtype)


def precise(model: MeddiffModel) -> MeddiffModel:
    """The model in float32, for what multiplies a network's errors; itself where it is that already.

    An estimate of x_0 from noise at step 950 multiplies them by 13.
    """
    if model.dtype == torch.float32:
        return model
    return load(model.folder, model.info, model.device, torch.float32)


def save(folder: Path, denoiser: Denoiser, controls: Mapping[str, LesionControl]) -> None:
    """Write the networks of a model folder as fp16; `model.json` is the caller's."""
    save_weights(denoiser, folder / DENOISER)
    for kind, control in controls.items():
        save_weights(control, folder / control_folder(kind))


def lay_out(network: Denoiser | LesionControl, dtype: torch.dtype) -> nn.Module:
    """Make a network ready for sampling: frozen, channels last, weights in `dtype` but for those of time."""
    trunk = network.unet if isinstance(network, Denoiser) else network.net
    network.eval().requires_grad_(False)
    trunk.to(dtype)
    trunk.time_embed.float()
    return channels_last(network)
