"""A model folder in and out: `vae/`, `clip/`, `denoiser/`, and for demo models `layout/` and `segmenter/`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL
from open_clip.model import CLIP
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.shelf import Model, find_model, part_folder
from ctstudio.core.errors import WeightMismatch
from ctstudio.nets.clip import build_clip
from ctstudio.nets.tensor_file import give_usual_rights, save_tensors
from ctstudio.systems.na_diff.conditions import LabelGroups, label_groups
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.layout import LayoutNetwork
from ctstudio.systems.na_diff.network import NaDiffNetwork

VAE, DENOISER, CLIP_FOLDER, LAYOUT, SEGMENTER = "vae", "denoiser", "clip", "layout", "segmenter"
WEIGHTS = "model.safetensors"
CONFIG = "config.json"


@dataclass(frozen=True)
class NaDiffModel:
    """A loaded model, in evaluation mode, on one device."""

    info: ModelInfo
    config: NaDiffConfig
    vae: AutoencoderKL
    clip: CLIP
    network: NaDiffNetwork
    layout: LayoutNetwork | None
    groups: LabelGroups
    device: torch.device
    dtype: torch.dtype


def load(folder: Path, info: ModelInfo, device: torch.device, dtype: torch.dtype) -> NaDiffModel:
    """Load every network of a model folder, strictly.

    Args:
        folder: With the subfolders named above, but for those that the model borrows.
        info: Its `model.json`.
        device: Where the networks go.
        dtype: float32, or bfloat16 for autocast of the denoiser; weights stay float32 otherwise.

    Raises:
        WeightMismatch: A file is missing or does not fit; names the keys.
        ModelNotFound, DigestMismatch: A model that lends a part is not there, or has another part now.
    """
    config, model = NaDiffConfig.model_validate(info.config), Model(info, folder)
    clip = load_clip(part_folder(model, CLIP_FOLDER))
    network = NaDiffNetwork(config)
    load_weights(network, folder / DENOISER / WEIGHTS)
    vae, layout = load_vae(part_folder(model, VAE)), None
    if config.layout:
        layout = LayoutNetwork(config)
        load_weights(layout, folder / LAYOUT / WEIGHTS)
    for part in (vae, clip, network, layout):
        if part is not None:
            part.to(device).eval().requires_grad_(False)
    return NaDiffModel(info, config, vae, clip, network, layout, label_groups(config), device, dtype)


def load_clip(folder: Path) -> CLIP:
    """The image and text encoder in a folder, float32."""
    clip = build_clip(read_config(folder))
    load_weights(clip, folder / WEIGHTS)
    return clip


def load_vae(folder: Path) -> AutoencoderKL:
    """The autoencoder in a folder, float32.

    Raises:
        WeightMismatch: No such file, or it does not fit its configuration.
    """
    try:
        vae = AutoencoderKL.from_pretrained(
            folder, torch_dtype=torch.float32, local_files_only=True, low_cpu_mem_usage=False
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise WeightMismatch(
            f"The autoencoder in {folder} cannot be loaded.", "Install the model again.", str(error)
        ) from error
    return vae  # type: ignore[no-any-return]


def has_segmenter(model: Model) -> bool:
    """Whether a segmenter came with a model, its own or a borrowed one."""
    return SEGMENTER in model.info.borrows or (model.folder / SEGMENTER).exists()


def load_segmenter(folder: Path, config: NaDiffConfig) -> nn.Module:
    """The segmenter that came with a demo model in `folder`, its own or a borrowed one, float32, in evaluation mode."""
    from ctstudio.nets.segmenter import (
        AtPixelSize,
        build_segmenter,
    )  # MONAI takes seconds to import; generating needs none of it

    folder = part_folder(find_model(folder), SEGMENTER)
    settings, trained_mm = read_config(folder), find_model(folder.parent).info.field_of_view.pixel_mm
    segmenter = build_segmenter(tuple(settings["features"]), len(config.label_groups))
    load_weights(segmenter, folder / WEIGHTS)
    return AtPixelSize(segmenter, config.pixel_mm / trained_mm).eval()


def load_weights(module: nn.Module, path: Path) -> None:
    """Fill a network from a safetensors file, strictly, as float32.

    Raises:
        WeightMismatch: The file is missing or damaged, or keys or shapes differ; names them.
    """
    try:
        state = {
            key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in load_file(path).items()
        }
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise WeightMismatch(f"{path} cannot be read: {error}.", "Install the model again.") from error
    own = module.state_dict()
    wrong = [f"{k} is missing" for k in own if k not in state] + [f"{k} is unknown" for k in state if k not in own]
    wrong += [
        f"{k} has shape {tuple(state[k].shape)}, not {tuple(own[k].shape)}"
        for k in own
        if k in state and state[k].shape != own[k].shape
    ]
    if wrong:
        raise WeightMismatch(
            f"{path} does not fit the network: {'; '.join(wrong[:5])}.",
            "Use the weights that belong to this model.json.",
            "\n".join(wrong),
        )
    module.load_state_dict(state)


def save_weights(module: nn.Module, folder: Path, config: dict[str, Any] | None = None) -> None:
    """Write a network's weights as fp16 safetensors, and its configuration beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {k: v.half() if v.is_floating_point() else v for k, v in module.state_dict().items()}
    save_tensors(state, folder / WEIGHTS)
    if config is not None:
        (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def save_vae(vae: AutoencoderKL, folder: Path) -> None:
    """Write the autoencoder of a model folder as fp16, its configuration beside it."""
    vae.half().save_pretrained(folder / "vae")
    for path in (folder / "vae").glob("*.safetensors"):
        give_usual_rights(path)


def read_config(folder: Path) -> dict[str, Any]:
    """The `config.json` of a part of a model.

    Raises:
        WeightMismatch: It is missing or not JSON.
    """
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightMismatch(f"{folder / CONFIG} cannot be read.", "Install the model again.", str(error)) from error
    return dict(config)
