"""Public weights made to fit the networks of NA-Diff, part by part, with nothing left out and nothing guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Size, Tensor, nn

from ctstudio.core.errors import ParameterError, WeightMismatch
from ctstudio.nets.clip import build_clip
from ctstudio.nets.clip_keys import clip_sizes
from ctstudio.nets.dit import DiTConfig
from ctstudio.nets.dit_keys import size_name, trunk_sizes
from ctstudio.nets.key_layouts import Renamed, check_fit, renamed
from ctstudio.nets.vae_keys import SCALING, build_vae, vae_config
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.import_files import OWN, Source
from ctstudio.systems.na_diff.network import NaDiffNetwork

FIELD_OF_VIEW_MM = 384.0
"""What a slice shows, whatever its number of pixels: that of the bundled models."""

LABEL_GROUPS: dict[str, tuple[str, ...]] = {"body": ("body", "skin"), "liver": ("liver", "liver_lesion")}
"""The paper's mask is the liver; where the body ends is known to the program, and not told."""

_TRUNK = "trunk."
_POSITIONS = "trunk.pos_embed"
_PLAIN_VISION = frozenset({"image_size", "layers", "width", "patch_size", "head_width", "mlp_ratio"})
_FIRST_WEIGHTS_SEED = 0


@dataclass(frozen=True)
class FittedPart:
    """A part of a model, ready to be written.

    Attributes:
        source: Where it came from.
        title: What it is, for people.
        made: Its tensors under our keys, and which of the file's keys filled them.
        new: Tensors that the file does not have: initialised, not trained.
        computed: Tensors that the file does not have and that follow from the sizes alone.
        config: What is written beside the weights; None when `model.json` says it all.
        decides: Settings of `NaDiffConfig` that follow from this part.
        notes: What was assumed.
    """

    source: Source
    title: str
    made: Renamed
    new: dict[str, Tensor] = field(default_factory=dict)
    computed: dict[str, Tensor] = field(default_factory=dict)
    config: dict[str, Any] | None = None
    decides: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def tensors(self) -> dict[str, Tensor]:
        """All tensors of the part by our key."""
        return {**self.made.tensors, **self.computed, **self.new}


def fitted_vae(source: Source) -> FittedPart:
    """The autoencoder.

    Raises:
        WeightMismatch: It does not fit diffusers' `AutoencoderKL`, or is not for grey or colour slices.
    """
    made = renamed(source.layout, source.checkpoint.tensors)
    config = vae_config(_shapes(made.tensors), source.beside)
    check_fit(made, _on_meta(build_vae, config), (), str(source.checkpoint.path))
    channels, latent, scale = config["in_channels"], config["latent_channels"], config["scaling_factor"]
    if channels not in (1, 3) or config["out_channels"] != channels:
        raise WeightMismatch(
            f"The autoencoder sees {channels} channels and gives {config['out_channels']}; a slice has 1 or 3.",
            "Give an autoencoder for grey or colour images.",
        )
    factor = 2 ** (len(config["block_out_channels"]) - 1)
    decides = {
        "vae_factor": factor,
        "latent_channels": latent,
        "image_channels": channels,
        "latent_mean": (float(config["shift_factor"] or 0.0),),
        "latent_std": (1.0 / scale,),
    }
    known = "scaling_factor" in source.beside
    notes = () if known else (f"scaling factor {SCALING} assumed, that of Stable Diffusion 1 and 2",)
    title = f"autoencoder, {factor} pixels to a latent, {latent} channels"
    return FittedPart(source, title, made, config=config, decides=decides, notes=notes)


def fitted_clip(source: Source, activation: str | None) -> FittedPart:
    """The CLIP tower.

    Args:
        source: The weights.
        activation: "quickgelu" or "gelu" where the file does not say which; None when nobody did.

    Raises:
        ParameterError: Nobody says which of the two the tower was trained with.
        WeightMismatch: It does not fit open_clip's vision transformer.
    """
    made = renamed(source.layout, source.checkpoint.tensors)
    heads, quick = _clip_heads(source), _quick_gelu(source, activation)
    config = clip_sizes(_shapes(made.tensors), heads, quick)
    check_fit(made, _on_meta(build_clip, config), (), str(source.checkpoint.path))
    vision = config["vision_cfg"]
    title = f"CLIP ViT of {vision['layers']} layers x {vision['width']}, patch {vision['patch_size']}"
    title += f", {vision['image_size']} px, embeddings of {config['embed_dim']}, {'QuickGELU' if quick else 'GELU'}"
    return FittedPart(source, title, made, config=config, decides={"clip_dim": config["embed_dim"]})


