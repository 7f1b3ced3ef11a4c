"""The denoiser: dual condition, spatial rim, size of the paper's network."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ctstudio.diffusion.schedules import alphas_bar, stratified_timesteps
from ctstudio.nets.dit import parameter_count
from ctstudio.systems.na_diff.config import PAPER, NaDiffConfig
from ctstudio.systems.na_diff.network import ImageConditions, NaDiffNetwork
from ctstudio.systems.na_diff.objective import denoising_loss
from tiny_na_diff import CONFIG, SMALL
from weightless import on_meta

TINY = NaDiffConfig.model_validate({**CONFIG, **SMALL})


def _inputs(seed: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    draws = torch.Generator().manual_seed(seed)
    side = TINY.latent_side
    z_t = torch.randn(2, TINY.latent_channels, side, side, generator=draws)
    spatial = torch.rand(2, TINY.spatial_channels, side, side, generator=draws)
    return z_t, torch.tensor([20, 800]), torch.randn(2, TINY.hidden, generator=draws), spatial


@pytest.fixture
def network() -> NaDiffNetwork:
    """All of it woken."""
    torch.manual_seed(0)
    network = NaDiffNetwork(TINY)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return network.eval().requires_grad_(False)


def test_the_papers_network_has_its_number_of_parameters() -> None:
    network = on_meta(NaDiffNetwork, PAPER)
    assert parameter_count(network) == 462_015_104
    assert parameter_count(network.trunk) == 457_028_736  # type: ignore[arg-type]
    assert PAPER.trunk().tokens_per_side ** 2 == 64
    assert not any(key.startswith("rim") for key in network.state_dict())


YES, NO = torch.ones(3, dtype=torch.bool), torch.zeros(3, dtype=torch.bool)


def _conditions(**changes: object) -> ImageConditions:
    torch.manual_seed(0)
    return ImageConditions(NaDiffConfig.model_validate({"clip_dim": 6, "hidden": 8, "heads": 1, **changes}))


def _said(fuse: ImageConditions, a: Tensor, b: Tensor, keep_map: Tensor = YES, keep_mask: Tensor = YES) -> Tensor:
    return fuse({"noise_map": a, "mask": b}, {"noise_map": keep_map, "mask": keep_mask})


def test_both_embeddings_go_through_the_same_rho_and_stay_apart() -> None:
    fuse, a, b = _conditions(), torch.randn(3, 6), torch.randn(3, 6)
    torch.testing.assert_close(_said(fuse, a, b), fuse.eta(torch.cat([fuse.rho(a), fuse.rho(b)], dim=1)))
    assert not torch.allclose(_said(fuse, a, b), _said(fuse, b, a), atol=1e-4)
    assert {key.split(".")[0] for key in fuse.state_dict()} == {"rho", "eta", "null_map", "null_mask"}


def test_a_dropped_embedding_is_the_learned_null() -> None:
    fuse, a, b = _conditions(), torch.randn(3, 6), torch.randn(3, 6)
    torch.nn.init.normal_(fuse.null_map)
    torch.nn.init.normal_(fuse.null_mask)
    torch.testing.assert_close(_said(fuse, a, b, NO), _said(fuse, fuse.null_map.expand(3, -1), b))
    torch.testing.assert_close(_said(fuse, a, b, YES, NO), _said(fuse, a, fuse.null_mask.expand(3, -1)))
    mixed = torch.tensor([True, False, True])
    torch.testing.assert_close(_said(fuse, a, b, mixed)[1], _said(fuse, a, b, NO)[1])
    torch.testing.assert_close(_said(fuse, a, b, mixed)[0], _said(fuse, a, b)[0])


def test_the_sum_of_two_conditions_cannot_tell_them_apart() -> None:
    fuse, a, b = _conditions(fusion="sum"), torch.randn(3, 6), torch.randn(3, 6)
    torch.testing.assert_close(_said(fuse, a, b), fuse.rho(a) + fuse.rho(b))
    torch.testing.assert_close(_said(fuse, a, b), _said(fuse, b, a))
    assert {key.split(".")[0] for key in fuse.state_dict()} == {"rho", "null_map", "null_mask"}


@pytest.mark.parametrize(("name", "null"), [("noise_map", "null_map"), ("mask", "null_mask")])
def test_one_condition_alone_is_all_that_is_heard(name: str, null: str) -> None:
    fuse, a, b = _conditions(conditions=(name,)), torch.randn(3, 6), torch.randn(3, 6)
    alone = {"noise_map": a, "mask": b}[name]
    torch.testing.assert_close(_said(fuse, a, b), fuse.rho(alone))
    assert {key.split(".")[0] for key in fuse.state_dict()} == {"rho", null}


def test_a_rim_without_spatial_conditions_lets_narrow_tokens_pass_on_what_they_cannot_hold() -> None:
    torch.manual_seed(0)
    network, (z_t, t, c, _) = NaDiffNetwork(TINY.model_copy(update={"spatial": False})), _inputs()
    assert network.rim is not None
    assert network.rim.stem.in_channels == TINY.latent_channels
    assert not network(z_t, t, c).allclose(0.5 * z_t)
    with torch.no_grad():
        for parameter in network.rim.out[-1].parameters():
            torch.nn.init.zeros_(parameter)
        network.rim.noise_path.gain.bias.fill_(0.5)
    torch.testing.assert_close(network(z_t, t, c), 0.5 * z_t)


@pytest.mark.parametrize(
    ("changes", "words"), [({"spatial": True}, "needs a rim"), ({"rim": 8}, "does not learn the variance")]
)
def test_switches_that_exclude_each_other_are_named(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        NaDiffConfig.model_validate(changes)


def test_a_new_spatial_network_hears_no_condition_yet() -> None:
    torch.manual_seed(0)
    network, (z_t, t, c, spatial) = NaDiffNetwork(TINY), _inputs()
    torch.testing.assert_close(network(z_t, t, c, spatial), network(z_t, t, c + 1.0, spatial))


def test_mask_noise_map_condition_and_time_all_reach_the_output(network: NaDiffNetwork) -> None:
    z_t, t, c, spatial = _inputs()
    out = network(z_t, t, c, spatial)
    assert out.shape == z_t.shape
    for channel in (0, 1, 2, TINY.spatial_channels - 1):
        changed = spatial.clone()
        changed[:, channel] += 1.0
        assert not torch.allclose(network(z_t, t, c, changed), out, atol=1e-4)
    assert not torch.allclose(network(z_t, t, c + 1, spatial), out, atol=1e-4)
    assert not torch.allclose(network(z_t, t + 100, c, spatial), out, atol=1e-4)
    torch.testing.assert_close(network(z_t[1:], t[1:], c[1:], spatial[1:]), out[1:])


def test_a_stroke_acts_most_where_it_was_painted(network: NaDiffNetwork) -> None:
    z_t, t, c, spatial = _inputs()
    painted = spatial.clone()
    painted[:, 1, 2, 2] += 5.0
    change = (network(z_t, t, c, painted) - network(z_t, t, c, spatial)).abs().mean(dim=(0, 1))
    assert change.argmax() // TINY.latent_side in (1, 2, 3)
    assert change[1:4, 1:4].mean() > 5 * change[8:, 8:].mean()


def test_the_noise_path_is_a_gain_on_each_latent_value(network: NaDiffNetwork) -> None:
    assert network.rim is not None
    path, (z_t, _, c, spatial) = network.rim.noise_path, _inputs()
    gain = path(torch.ones_like(z_t), spatial, c)
    torch.testing.assert_close(path(z_t, spatial, c), gain * z_t)
    noisier = spatial.clone()
    noisier[:, -1, 5, 5] += 1.0
    changed = (path(z_t, noisier, c) != path(z_t, spatial, c)).any(dim=1)
    assert changed.nonzero()[:, 1:].unique(dim=0).tolist() == [[5, 5]]


def test_the_paper_s_network_takes_no_spatial_input() -> None:
    flat = NaDiffConfig.model_validate({**CONFIG, **SMALL, "spatial": False, "rim": 0, "learn_sigma": True})
    network, (z_t, t, c, _) = NaDiffNetwork(flat), _inputs()
    assert network.rim is None
    assert network(z_t, t, c).shape == (2, 2 * TINY.latent_channels, TINY.latent_side, TINY.latent_side)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_a_silent_network_loses_the_variance_of_its_target(prediction: str) -> None:
    """With learned variance, only the first half of the channels counts."""
    changes = {"spatial": False, "rim": 0, "learn_sigma": True, "patch": 4, "prediction": prediction}
    network = NaDiffNetwork(NaDiffConfig.model_validate({**CONFIG, **SMALL, **changes}))
    z_0 = 0.5 * torch.randn(64, 4, 16, 16, generator=torch.Generator().manual_seed(1))
    timesteps, noise = _draws(z_0, 0)
    loss = denoising_loss(network, z_0, torch.zeros(64, 32), None, timesteps, noise)
    if prediction == "epsilon":
        assert loss.item() == pytest.approx(1.0, rel=0.03)
    else:
        assert 0.25 < loss.item() < 0.75  # alpha_bar + (1 - alpha_bar) / 4, averaged over the times


def test_the_loss_is_decided_by_its_timesteps_and_noise(network: NaDiffNetwork) -> None:
    z_0, _, c, spatial = _inputs()
    first, again, other = (denoising_loss(network, z_0, c, spatial, *_draws(z_0, seed)).item() for seed in (1, 1, 2))
    assert first == again != other


def test_a_sample_weighs_as_its_signal_to_noise_ratio_says(network: NaDiffNetwork) -> None:
    z_0, _, c, spatial = _inputs()
    timesteps, noise = torch.tensor([5, 800]), torch.randn(z_0.shape, generator=torch.Generator().manual_seed(1))
    each = [
        denoising_loss(
            network, z_0[i : i + 1], c[i : i + 1], spatial[i : i + 1], timesteps[i : i + 1], noise[i : i + 1]
        )
        for i in range(2)
    ]
    snr = [float(a / (1 - a)) for a in alphas_bar()[timesteps]]
    assert snr[0] > 5 > snr[1]
    expected = (each[0] * 5 / (snr[0] + 1) + each[1] * snr[1] / (snr[1] + 1)) / 2  # of v
    weighed = denoising_loss(network, z_0, c, spatial, timesteps, noise, min_snr_gamma=5.0)
    assert weighed.item() == pytest.approx(expected.item(), rel=1e-4)


def test_forgetting_what_is_inside_the_blocks_changes_no_gradient_and_no_key(network: NaDiffNetwork) -> None:
    network.requires_grad_(True)
    network.trunk.pos_embed.requires_grad_(False)
    z_0, _, c, spatial = _inputs()
    keys, gradients, calls = list(network.state_dict()), {}, list[int]()
    network.trunk.blocks[0].register_forward_pre_hook(lambda *_: calls.append(1))
    for recompute in (False, True):
        network.trunk.recompute = recompute
        network.zero_grad()
        loss = denoising_loss(network, z_0, c, spatial, *_draws(z_0, 0))
        loss.backward()
        gradients[recompute] = [loss.detach(), *(p.grad.clone() for p in network.parameters() if p.grad is not None)]
    assert len(calls) == 3  # once, then once forward and once for the gradients
    assert list(network.state_dict()) == keys
    assert len(gradients[True]) > 20
    for ours, theirs in zip(gradients[False], gradients[True], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-7)


def _draws(z_0: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return stratified_timesteps(len(z_0), generator), torch.randn(z_0.shape, generator=generator)
