"""Which files of public weights are meant: a file, a part's folder, or a folder with a subfolder for each part."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctstudio.core.errors import UnreadableFile, WeightMismatch
from ctstudio.nets import clip_keys, dit_keys, vae_keys
from ctstudio.nets.checkpoint_file import SUFFIXES, Checkpoint, read_checkpoint
from ctstudio.nets.key_layouts import Layout, Rule

OWN = Layout("NA-Diff denoiser", "trunk.x_embedder.proj.weight", (Rule(r"((?:trunk|conditions)\..*)", r"\1"),))
"""The denoiser as this program writes it; not the spatial variant, whose file does not say what its channels mean."""

TITLES = {"denoiser": "a DiT", "vae": "an autoencoder", "clip": "a CLIP tower"}
_SUBFOLDERS = {"denoiser": ("denoiser", "transformer"), "vae": ("vae",), "clip": ("clip", "image_encoder")}
_USUAL = (
    "diffusion_pytorch_model.safetensors",
    "model.safetensors",
    "open_clip_model.safetensors",
    "diffusion_pytorch_model.bin",
    "pytorch_model.bin",
    "open_clip_pytorch_model.bin",
)
_CONFIGS = ("config.json", "open_clip_config.json")
_KNOWN_OTHERS = {
    "visual.trunk.": "a CLIP of another make (timm), such as BiomedCLIP",
    "vision_model.head.": "a SigLIP tower",
    "model.diffusion_model.": "a U-Net of Stable Diffusion without its autoencoder",
    "down_blocks.": "a U-Net of diffusers",
    "text_model.": "a text tower",
    "vision_embedding.": "the embedder of Med-DiT",
}
"""What people give by mistake, by the beginning of a key."""


@dataclass(frozen=True)
class Source:
    """A part's weights and what its folder says of them.

    Attributes:
        part: "denoiser", "vae" or "clip".
        layout: How its keys are written.
        checkpoint: The weights.
        beside: The `config.json` beside them; empty when there is none that belongs to them.
    """

    part: str
    layout: Layout
    checkpoint: Checkpoint
    beside: dict[str, Any] = field(default_factory=dict)


def find_sources(path: Path | None, named: Mapping[str, Path]) -> dict[str, Source]:
    """The parts in a file or folder, and those that are named one by one, which count more.

    Args:
        path: A file of weights, a part's folder, or a folder of parts as diffusers lays it out.
        named: File or folder by part.

    Raises:
        UnreadableFile: Nothing there, or damaged.
        WeightMismatch: Weights of something else.
    """
    found: dict[str, Source] = {}
    for place in _places(path) if path is not None else ():
        source = _source(place)
        found[source.part] = source
    for part, place in named.items():
        source = _source(place)
        if source.part != part:
            raise WeightMismatch(
                f"{place} holds {TITLES[source.part]}, not {TITLES[part]}.", f"Give it as --{source.part}."
            )
        found[part] = source
    return found


def _places(path: Path) -> list[Path]:
    """The path itself, or the subfolders of its parts."""
    if not path.is_dir() or any(file.suffix.lower() in SUFFIXES for file in path.iterdir()):
        return [path]
    parts = [path / name for names in _SUBFOLDERS.values() for name in names if (path / name).is_dir()]
    if not parts:
        folders = ", ".join(name for names in _SUBFOLDERS.values() for name in names)
        raise UnreadableFile(
            f"{path} holds no weights.", f"Give a file of weights, or a folder that holds some of: {folders}."
        )
    return parts


def _source(place: Path) -> Source:
    file = weights_in(place) if place.is_dir() else place
    checkpoint = read_checkpoint(file)
    part, layout = recognised(checkpoint)
    return Source(part, layout, checkpoint, _beside(file.parent, part))


def weights_in(folder: Path) -> Path:
    """The one file of weights of a part's folder.

    Raises:
        UnreadableFile: None, several, or weights in pieces.
    """
    for name in _USUAL:
        if (folder / name).is_file():
            return folder / name
    there = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
    if any(folder.glob("*.index.json")):
        raise UnreadableFile(f"The weights in {folder} lie in pieces.", "Join them to one file first.")
    if len(there) != 1:
        names = ", ".join(file.name for file in there) or "none"
        raise UnreadableFile(f"Which weights in {folder} are meant is not clear: {names}.", "Give the file itself.")
    return there[0]


def recognised(checkpoint: Checkpoint) -> tuple[str, Layout]:
    """The part that a file holds and the layout of its keys.

    Raises:
        WeightMismatch: None of those that are known; says what it looks like.
    """
    keys = checkpoint.tensors
    layouts = {
        "denoiser": (OWN, *dit_keys.LAYOUTS),
        "vae": vae_keys.layouts_for(keys),
        "clip": clip_keys.LAYOUTS,
    }
    for part, candidates in layouts.items():
        for layout in candidates:
            if layout.prefix_in(keys) is not None:
                return part, layout
    other = next((what for start, what in _KNOWN_OTHERS.items() if any(key.startswith(start) for key in keys)), "")
    looks = f"It looks like {other}." if other else f"Its first keys are {', '.join(sorted(keys)[:3])}."
    raise WeightMismatch(
        f"{checkpoint.path} holds no network that NA-Diff has. {looks}",
        "Give a DiT (facebook or diffusers), an autoencoder of Stable Diffusion, or a CLIP vision transformer.",
    )


def _beside(folder: Path, part: str) -> dict[str, Any]:
    """The configuration beside a part's weights, if it belongs to such a part."""
    for name in _CONFIGS:
        try:
            config = json.loads((folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        config = config.get("model_cfg", config) if isinstance(config, dict) else {}
        if _belongs(config, part):
            return dict(config)
    return {}


def _belongs(config: Mapping[str, Any], part: str) -> bool:
    if part == "denoiser":
        return "num_attention_heads" in config and "patch_size" in config and "model_type" not in config
    if part == "vae":
        return "block_out_channels" in config and "latent_channels" in config
    return "vision_cfg" in config or "vision_config" in config or "clip" in str(config.get("model_type", ""))
