"""A ControlNet beside a transformer: nothing at first, then what its picture says."""

from __future__ import annotations

import torch

from ctstudio.nets.control import DiTControl
from ctstudio.nets.dit import DiT, DiTConfig

CONFIG = DiTConfig(side=8, patch=2, in_channels=3, out_channels=3, hidden=16, depth=3, heads=2)


def _trunk() -> DiT:
    torch.manual_seed(0)
    trunk = DiT(CONFIG)
    with torch.no_grad():
        for parameter in trunk.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return trunk.requires_grad_(False)


def _inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    draws = torch.Generator().manual_seed(1)
    x, picture = torch.randn(2, 3, 8, 8, generator=draws), torch.randn(2, 5, 8, 8, generator=draws)
    return x, torch.tensor([10, 800]), torch.randn(2, 16, generator=draws), picture


def _said(trunk: DiT, control: DiTControl, picture: torch.Tensor) -> torch.Tensor:
    x, t, c, _ = _inputs()
    return trunk(x, t, c, lambda tokens, condition: control(tokens, condition, picture))


def test_a_new_control_adds_nothing_at_all() -> None:
    trunk, control, (x, t, c, picture) = _trunk(), DiTControl(CONFIG, 5, 2), _inputs()
    control.begin_as(trunk)
    assert torch.equal(_said(trunk, control, picture), trunk(x, t, c))


def test_its_blocks_begin_as_the_trunks() -> None:
    trunk, control = _trunk(), DiTControl(CONFIG, 5, 2)
    control.begin_as(trunk)
    for own, theirs in zip(control.blocks, trunk.blocks, strict=False):
        for a, b in zip(own.parameters(), theirs.parameters(), strict=True):
            assert torch.equal(a, b)
            assert a.data_ptr() != b.data_ptr()


def test_it_learns_to_follow_its_picture_while_the_trunk_stays() -> None:
    trunk, control, (x, t, c, picture) = _trunk(), DiTControl(CONFIG, 5, 2), _inputs()
    control.begin_as(trunk)
    before = {key: value.clone() for key, value in trunk.state_dict().items()}
    wanted = trunk(x, t, c) + picture[:, :3]
    optimiser, losses = torch.optim.Adam(control.parameters(), 1e-2), []
    for _ in range(80):
        loss = (_said(trunk, control, picture) - wanted).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    assert all(torch.equal(value, before[key]) for key, value in trunk.state_dict().items())
    assert not torch.allclose(_said(trunk, control, picture), _said(trunk, control, picture.flip(0)), atol=1e-3)


def test_each_step_reaches_every_weight_after_the_first() -> None:
    """The layers at zero open one after the other: leave, then enter, then all."""
    trunk, control, (*_, picture) = _trunk(), DiTControl(CONFIG, 5, 2), _inputs()
    control.begin_as(trunk)
    optimiser = torch.optim.SGD(control.parameters(), 0.1)
    for _ in range(3):
        optimiser.zero_grad()
        _said(trunk, control, picture).square().mean().backward()
        optimiser.step()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in control.parameters())
