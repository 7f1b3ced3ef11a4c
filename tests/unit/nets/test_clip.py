"""The encoder and its words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from open_clip.model import CLIP

from ctstudio.nets.clip import WordTokenizer, build_clip, embed_picture, paper_config

TINY: dict[str, Any] = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "patch_size": 16, "layers": 1, "width": 32, "head_width": 16},
    "text_cfg": {"context_length": 12, "vocab_size": 20, "width": 32, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="module")
def clip() -> CLIP:
    torch.manual_seed(0)
    return build_clip(TINY).eval().requires_grad_(False)


def test_the_papers_encoder_is_openai_vit_l_14() -> None:
    config = paper_config()
    vision = config["vision_cfg"]
    assert config["embed_dim"] == 768
    assert (vision["image_size"], vision["patch_size"], vision["width"], vision["layers"]) == (224, 14, 1024, 24)
    assert config["quick_gelu"]


@pytest.mark.parametrize("side", [16, 32, 33, 96])
def test_pictures_of_any_size_are_embedded(clip: CLIP, side: int) -> None:
    embedding = embed_picture(clip, torch.rand(2, 3, side, side))
    assert embedding.shape == (2, 24)
    assert embedding.isfinite().all()
    assert (embedding.norm(dim=1) - 1).abs().min() > 1e-3  # projected, not normalised


def test_a_picture_shrinks_by_averaging_and_grows_smoothly(clip: CLIP) -> None:
    small = torch.rand(1, 3, 32, 32)
    large = small.repeat_interleave(3, dim=2).repeat_interleave(3, dim=3)
    torch.testing.assert_close(embed_picture(clip, large), embed_picture(clip, small))
    flat = torch.full((1, 3, 8, 8), 0.3)
    torch.testing.assert_close(embed_picture(clip, flat), embed_picture(clip, torch.full((1, 3, 32, 32), 0.3)))


def test_brightness_and_place_both_change_the_embedding(clip: CLIP) -> None:
    left, right = torch.zeros(1, 3, 32, 32), torch.zeros(1, 3, 32, 32)
    left[..., :16] = 1.0
    right[..., 16:] = 1.0
    a, b, c = (embed_picture(clip, p) for p in (left, right, left / 2))
    assert not torch.allclose(a, b, atol=1e-3)
    assert not torch.allclose(a, c, atol=1e-3)


def test_pictures_are_shifted_and_scaled_as_openai_did(clip: CLIP) -> None:
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1).expand(1, 3, 32, 32)
    torch.testing.assert_close(embed_picture(clip, mean), clip.encode_image(torch.zeros(1, 3, 32, 32)))


def test_words_go_out_and_back(tmp_path: Path) -> None:
    first = WordTokenizer.from_texts(["Axial slice with Liver, spleen.", "dose 25 percent"], 8)
    first.save(tmp_path / "vocabulary.json")
    again = WordTokenizer.from_file(tmp_path / "vocabulary.json")
    texts = ["liver at dose 25", "spleen"]
    assert torch.equal(first(texts), again(texts))
    assert again.context_length == 8
    assert again.vocab_size == first.vocab_size


def test_each_word_has_its_number_and_the_end_the_highest() -> None:
    words = WordTokenizer.from_texts(["liver spleen 25"], 6)
    assert words.words == ["25", "liver", "spleen"]
    assert words(["Spleen, unheard-of LIVER"]).tolist() == [[1, 5, 2, 2, 4, 6]]
    assert words(["liver"]).tolist() == [[1, 4, 6, 0, 0, 0]]
    assert words([""]).tolist() == [[1, 6, 0, 0, 0, 0]]
    assert words.vocab_size == 7


def test_long_texts_are_cut_and_keep_their_end() -> None:
    words = WordTokenizer.from_texts(["a b c d e f g h"], 5)
    row = words(["a b c d e f g h"])[0]
    assert row.tolist()[-1] == words.vocab_size - 1
    assert row.argmax() == 4


def test_the_encoder_reads_a_text_at_its_end(clip: CLIP) -> None:
    """What comes after the end of a text must not matter, what comes before must."""
    words = WordTokenizer([f"w{i}" for i in range(16)], 12)
    assert words.vocab_size == 20
    rows = torch.tensor([[1, 3, 4, 19, 0, 0, 0, 0, 0, 0, 0, 0], [1, 3, 4, 19, 7, 7, 7, 7, 7, 7, 7, 7]])
    features = clip.encode_text(rows)
    torch.testing.assert_close(features[0], features[1])
    assert not torch.allclose(features[0], clip.encode_text(torch.tensor([[1, 5, 4, 19, *[0] * 8]]))[0], atol=1e-4)
