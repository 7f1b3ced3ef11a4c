"""A whole NA-Diff model folder at tiny size with untrained weights: every real part, in a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

CONFIG: dict[str, Any] = {
    "vae_factor": 4,
    "latent_channels": 4,
    "image_channels": 1,
    "patch": 8,
    "hidden": 32,
    "depth": 1,
    "heads": 2,
    "clip_dim": 32,
    "spatial": True,
    "rim": 8,
    "learn_sigma": False,
    "prediction": "v_prediction",
    "latent_std": [1.0] * 4,
    "latent_mean": [0.0] * 4,
    "label_groups": {"body": ["body", "skin"], "liver": ["liver"], "lesion": ["lesion", "liver_lesion"]},
}
_CLIP: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "patch_size": 16, "layers": 1, "width": 32, "head_width": 16},
    "text_cfg": {"context_length": 8, "vocab_size": 16, "width": 32, "heads": 2, "layers": 1},
}


SMALL: dict[str, Any] = {"image_size": 64, "pixel_mm": 6.0}
"""Changes that give slices of 64 x 64, the same field of view at a sixteenth of the work."""

COMPLETING: dict[str, Any] = {"layout": [32, 32]}
"""Changes that add a network which completes partial masks."""


def write_tiny_model(folder: Path, name: str = "tiny", changes: dict[str, Any] | None = None) -> Path:
    """Write a model folder, its configuration changed if wished, and return it."""
    import torch
    from diffusers import AutoencoderKL

    from ctstudio.catalog.model_card import ModelInfo
    from ctstudio.catalog.shelf import file_digest
    from ctstudio.nets.clip import build_clip
    from ctstudio.nets.segmenter import build_segmenter
    from ctstudio.nets.weight_files import save_weights
    from ctstudio.systems.na_diff.config import NaDiffConfig
    from ctstudio.systems.na_diff.layout import LayoutNetwork
    from ctstudio.systems.na_diff.network import NaDiffNetwork
    from ctstudio.systems.na_diff.weights import CLIP_FOLDER, DENOISER, LAYOUT, SEGMENTER

    config = {**CONFIG, **(changes or {})}
    torch.manual_seed(0)
    blocks = ("DownEncoderBlock2D",) * 3, ("UpDecoderBlock2D",) * 3
    vae = AutoencoderKL(
        1, 1, *blocks, (4, 4, 4), 1, latent_channels=4, norm_num_groups=2, mid_block_add_attention=False
    )
    vae.save_pretrained(folder / "vae")
    network = NaDiffNetwork(NaDiffConfig.model_validate(config))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))  # the paper's zeros would hide every condition
    save_weights(network, folder / DENOISER)
    if config.get("layout"):
        save_weights(LayoutNetwork(NaDiffConfig.model_validate(config)), folder / LAYOUT)
    save_weights(build_clip(_CLIP), folder / CLIP_FOLDER, _CLIP)
    features = (4, 4, 4, 8, 8, 4)
    save_weights(build_segmenter(features, len(config["label_groups"])), folder / SEGMENTER, {"features": features})
    files = {p.relative_to(folder).as_posix(): file_digest(p) for p in sorted(folder.rglob("*")) if p.is_file()}
    info = {
        "name": name,
        "size": "demo",
        "title": "Tiny",
        "system": "na_diff",
        "config": config,
        "ranges": {
            "region": "abdomen",
            "fov_mm": {"low": 300, "high": 420},
            "spacing_mm": {"low": 1, "high": 3},
            "dose": {"low": 0.05, "high": 1},
            "labels": ["body", "skin", "liver", "lesion", "liver_lesion"],
        },
        "files": files,
    }
    ModelInfo.model_validate(info).write(folder)
    return folder
