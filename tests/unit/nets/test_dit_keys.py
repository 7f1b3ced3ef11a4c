"""Public DiT checkpoints fill our trunk, and it says what theirs says."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ctstudio.core.errors import WeightMismatch
from ctstudio.nets.dit import DiT, DiTConfig
from ctstudio.nets.dit_keys import DIFFUSERS, FACEBOOK, size_name, trunk_sizes
from ctstudio.nets.key_layouts import Layout, Renamed, check_fit, renamed
from public_weights import TRUNK, State, diffusers_dit, facebook_dit, published_shapes, weightless
from weightless import on_meta

PUBLISHED = {
    "facebook_DiT-L/4_256": (FACEBOOK, "DiT-L/4", 32, 1),
    "facebook_DiT-XL/2_256": (FACEBOOK, "DiT-XL/2", 32, 1),
    "facebook_DiT-XL/2_512": (FACEBOOK, "DiT-XL/2", 64, 1),
    "diffusers_DiT-XL/2_256": (DIFFUSERS, "DiT-XL/2", 32, 28 + 27 * 4),
}


def _sizes(made: Renamed, heads: int | None = None, side: int | None = None) -> DiTConfig:
    return trunk_sizes({key: value.shape for key, value in made.tensors.items()}, heads, side)


def _loaded(layout: Layout, state: State) -> DiT:
    made = renamed(layout, state)
    trunk = DiT(_sizes(made, TRUNK.heads, TRUNK.side))
    missing = check_fit(made, {key: value.shape for key, value in trunk.state_dict().items()}, ("pos_embed",), "file")
    trunk.load_state_dict({**made.tensors, **{key: trunk.state_dict()[key] for key in missing}})
    return trunk.eval()


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_key_of_the_published_checkpoints_has_its_place_and_none_is_left(repository: Path, name: str) -> None:
    shapes = published_shapes(repository)
    if not shapes:
        pytest.skip("the published layouts are not here")
    layout, size, side, unused = PUBLISHED[name]
    state = weightless(shapes[name])
    assert layout.prefix_in(state) == ""
    made = renamed(layout, state)
    sizes = _sizes(made, side=None if "pos_embed" in made.tensors else side)
    assert (size_name(sizes), sizes.side, sizes.out_channels) == (size, side, 8)
    wanted = {key: value.shape for key, value in on_meta(DiT, sizes).state_dict().items()}
    new = check_fit(made, wanted, ("pos_embed",), name)
    assert new == (() if layout is FACEBOOK else ("pos_embed",))
    assert set(made.tensors) | set(new) == set(wanted)
    assert len(made.unused) == unused
    assert sum(map(len, made.sources.values())) + unused == len(state)


@torch.no_grad()
def test_a_trunk_with_facebooks_weights_says_what_diffusers_network_says() -> None:
    state = facebook_dit()
    ours, theirs = _loaded(FACEBOOK, state), diffusers_dit(state)
    z, t = torch.randn(3, 4, 8, 8), torch.tensor([0, 321, 999])
    classes = torch.tensor([3, 0, 9])
    condition = state["y_embedder.embedding_table.weight"][classes]  # (3, D)
    expected = theirs(z, t, classes).sample
    torch.testing.assert_close(ours(z, t, condition), expected, atol=1e-5, rtol=1e-4)
    assert expected.std() > 0.05
    assert (ours(z, t, condition.flip(0)) - expected).abs().max() > 1e-2


def test_diffusers_keys_give_the_same_tensors_as_facebooks() -> None:
    state = facebook_dit()
    made = renamed(DIFFUSERS, diffusers_dit(state).state_dict())
    assert made.unknown == []
    for key, value in made.tensors.items():
        assert torch.equal(value, state[key]), key
    assert set(state) - set(made.tensors) == {"pos_embed", "y_embedder.embedding_table.weight"}
    torch.testing.assert_close(DiT(TRUNK).pos_embed, state["pos_embed"])


def test_a_network_whose_blocks_learned_embedders_of_their_own_is_refused() -> None:
    state = dict(diffusers_dit(facebook_dit()).state_dict())
    key = "transformer_blocks.1.norm1.emb.timestep_embedder.linear_2.bias"
    state[key] = state[key] + 1e-3
    with pytest.raises(WeightMismatch, match=r"transformer_blocks\.1\.norm1"):
        renamed(DIFFUSERS, state)


def test_a_block_that_is_missing_in_the_middle_is_named() -> None:
    state = {key: value for key, value in facebook_dit().items() if not key.startswith("blocks.0.attn.")}
    made = renamed(FACEBOOK, state)
    wanted = {key: value.shape for key, value in DiT(TRUNK).state_dict().items()}
    assert _sizes(made, 4).depth == 2
    with pytest.raises(WeightMismatch, match=r"missing: blocks\.0\.attn\.qkv\.weight"):
        check_fit(made, wanted, (), "file")


def test_what_weights_do_not_say_must_be_said() -> None:
    shapes = {key: value.shape for key, value in facebook_dit().items()}
    with pytest.raises(WeightMismatch, match="heads"):
        trunk_sizes(shapes, None, None)
    with pytest.raises(WeightMismatch, match="5 heads do not divide"):
        trunk_sizes(shapes, 5, None)
    assert trunk_sizes(shapes, 4, None) == TRUNK
    without = {key: shape for key, shape in shapes.items() if key != "pos_embed"}
    with pytest.raises(WeightMismatch, match="image size"):
        trunk_sizes(without, 4, None)
    assert trunk_sizes(without, 4, 8) == TRUNK


def test_a_configuration_for_another_side_is_refused() -> None:
    shapes = {key: value.shape for key, value in facebook_dit().items()}
    with pytest.raises(WeightMismatch, match="8 x 8"):
        trunk_sizes(shapes, 4, 16)
    with pytest.raises(WeightMismatch, match="no square"):
        trunk_sizes({**shapes, "pos_embed": torch.Size([1, 15, 32])}, 4, None)
    with pytest.raises(WeightMismatch, match="first or last"):
        trunk_sizes({key: shape for key, shape in shapes.items() if "final" not in key}, 4, None)
