"""The first stage's network, and what the CT stages take over from it."""

from __future__ import annotations

import pytest
import torch

from ctstudio.core.errors import WeightMismatch
from ctstudio.diffusion.schedules import stratified_timesteps
from ctstudio.nets.dit import parameter_count
from ctstudio.systems.na_diff.config import PAPER, NaDiffConfig
from ctstudio.systems.na_diff.natural import NaturalNetwork, begin_from, carry_over, natural_config
from ctstudio.systems.na_diff.network import NaDiffNetwork
from ctstudio.systems.na_diff.objective import denoising_loss
from tiny_na_diff import CONFIG, SMALL
from weightless import on_meta

SPATIAL = NaDiffConfig.model_validate({**CONFIG, **SMALL})
PLAIN = natural_config(SPATIAL)


def _woken(network: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return network.eval().requires_grad_(False)


def test_each_token_hears_its_own_part_of_the_noise_map() -> None:
    network = _woken(NaturalNetwork(PLAIN))
    shape = (1, PLAIN.latent_channels, PLAIN.latent_side, PLAIN.latent_side)
    z_t, t, quiet = torch.randn(shape), torch.tensor([300]), torch.zeros(shape)
    loud = quiet.clone()
    loud[..., : PLAIN.patch, : PLAIN.patch] = 3.0  # the first token's
    told = network.condition(loud) - network.condition(quiet)
    assert told[:, 0].abs().max() > 0
    assert not told[:, 1:].any()
    assert not torch.allclose(network(z_t, t, network.condition(loud)), network(z_t, t, network.condition(quiet)))


def test_the_papers_first_stage_has_the_trunk_of_its_ct_stages() -> None:
    natural, later = on_meta(lambda: NaturalNetwork(natural_config(PAPER))), on_meta(lambda: NaDiffNetwork(PAPER))
    assert {k: v.shape for k, v in natural.trunk.state_dict().items()} == {
        k: v.shape for k, v in later.trunk.state_dict().items()
    }
    assert parameter_count(natural) == parameter_count(natural.trunk) + 4 * 4 * 4 * 1024 + 1024


def test_the_trunk_carries_over_whole_and_gives_the_same() -> None:
    source, target = _woken(NaturalNetwork(PLAIN)), NaDiffNetwork(PLAIN)
    assert carry_over(source, target) == []
    z_t = torch.randn(2, PLAIN.latent_channels, PLAIN.latent_side, PLAIN.latent_side)
    t, c = torch.tensor([10, 900]), torch.randn(2, PLAIN.hidden)
    torch.testing.assert_close(target(z_t, t, c), source(z_t, t, c))


def test_the_spatial_variant_takes_the_blocks_and_keeps_its_own_edges() -> None:
    source, target = _woken(NaturalNetwork(PLAIN)), NaDiffNetwork(SPATIAL)
    left = carry_over(source, target)
    assert set(left) == {"rim.stem.weight", "rim.noise_path.local.weight"}
    torch.testing.assert_close(target.trunk.blocks[0].mlp.fc1.weight, source.trunk.blocks[0].mlp.fc1.weight)


@pytest.mark.parametrize("changes", [{"hidden": 48}, {"depth": 2}])
def test_a_trunk_of_another_size_is_refused(changes: dict[str, int]) -> None:
    other = NaDiffNetwork(PLAIN.model_copy(update=changes))
    with pytest.raises(WeightMismatch, match="blocks of width"):
        carry_over(NaturalNetwork(PLAIN), other)
    with pytest.raises(WeightMismatch, match="blocks of width"):
        carry_over(other, NaDiffNetwork(PLAIN))


def test_the_mask_stage_of_sep_diff_begins_with_the_noise_map_stage() -> None:
    hears_map = _woken(NaDiffNetwork(PLAIN.model_copy(update={"conditions": ("noise_map",)})))
    hears_mask = NaDiffNetwork(PLAIN.model_copy(update={"conditions": ("mask",)}))
    begin_from(hears_map, hears_mask)
    for key, value in hears_mask.state_dict().items():
        if key != "conditions.null_mask":
            torch.testing.assert_close(value, hears_map.state_dict()[key])


def test_the_first_stage_learns() -> None:
    torch.manual_seed(0)
    network, draws = NaturalNetwork(PLAIN), torch.Generator().manual_seed(0)
    shape = (4, PLAIN.latent_channels, PLAIN.latent_side, PLAIN.latent_side)
    z_0, maps = torch.randn(shape, generator=draws), torch.randn(shape, generator=draws)
    timesteps, noise = stratified_timesteps(4, draws), torch.randn(shape, generator=draws)
    optimiser, losses = torch.optim.Adam(network.parameters(), 3e-3), []
    for _ in range(60):
        loss = denoising_loss(network, z_0, network.condition(maps), None, timesteps, noise)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
