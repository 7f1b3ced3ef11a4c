"""Public CLIP towers in two spellings give one network with the same embeddings."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from open_clip.model import CLIP
from torch import Size
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from ctstudio.core.errors import WeightMismatch
from ctstudio.nets.checkpoint_file import read_checkpoint
from ctstudio.nets.clip import build_clip, paper_config
from ctstudio.nets.clip_keys import HUGGING_FACE, LAYOUTS, OPENCLIP, clip_sizes
from ctstudio.nets.key_layouts import Renamed, check_fit, renamed
from public_weights import State, clip, hugging_face_clip, openai_archive, published_shapes, weightless
from weightless import on_meta

PICTURE = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(4))


def _shapes(state: State) -> dict[str, Size]:
    return {key: value.shape for key, value in state.items()}


def _read(state: State) -> Renamed:
    [layout] = [layout for layout in LAYOUTS if layout.prefix_in(state) is not None]
    return renamed(layout, state)


def _tower(made: Renamed, heads: int | None = None, quick_gelu: bool = True) -> CLIP:
    tower = build_clip(clip_sizes(_shapes(made.tensors), heads, quick_gelu))
    check_fit(made, _shapes(tower.state_dict()), (), "file")
    tower.load_state_dict(made.tensors)
    return tower.eval()


@torch.no_grad()
@pytest.mark.parametrize("activation", ["quick_gelu", "gelu"])
def test_hugging_faces_tower_embeds_alike(activation: str) -> None:
    theirs = hugging_face_clip(activation)
    made = _read(theirs.state_dict())
    expected = theirs(pixel_values=PICTURE).image_embeds
    ours = _tower(made, heads=4, quick_gelu=activation == "quick_gelu")
    torch.testing.assert_close(ours.encode_image(PICTURE), expected, atol=1e-5, rtol=1e-4)
    other = _tower(made, heads=4, quick_gelu=activation != "quick_gelu")
    assert (other.encode_image(PICTURE) - expected).abs().max() > 1e-3


@torch.no_grad()
def test_open_clips_own_tower_embeds_alike_without_its_text_tower() -> None:
    theirs = clip()
    made = _read(theirs.state_dict())
    ours = _tower(made)
    torch.testing.assert_close(ours.encode_image(PICTURE), theirs.encode_image(PICTURE), atol=0, rtol=0)
    assert all(key.startswith("visual.") for key in ours.state_dict())
    assert len(made.unused) == sum(not key.startswith("visual.") for key in theirs.state_dict()) > 10


@torch.no_grad()
def test_openais_archive_embeds_as_its_half_precision_weights_do(tmp_path: Path) -> None:
    theirs = clip()
    state = read_checkpoint(openai_archive(tmp_path / "ViT.pt", theirs)).tensors
    ours = _tower(_read({key: value.float() for key, value in state.items()}))
    torch.testing.assert_close(ours.encode_image(PICTURE), clip().encode_image(PICTURE), atol=0.03, rtol=0.03)
    assert torch.equal(ours.visual.proj, clip().visual.proj.half().float())


@pytest.mark.parametrize("name", ["openclip_ViT-L-14_visual (prefix visual.)", "hf_clip_vit_large_patch14_vision"])
def test_every_key_of_the_published_towers_has_its_place(repository: Path, name: str) -> None:
    published = published_shapes(repository)
    if not published:
        pytest.skip("the published layouts are not here")
    state = weightless(published[name], "visual." if "openclip" in name else "")
    made = _read(state)
    assert made.unused == {}
    assert sum(map(len, made.sources.values())) == len(state)
    _is_the_papers(made)


def test_every_key_of_the_libraries_at_the_papers_size_has_its_place() -> None:
    whole = on_meta(build_clip, paper_config())
    made = _read(dict(whole.state_dict()))
    assert made.layout == OPENCLIP.name
    _is_the_papers(made)
    config = CLIPVisionConfig(
        hidden_size=1024,
        intermediate_size=4096,
        num_hidden_layers=24,
        num_attention_heads=16,
        patch_size=14,
        projection_dim=768,
    )
    made = _read(dict(on_meta(CLIPVisionModelWithProjection, config).state_dict()))
    assert made.layout == HUGGING_FACE.name
    _is_the_papers(made)


def _is_the_papers(made: Renamed) -> None:
    sizes = clip_sizes(_shapes(made.tensors), None, True)
    paper = paper_config()
    assert sizes["embed_dim"] == paper["embed_dim"]
    for key, value in paper["vision_cfg"].items():
        assert sizes["vision_cfg"][key] == value
    assert sizes["vision_cfg"]["head_width"] == 64
    wanted = _shapes(on_meta(build_clip, sizes).state_dict())
    assert check_fit(made, wanted, (), "file") == ()
    assert set(wanted) == set(made.tensors)
    assert len(wanted) == 296


def test_numbers_of_positions_in_old_files_are_not_used() -> None:
    state = dict(hugging_face_clip().state_dict())
    made = _read({**state, "vision_model.embeddings.position_ids": torch.arange(5)[None]})
    assert made.unused == {"vision_model.embeddings.position_ids": "the numbers 0, 1, 2 …"}
    assert _tower(made, heads=4) is not None


def test_a_tower_without_its_projection_says_what_to_give() -> None:
    state = {key: value for key, value in hugging_face_clip().state_dict().items() if key != "visual_projection.weight"}
    with pytest.raises(WeightMismatch, match=r"visual\.proj") as caught:
        clip_sizes(_shapes(_read(state).tensors), 4, True)
    assert "CLIPVisionModelWithProjection" in caught.value.remedy


def test_towers_that_cannot_be_built_are_refused() -> None:
    shapes = _shapes(_read(clip().state_dict()).tensors)
    with pytest.raises(WeightMismatch, match="5 heads"):
        clip_sizes(shapes, 5, True)
    with pytest.raises(WeightMismatch, match="6 patches"):
        clip_sizes({**shapes, "visual.positional_embedding": Size([7, 64])}, None, True)
