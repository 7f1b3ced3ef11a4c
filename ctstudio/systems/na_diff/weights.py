"""A model folder in and out: `vae/`, `clip/`, `denoiser/`, and for demo models `layout/` and `segmenter/`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from open_clip.model import CLIP
from safetensors import SafetensorError
from torch import nn

from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.shelf import Model, find_model, part_folder
from ctstudio.core.errors import WeightMismatch
from ctstudio.nets.clip import build_clip
from ctstudio.nets.tensor_file import give_usual_rights
from ctstudio.nets.weight_files import WEIGHTS, load_weights, read_config
from ctstudio.systems.na_diff.conditions import LabelGroups, label_groups
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.layout import LayoutNetwork
from ctstudio.systems.na_diff.network import NaDiffNetwork

VAE, DENOISER, CLIP_FOLDER, LAYOUT, SEGMENTER = "vae", "denoiser", "clip", "layout", "segmenter"


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


def save_vae(vae: AutoencoderKL, folder: Path) -> None:
    """Write the autoencoder of a model folder as fp16, its configuration beside it."""
    vae.half().save_pretrained(folder / "vae")
    for path in (folder / "vae").glob("*.safetensors"):
        give_usual_rights(path)
