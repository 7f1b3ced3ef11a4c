"""The diffusion transformer: the public checkpoints must fit it, and it must begin as silence."""

from __future__ import annotations

import pytest
import torch

from ctstudio.nets.dit import DiT, DiTConfig, parameter_count
from weightless import on_meta

LARGE = DiTConfig(side=32, patch=4, in_channels=4, out_channels=8, hidden=1024, depth=24, heads=16)
TINY = DiTConfig(side=8, patch=2, in_channels=3, out_channels=6, hidden=32, depth=2, heads=4)


def _published_layout(depth: int, d: int, patch: int, latent: int, tokens: int) -> dict[str, tuple[int, ...]]:
    """Keys and shapes of a public DiT checkpoint without its table of classes."""
    layout: dict[str, tuple[int, ...]] = {
        "pos_embed": (1, tokens, d),
        "x_embedder.proj.weight": (d, latent, patch, patch),
        "x_embedder.proj.bias": (d,),
        "t_embedder.mlp.0.weight": (d, 256),
        "t_embedder.mlp.0.bias": (d,),
        "t_embedder.mlp.2.weight": (d, d),
        "t_embedder.mlp.2.bias": (d,),
        "final_layer.linear.weight": (patch * patch * 2 * latent, d),
        "final_layer.linear.bias": (patch * patch * 2 * latent,),
        "final_layer.adaLN_modulation.1.weight": (2 * d, d),
        "final_layer.adaLN_modulation.1.bias": (2 * d,),
    }
    linear = {"attn.qkv": (3 * d, d), "attn.proj": (d, d), "mlp.fc1": (4 * d, d), "mlp.fc2": (d, 4 * d)}
    linear["adaLN_modulation.1"] = (6 * d, d)
    for block in range(depth):
        for name, (rows, columns) in linear.items():
            layout[f"blocks.{block}.{name}.weight"] = (rows, columns)
            layout[f"blocks.{block}.{name}.bias"] = (rows,)
    return layout


def _awake(config: DiTConfig = TINY) -> DiT:
    """A trunk whose zeroed layers have been woken, so that all of it acts."""
    torch.manual_seed(3)
    trunk = DiT(config)
    with torch.no_grad():
        for name, parameter in trunk.named_parameters():
            if name != "pos_embed":
                parameter.add_(0.1 * torch.randn_like(parameter))
    return trunk.eval()


def test_keys_and_shapes_are_those_of_the_public_checkpoint() -> None:
    trunk = on_meta(DiT, LARGE)
    shapes = {key: tuple(value.shape) for key, value in trunk.state_dict().items()}
    assert shapes == _published_layout(depth=24, d=1024, patch=4, latent=4, tokens=64)


def test_the_papers_trunk_has_its_number_of_parameters_and_takes_no_memory() -> None:
    trunk = on_meta(DiT, LARGE)
    assert parameter_count(trunk) == 457_028_736
    assert all(p.device.type == "meta" for p in trunk.parameters())


def test_a_new_trunk_predicts_exactly_nothing() -> None:
    out = DiT(TINY)(torch.randn(2, 3, 8, 8), torch.tensor([0, 999]), torch.randn(2, 32))
    assert out.shape == (2, 6, 8, 8)
    assert torch.count_nonzero(out) == 0


def test_a_new_block_passes_tokens_through_whatever_the_condition() -> None:
    block, x = DiT(TINY).blocks[0], torch.randn(2, 16, 32)
    assert torch.equal(block(x, torch.randn(2, 1, 32)), x)


def test_equal_conditions_at_every_token_are_one_condition() -> None:
    trunk, x, t, c = _awake(), torch.randn(2, 3, 8, 8), torch.tensor([10, 700]), torch.randn(2, 32)
    one = trunk(x, t, c)
    torch.testing.assert_close(trunk(x, t, c[:, None].expand(-1, 16, -1)), one)
    other = c[:, None].repeat(1, 16, 1)
    other[:, 0] += 1.0
    assert not torch.allclose(trunk(x, t, other), one, atol=1e-4)


@torch.no_grad()
def test_input_time_and_condition_all_matter_and_samples_do_not_meet() -> None:
    trunk, x, t, c = _awake(), torch.randn(2, 3, 8, 8), torch.tensor([10, 700]), torch.randn(2, 32)
    out = trunk(x, t, c)
    assert not torch.allclose(trunk(x + torch.randn_like(x), t, c), out, atol=1e-3)
    assert not torch.allclose(trunk(x, t + 100, c), out, atol=1e-4)
    assert not torch.allclose(trunk(x, t, c + 1), out, atol=1e-4)
    torch.testing.assert_close(trunk(x[1:], t[1:], c[1:]), out[1:])


@torch.no_grad()
def test_each_token_is_laid_back_where_its_patch_was() -> None:
    """A trunk whose blocks are silent works token by token: one changed patch changes that patch alone."""
    torch.manual_seed(1)
    trunk = DiT(TINY)
    torch.nn.init.normal_(trunk.final_layer.linear.weight)
    x, t, c = torch.randn(1, 3, 8, 8), torch.tensor([5]), torch.zeros(1, 32)
    changed = x.clone()
    changed[..., 2:4, 6:8] += torch.randn(2, 2)
    differs = ((trunk(changed, t, c) - trunk(x, t, c)).abs() > 1e-6).any(dim=1)[0]
    expected = torch.zeros(8, 8, dtype=torch.bool)
    expected[2:4, 6:8] = True
    assert torch.equal(differs, expected)


@torch.no_grad()
def test_a_token_is_unfolded_row_by_row_channels_last() -> None:
    """The order of the public checkpoints' final layer: patch row, patch column, channel."""
    trunk = DiT(TINY)
    trunk.final_layer.linear.bias.copy_(torch.arange(2 * 2 * 6.0))
    out = trunk(torch.zeros(1, 3, 8, 8), torch.tensor([0]), torch.zeros(1, 32))[0]
    for row, column, channel in [(0, 0, 0), (0, 1, 2), (1, 0, 5), (1, 1, 3)]:
        assert out[channel, 4 + row, 2 + column].item() == pytest.approx((row * 2 + column) * 6 + channel)