def fitted_denoiser(source: Source, heads: int | None, decided: Mapping[str, Any]) -> FittedPart:
    """The denoiser: a public trunk with new condition layers, or a whole denoiser of our own.

    Args:
        source: The weights.
        heads: Attention heads, when the user says so.
        decided: What the other parts decide of the configuration.

    Raises:
        WeightMismatch: It does not fit, in itself or with the other parts.
    """
    made, own = renamed(source.layout, source.checkpoint.tensors), source.layout is OWN
    if not own:
        made.tensors = {_TRUNK + key: tensor for key, tensor in made.tensors.items()}
        made.sources = {_TRUNK + key: keys for key, keys in made.sources.items()}
    inside = {key.removeprefix(_TRUNK): shape for key, shape in _shapes(made.tensors).items()}
    trunk = trunk_sizes(inside, heads or source.beside.get("num_attention_heads"), source.beside.get("sample_size"))
    if own:
        decided = {"clip_dim": _embedding_length(inside), **decided}
    decides = _trunk_decides(trunk, decided)
    config = NaDiffConfig.model_validate({**decided, **decides})
    free = () if own else ("conditions.", *(() if "pos_embed" in inside else (_POSITIONS,)))
    missing = check_fit(made, _on_meta(NaDiffNetwork, config), free, str(source.checkpoint.path))
    fresh = _first_weights(config, missing)
    computed = {key: fresh.pop(key) for key in missing if key == _POSITIONS}
    title = f"{size_name(trunk)}, {trunk.heads} heads, latents {trunk.side} x {trunk.side} x {trunk.in_channels}"
    if config.learn_sigma:
        title += ", learned variance"
    return FittedPart(source, title, made, fresh, computed, decides=decides)


def _trunk_decides(trunk: DiTConfig, decided: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that follow from the trunk; refuses what the other parts cannot go with."""
    latent = int(decided.get("latent_channels", trunk.in_channels))
    if trunk.in_channels != latent:
        raise WeightMismatch(
            f"The DiT works on latents of {trunk.in_channels} channels, the autoencoder makes {latent}.",
            "Give an autoencoder and a DiT that were trained together.",
        )
    if trunk.out_channels not in (latent, 2 * latent) or trunk.mlp_ratio != DiTConfig.mlp_ratio:
        raise WeightMismatch(
            f"The DiT gives {trunk.out_channels} channels for {latent}, with MLPs {trunk.mlp_ratio:g} times its width; "
            f"NA-Diff wants {latent} or {2 * latent}, and {DiTConfig.mlp_ratio:g} times.",
            "Give a DiT of the published form.",
        )
    pixels = trunk.side * int(decided.get("vae_factor", NaDiffConfig().vae_factor))
    return {
        "image_size": pixels,
        "pixel_mm": FIELD_OF_VIEW_MM / pixels,
        "latent_channels": latent,
        "patch": trunk.patch,
        "hidden": trunk.hidden,
        "depth": trunk.depth,
        "heads": trunk.heads,
        "learn_sigma": trunk.out_channels == 2 * latent,
        "prediction": "epsilon",
        "rim": 0,
        "label_groups": LABEL_GROUPS,
        "told_groups": ("liver",),
    }


def _first_weights(config: NaDiffConfig, keys: tuple[str, ...]) -> dict[str, Tensor]:
    """First weights of layers outside the trunk's blocks; the same each time."""
    if not keys:
        return {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_FIRST_WEIGHTS_SEED)
        state = NaDiffNetwork(config.model_copy(update={"depth": 0})).state_dict()
    return {key: state[key] for key in keys}


def _embedding_length(shapes: Mapping[str, Size]) -> int:
    if "conditions.rho.0.weight" not in shapes:
        raise WeightMismatch(
            "The denoiser lacks the layers for its conditions.", "Give the denoiser whole, as it was trained."
        )
    return int(shapes["conditions.rho.0.weight"][1])


def _clip_heads(source: Source) -> int | None:
    """Attention heads of the tower, where its configuration says so."""
    vision = source.beside.get("vision_cfg")
    if vision is None:
        vision = source.beside.get("vision_config", source.beside)
        if abs(float(vision.get("layer_norm_eps", 1e-5)) - 1e-5) > 1e-9:
            raise WeightMismatch("The CLIP tower has another epsilon in its norms than 1e-5.", "Give OpenAI's form.")
        return vision.get("num_attention_heads")
    other = sorted(set(vision) - _PLAIN_VISION)
    if other:
        raise WeightMismatch(
            f"The CLIP tower is of a form that is not read: {', '.join(other)}.", "Give a plain vision transformer."
        )
    return int(vision["width"] // vision["head_width"]) if "head_width" in vision else None


def _quick_gelu(source: Source, activation: str | None) -> bool:
    """Whether the tower was trained with QuickGELU; the weights look the same either way."""
    if activation is not None:
        return activation == "quickgelu"
    keys, beside = source.checkpoint.tensors, source.beside
    if "vision_cfg" in beside:
        return bool(beside.get("quick_gelu", False))
    if beside:
        name = str(beside.get("vision_config", beside).get("hidden_act", "quick_gelu"))
        if name not in ("quick_gelu", "gelu"):
            raise WeightMismatch(f"The CLIP tower was trained with {name}, which is not known.", "Give OpenAI's form.")
        return name == "quick_gelu"
    if "input_resolution" in keys or source.checkpoint.form == "TorchScript archive":
        return True  # OpenAI's own file
    raise ParameterError(
        f"{source.checkpoint.path} does not say which activation the CLIP tower was trained with.",
        "Give its folder with config.json, or --clip-activation quickgelu (OpenAI's weights) or gelu (most others).",
    )


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, Size]:
    return {key: tensor.shape for key, tensor in tensors.items()}


def _on_meta(build: Any, config: Any) -> dict[str, Size]:
    """Shapes of a network that is never given memory."""
    with torch.device("meta"):
        network: nn.Module = build(config)
    return _shapes(network.state_dict())
