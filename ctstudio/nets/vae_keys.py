"""Public autoencoders of Stable Diffusion: diffusers' keys of today, diffusers' older ones, and CompVis'.

Source: diffusers, `AutoencoderKL`; CompVis, latent-diffusion, whose `first_stage_model.` stands before every key when
the whole of Stable Diffusion is in one file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from diffusers import AutoencoderKL
from torch import Size

from ctstudio.core.errors import WeightMismatch
from ctstudio.nets.key_layouts import Layout, Rule

SCALING = 0.18215
"""What Stable Diffusion 1 and 2 multiply latents by, so that their SD is 1."""

_ENDS = "(weight|bias)"
_PREFIXES = ("", "first_stage_model.", "vae.")
_UNUSED = (
    Rule(r"loss\..*", why="the loss of the autoencoder's own training (discriminator, LPIPS)"),
    Rule(r"model_ema\..*", why="the moving average of the autoencoder's training, under keys of its own"),
)
_OLD_NAMES = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
_LAYERS = r"(?:norm|conv)[12]"
_MIDDLE = (
    *(
        Rule(rf"(encoder|decoder)\.mid\.block_{number}\.({_LAYERS}\.{_ENDS})", rf"\1.mid_block.resnets.{number - 1}.\2")
        for number in (1, 2)
    ),
    Rule(rf"(encoder|decoder)\.mid\.attn_1\.norm\.{_ENDS}", r"\1.mid_block.attentions.0.group_norm.\2"),
    *(
        Rule(rf"(encoder|decoder)\.mid\.attn_1\.{old}\.{_ENDS}", rf"\1.mid_block.attentions.0.{new}.\2", flat=True)
        for old, new in {"q": "to_q", "k": "to_k", "v": "to_v", "proj_out": "to_out.0"}.items()
    ),
)
"""CompVis' middle blocks; its attention is made of 1x1 convolutions."""


DIFFUSERS = Layout(
    "diffusers AutoencoderKL",
    "encoder.down_blocks.0.resnets.0.conv1.weight",
    (
        *_UNUSED,
        *(
            Rule(rf"(.*\.attentions\.\d+)\.{old}\.{_ENDS}", rf"\1.{new}.\2", flat=True)
            for old, new in _OLD_NAMES.items()
        ),
        Rule(r"((?:encoder|decoder|quant_conv|post_quant_conv)\..*)", r"\1"),
    ),
    _PREFIXES,
)


def compvis(levels: int) -> Layout:
    """CompVis' keys; its decoder counts its levels from the finest, ours from the coarsest."""
    return Layout(
        "CompVis autoencoder",
        "encoder.down.0.block.0.conv1.weight",
        (
            *_UNUSED,
            Rule(rf"((?:post_)?quant_conv\.{_ENDS})", r"\1"),
            Rule(rf"((?:encoder|decoder)\.conv_(?:in|out)\.{_ENDS})", r"\1"),
            Rule(rf"(encoder|decoder)\.norm_out\.{_ENDS}", r"\1.conv_norm_out.\2"),
            *(rule for level in range(levels) for rule in _level("encoder.down", level, "encoder.down_blocks", level)),
            *(
                rule
                for level in range(levels)
                for rule in _level("decoder.up", level, "decoder.up_blocks", levels - 1 - level)
            ),
            *_MIDDLE,
        ),
        _PREFIXES,
    )


def layouts_for(keys: Iterable[str]) -> tuple[Layout, ...]:
    """The layouts of autoencoders, with as many levels as the keys have."""
    numbers = [int(match[1]) for key in keys if (match := re.search(r"encoder\.down\.(\d+)\.", key))]
    return DIFFUSERS, compvis(1 + max(numbers, default=0))


def vae_config(shapes: Mapping[str, Size], beside: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of `AutoencoderKL` from the shapes of its weights.

    Args:
        shapes: By diffusers' key.
        beside: The `config.json` beside the file, for what shapes do not say; empty when there is none.

    Raises:
        WeightMismatch: The first or last layer is missing.
    """
    levels = 1 + max((int(m[1]) for key in shapes if (m := re.match(r"encoder\.down_blocks\.(\d+)\.", key))), default=0)
    blocks = len({key for key in shapes if re.fullmatch(r"encoder\.down_blocks\.0\.resnets\.\d+\.conv1\.weight", key)})
    try:
        widths = [shapes[f"encoder.down_blocks.{level}.resnets.0.conv1.weight"][0] for level in range(levels)]
        config: dict[str, Any] = {
            "in_channels": shapes["encoder.conv_in.weight"][1],
            "out_channels": shapes["decoder.conv_out.weight"][0],
            "latent_channels": shapes["decoder.conv_in.weight"][1],
            "block_out_channels": widths,
        }
    except KeyError as error:
        raise WeightMismatch(
            f"The autoencoder lacks {error.args[0]}.", "Give the weights whole, as published."
        ) from None
    return {
        **config,
        "layers_per_block": blocks,
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
        "norm_num_groups": int(beside.get("norm_num_groups", 32)),
        "mid_block_add_attention": any(".mid_block.attentions." in key for key in shapes),
        "use_quant_conv": "quant_conv.weight" in shapes,
        "use_post_quant_conv": "post_quant_conv.weight" in shapes,
        "scaling_factor": float(beside.get("scaling_factor") or SCALING),
        "shift_factor": beside.get("shift_factor"),
        "sample_size": int(beside.get("sample_size") or 256),
    }


def build_vae(config: Mapping[str, Any]) -> AutoencoderKL:
    """The autoencoder of a configuration.

    Raises:
        WeightMismatch: The numbers do not go together.
    """
    try:
        return AutoencoderKL.from_config(dict(config))
    except (TypeError, ValueError, RuntimeError) as error:
        raise WeightMismatch(
            "The autoencoder's weights and its config.json do not go together.",
            "Give the config.json that came with the weights.",
            str(error),
        ) from error


def _level(their_name: str, theirs: int, our_name: str, ours: int) -> tuple[Rule, ...]:
    """Rules for one level of CompVis' encoder or decoder."""
    old, new = rf"{re.escape(their_name)}\.{theirs}", f"{our_name}.{ours}"
    return (
        Rule(rf"{old}\.block\.(\d+)\.({_LAYERS}\.{_ENDS})", rf"{new}.resnets.\1.\2"),
        Rule(rf"{old}\.block\.(\d+)\.nin_shortcut\.{_ENDS}", rf"{new}.resnets.\1.conv_shortcut.\2"),
        Rule(rf"{old}\.(down|up)sample\.(conv\.{_ENDS})", rf"{new}.\1samplers.0.\2"),
    )
