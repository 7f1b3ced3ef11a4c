"""Public DiT checkpoints: facebook's keys, which are our own, and those of diffusers.

Source: facebookresearch/DiT; diffusers, `DiTTransformer2DModel`.
Differs: diffusers' class runs the weights with the time waves of other checkpoints (rates over 127 instead of 128);
ours are those that facebook trained with.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from torch import Size

from ctstudio.core.errors import WeightMismatch
from ctstudio.nets.dit import DiTConfig
from ctstudio.nets.key_layouts import Layout, Rule

_ENDS = "(weight|bias)"
_CLASSES = "the table of ImageNet's classes; nothing here is told by class"

FACEBOOK = Layout(
    "facebook DiT",
    "x_embedder.proj.weight",
    (
        Rule("y_embedder\\.embedding_table\\.weight", why=_CLASSES),
        Rule("(pos_embed)", r"\1"),
        Rule(
            rf"((?:x_embedder\.proj|t_embedder\.mlp\.[02]|final_layer\.(?:linear|adaLN_modulation\.1))\.{_ENDS})", r"\1"
        ),
        Rule(rf"(blocks\.\d+\.(?:attn\.(?:qkv|proj)|mlp\.fc[12]|adaLN_modulation\.1)\.{_ENDS})", r"\1"),
    ),
)

_BLOCK = r"transformer_blocks\.(\d+)"
_EMBEDDER = r"\.norm1\.emb\.timestep_embedder\.linear_"

DIFFUSERS = Layout(
    "diffusers DiT",
    "transformer_blocks.0.norm1.linear.weight",
    (
        Rule(rf"{_BLOCK}\.norm1\.emb\.class_embedder\.embedding_table\.weight", why=_CLASSES),
        Rule(rf"pos_embed\.proj\.{_ENDS}", r"x_embedder.proj.\1"),
        Rule(r"pos_embed\.pos_embed", "pos_embed"),
        Rule(rf"transformer_blocks\.0{_EMBEDDER}1\.{_ENDS}", r"t_embedder.mlp.0.\1"),
        Rule(rf"transformer_blocks\.0{_EMBEDDER}2\.{_ENDS}", r"t_embedder.mlp.2.\1"),
        Rule(rf"transformer_blocks\.\d+{_EMBEDDER}1\.{_ENDS}", r"t_embedder.mlp.0.\1", twin=True),
        Rule(rf"transformer_blocks\.\d+{_EMBEDDER}2\.{_ENDS}", r"t_embedder.mlp.2.\1", twin=True),
        Rule(rf"{_BLOCK}\.norm1\.linear\.{_ENDS}", r"blocks.\1.adaLN_modulation.1.\2"),
        *(
            Rule(rf"{_BLOCK}\.attn1\.to_{letter}\.{_ENDS}", r"blocks.\1.attn.qkv.\2", part)
            for part, letter in enumerate("qkv")
        ),
        Rule(rf"{_BLOCK}\.attn1\.to_out\.0\.{_ENDS}", r"blocks.\1.attn.proj.\2"),
        Rule(rf"{_BLOCK}\.ff\.net\.0\.proj\.{_ENDS}", r"blocks.\1.mlp.fc1.\2"),
        Rule(rf"{_BLOCK}\.ff\.net\.2\.{_ENDS}", r"blocks.\1.mlp.fc2.\2"),
        Rule(rf"proj_out_1\.{_ENDS}", r"final_layer.adaLN_modulation.1.\1"),
        Rule(rf"proj_out_2\.{_ENDS}", r"final_layer.linear.\1"),
    ),
)

LAYOUTS = (FACEBOOK, DIFFUSERS)

PUBLISHED = {(384, 12): ("DiT-S", 6), (768, 12): ("DiT-B", 12), (1024, 24): ("DiT-L", 16), (1152, 28): ("DiT-XL", 16)}
"""Name and heads of the published sizes, by width and depth; the number of heads is not to be seen in the weights."""


def trunk_sizes(shapes: Mapping[str, Size], heads: int | None, side: int | None) -> DiTConfig:
    """The sizes of a trunk from the shapes of its weights.

    Args:
        shapes: By our key.
        heads: Attention heads, when somebody knows them.
        side: Height and width of the latent, when the weights hold no positions.

    Raises:
        WeightMismatch: The shapes do not belong together, or do not say enough.
    """
    try:
        hidden, channels, patch = shapes["x_embedder.proj.weight"][:3]
        out = shapes["final_layer.linear.weight"][0] // patch**2
        wide = shapes["blocks.0.mlp.fc1.weight"][0] / hidden
    except (KeyError, ValueError, IndexError) as error:
        raise WeightMismatch(
            "The DiT lacks its first or last layer.", "Give the weights as they were published, whole.", str(error)
        ) from error
    depth = 1 + max(int(match[1]) for key in shapes if (match := re.match(r"blocks\.(\d+)\.", key)))
    known = PUBLISHED.get((hidden, depth))
    heads = heads or (known[1] if known else None)
    if heads is None or hidden % heads:
        raise WeightMismatch(
            f"A DiT of width {hidden} and depth {depth} is none of the published sizes, and its weights do not say how "
            "many attention heads it has."
            if heads is None
            else f"{heads} heads do not divide a width of {hidden}.",
            "Say it with --heads.",
        )
    return DiTConfig(_side(shapes, patch, side), patch, channels, out, hidden, depth, heads, wide)


def size_name(trunk: DiTConfig) -> str:
    """What the size is called, for example "DiT-XL/2"."""
    known = PUBLISHED.get((trunk.hidden, trunk.depth))
    return (
        f"{known[0]}/{trunk.patch}" if known else f"DiT of {trunk.depth} blocks x {trunk.hidden}, patch {trunk.patch}"
    )


def _side(shapes: Mapping[str, Size], patch: int, side: int | None) -> int:
    """Edge of the latent, from the number of positions."""
    if "pos_embed" not in shapes:
        if side is None:
            raise WeightMismatch(
                "These weights do not say for which image size the DiT was trained.",
                "Give their folder, whose config.json says it (sample_size).",
            )
        return side
    tokens = shapes["pos_embed"][-2]
    edge = math.isqrt(tokens)
    if edge**2 != tokens:
        raise WeightMismatch(f"The DiT has {tokens} positions, which is no square.", "Give a DiT for square images.")
    if side is not None and side != edge * patch:
        raise WeightMismatch(
            f"The weights are for latents of {edge * patch} x {edge * patch}, their config.json for {side} x {side}.",
            "Give the weights with the config.json that belongs to them.",
        )
    return edge * patch
