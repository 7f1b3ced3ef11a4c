"""Image and text encoders: open_clip at any size, from local files only."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import open_clip
import torch
from open_clip.model import CLIP
from torch import Tensor
from torch.nn import functional

PAPER_NAME = "ViT-L-14-quickgelu"
"""OpenAI's ViT-L/14, 224 px, projected image embeddings of 768 (NA-Diff)."""

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


_NO_TEXT: dict[str, Any] = {"context_length": 1, "vocab_size": 1, "width": 8, "heads": 1, "layers": 1}
_OF_TEXT = (
    "transformer",
    "token_embedding",
    "positional_embedding",
    "ln_final",
    "text_projection",
    "attn_mask",
    "logit_scale",
)


def build_clip(config: dict[str, Any]) -> CLIP:
    """An open_clip model from a configuration with `embed_dim`, `vision_cfg` and `text_cfg`, weights random.

    Where `text_cfg` is None the model can embed pictures alone, and has no weights but theirs.
    """
    text = config["text_cfg"]
    clip = CLIP(
        config["embed_dim"],
        vision_cfg=config["vision_cfg"],
        text_cfg=_NO_TEXT if text is None else text,
        quick_gelu=config.get("quick_gelu", False),
    )
    for part in _OF_TEXT if text is None else ():
        delattr(clip, part)
    return clip


def paper_config() -> dict[str, Any]:
    """open_clip's own configuration of the paper's encoder."""
    config = open_clip.get_model_config(PAPER_NAME)
    return dict(config)


def embed_picture(clip: CLIP, picture: Tensor) -> Tensor:
    """Projected image embeddings, not L2-normalised.

    Args:
        clip: The encoder.
        picture: (B, 3, H, W) in [0, 1]; resized to the encoder's side by area averaging or bilinearly.

    Returns:
        (B, embed_dim).
    """
    side = clip.visual.image_size
    side = side[0] if isinstance(side, tuple) else side
    shrinks = picture.shape[-1] >= side
    mode: dict[str, Any] = {"mode": "area"} if shrinks else {"mode": "bilinear", "align_corners": False}
    resized = functional.interpolate(picture, size=(side, side), **mode)  # (B, 3, side, side)
    mean = torch.tensor(CLIP_MEAN, device=picture.device).view(1, 3, 1, 1)
    std = torch.tensor(CLIP_STD, device=picture.device).view(1, 3, 1, 1)
    return clip.encode_image((resized - mean) / std)  # (B, embed_dim)


class WordTokenizer:
    """Words of phantom reports to numbers: a small closed vocabulary instead of open_clip's 49 408 pieces.

    Numbers: 0 padding, 1 start, 2 unknown word, then the vocabulary, and last the end of text, the highest number,
    because open_clip reads the text's feature where the number is highest.
    """

    def __init__(self, words: list[str], context_length: int) -> None:
        self.words = words
        self.context_length = context_length
        self._numbers = {word: number for number, word in enumerate(words, start=3)}

    @property
    def vocab_size(self) -> int:
        """Numbers in use."""
        return len(self.words) + 4

    @classmethod
    def from_texts(cls, texts: list[str], context_length: int) -> WordTokenizer:
        """A tokenizer for the words that occur in `texts`."""
        return cls(sorted({word for text in texts for word in _split(text)}), context_length)

    @classmethod
    def from_file(cls, path: Path) -> WordTokenizer:
        """Read what `save` wrote."""
        data = json.loads(path.read_text(encoding="utf-8"))
        return cls(data["words"], data["context_length"])

    def save(self, path: Path) -> None:
        """Write the vocabulary as JSON."""
        data = {"context_length": self.context_length, "words": self.words}
        path.write_text(json.dumps(data, indent=1), encoding="utf-8")

    def __call__(self, texts: list[str]) -> Tensor:
        """(B, context_length) int64; long texts are cut."""
        rows = torch.zeros(len(texts), self.context_length, dtype=torch.int64)
        for row, text in zip(rows, texts, strict=True):
            numbers = [self._numbers.get(word, 2) for word in _split(text)][: self.context_length - 2]
            row[: len(numbers) + 2] = torch.tensor([1, *numbers, self.vocab_size - 1])
        return rows


def _split(text: str) -> list[str]:
    return re.findall(r"[a-z]+|[0-9]+", text.lower())
