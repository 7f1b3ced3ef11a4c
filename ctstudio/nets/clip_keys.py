"""Public CLIP image towers: OpenAI's and open_clip's keys, which are our own, and those of Hugging Face.

Source: openai/CLIP, open_clip, transformers (`CLIPVisionModelWithProjection`, with its `pre_layrnorm`).
Differs: the text tower is left out, because nothing here reads text with it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from torch import Size

from ctstudio.core.errors import WeightMismatch
from ctstudio.nets.key_layouts import Layout, Rule

HEAD_WIDTH = 64
"""Of all CLIP towers by OpenAI, and most others."""

_ENDS = "(weight|bias)"
_TEXT = "the text tower; the picture alone is embedded"
_SCALE = "the temperature of CLIP's training"
_SIZES = ("input_resolution", "context_length", "vocab_size")

OPENCLIP = Layout(
    "OpenAI or open_clip CLIP",
    "visual.conv1.weight",
    (
        Rule(r"(visual\.(?:class_embedding|positional_embedding|proj|conv1\.weight))", r"\1"),
        Rule(rf"(visual\.ln_(?:pre|post)\.{_ENDS})", r"\1"),
        Rule(rf"(visual\.transformer\.resblocks\.\d+\.ln_[12]\.{_ENDS})", r"\1"),
        Rule(
            r"(visual\.transformer\.resblocks\.\d+\.attn\.(?:in_proj_(?:weight|bias)|out_proj\.(?:weight|bias)))", r"\1"
        ),
        Rule(rf"(visual\.transformer\.resblocks\.\d+\.mlp\.c_(?:fc|proj)\.{_ENDS})", r"\1"),
        Rule(
            r"(?:transformer|token_embedding|ln_final|text)\..*|positional_embedding|text_projection|attn_mask",
            why=_TEXT,
        ),
        Rule(r"logit_(?:scale|bias)", why=_SCALE),
        Rule("|".join(_SIZES), why="a size, which the shapes tell as well"),
    ),
)

_LAYER = r"vision_model\.encoder\.layers\.(\d+)"
_OURS = r"visual.transformer.resblocks.\1"
_NAMES = {
    r"self_attn\.out_proj": "attn.out_proj",
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    r"mlp\.fc1": "mlp.c_fc",
    r"mlp\.fc2": "mlp.c_proj",
}

HUGGING_FACE = Layout(
    "Hugging Face CLIP",
    "vision_model.embeddings.patch_embedding.weight",
    (
        Rule(r"(?:vision|text)_model\.embeddings\.position_ids", why="the numbers 0, 1, 2 …"),
        Rule(r"vision_model\.embeddings\.class_embedding", "visual.class_embedding"),
        Rule(r"vision_model\.embeddings\.patch_embedding\.weight", "visual.conv1.weight"),
        Rule(r"vision_model\.embeddings\.position_embedding\.weight", "visual.positional_embedding"),
        Rule(rf"vision_model\.pre_lay(?:er|r)norm\.{_ENDS}", r"visual.ln_pre.\1"),
        Rule(rf"vision_model\.post_layernorm\.{_ENDS}", r"visual.ln_post.\1"),
        *(
            Rule(rf"{_LAYER}\.self_attn\.{letter}_proj\.{_ENDS}", rf"{_OURS}.attn.in_proj_\2", part)
            for part, letter in enumerate("qkv")
        ),
        *(Rule(rf"{_LAYER}\.{theirs}\.{_ENDS}", rf"{_OURS}.{ours}.\2") for theirs, ours in _NAMES.items()),
        Rule(r"visual_projection\.weight", "visual.proj", transposed=True),
        Rule(r"text_model\..*|text_projection\.weight", why=_TEXT),
        Rule(r"logit_scale", why=_SCALE),
    ),
)

LAYOUTS = (OPENCLIP, HUGGING_FACE)


def clip_sizes(shapes: Mapping[str, Size], heads: int | None, quick_gelu: bool) -> dict[str, Any]:
    """The configuration of `build_clip` from the shapes of an image tower.

    Args:
        shapes: By our key.
        heads: Attention heads, when somebody knows them; width over 64 otherwise.
        quick_gelu: Whether the tower has OpenAI's faster GELU.

    Raises:
        WeightMismatch: Layers are missing, or the sizes do not go together.
    """
    try:
        width, channels, patch = shapes["visual.conv1.weight"][:3]
        tokens = shapes["visual.positional_embedding"][0] - 1
        wide = shapes["visual.transformer.resblocks.0.mlp.c_fc.weight"][0] / width
        embed_dim = shapes["visual.proj"][1]
    except (KeyError, IndexError) as error:
        raise WeightMismatch(
            f"The CLIP tower lacks {error.args[0]}.",
            "Give a tower with its projection: of Hugging Face's, CLIPModel or CLIPVisionModelWithProjection.",
        ) from None
    side, layers = math.isqrt(tokens), [int(m[1]) for key in shapes if (m := re.search(r"resblocks\.(\d+)\.", key))]
    heads = heads or max(1, width // HEAD_WIDTH)
    if side**2 != tokens or channels != 3 or width % heads:
        raise WeightMismatch(
            f"A CLIP tower with {tokens} patches, {channels} channels and {heads} heads of {width} cannot be built.",
            "Give a CLIP vision transformer for square colour pictures.",
        )
    vision = {
        "image_size": side * patch,
        "patch_size": patch,
        "layers": 1 + max(layers),
        "width": width,
        "head_width": width // heads,
        "mlp_ratio": wide,
    }
    return {"embed_dim": embed_dim, "quick_gelu": quick_gelu, "vision_cfg": vision, "text_cfg": None}
