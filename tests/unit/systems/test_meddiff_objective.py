"""What MedDiff-FM learns from."""

from __future__ import annotations

import pytest
import torch

from ctstudio.diffusion.schedules import noised, velocity
from ctstudio.systems.meddiff_fm.control import LesionControl
from ctstudio.systems.meddiff_fm.network import Denoiser
from ctstudio.systems.meddiff_fm.objective import Patches, loss
from meddiff_patches import FOLDED, TINY, awake, given, lesions


def patches(lesion: bool = False) -> tuple[Patches, torch.Tensor, torch.Tensor]:
    """A batch, timesteps and noise."""
    noise, timesteps, places, anatomy, region = given(TINY)
    x_0 = torch.rand(noise.shape, generator=torch.Generator().manual_seed(8)) * 2 - 1
    return Patches(x_0, places, anatomy, region, lesions(TINY) if lesion else None), timesteps, noise


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_it_is_the_absolute_error_of_what_is_predicted(prediction: str) -> None:
    denoiser = awake(Denoiser(TINY.model_copy(update={"prediction": prediction})))
    batch, timesteps, noise = patches()
    x_t = noised(batch.x_0, noise, timesteps, schedule="cosine")
    said = denoiser(x_t, timesteps, denoiser.condition(batch.coordinates, batch.anatomy), batch.region)
    target = noise if prediction == "epsilon" else velocity(batch.x_0, noise, timesteps, schedule="cosine")
    assert loss(denoiser, batch, timesteps, noise).item() == pytest.approx((said - target).abs().mean().item())


def test_only_weighed_voxels_count() -> None:
    denoiser = awake(Denoiser(TINY))
    batch, timesteps, noise = patches()
    weights = torch.zeros_like(noise)
    weights[0] = 2.0
    first = Patches(batch.x_0[:1], batch.coordinates[:1], batch.anatomy[:1], batch.region[:1])
    alone = loss(denoiser, first, timesteps[:1], noise[:1])
    assert loss(denoiser, batch, timesteps, noise, weights=weights).item() == pytest.approx(alone.item(), rel=1e-5)
    assert loss(denoiser, batch, timesteps, noise, weights=torch.ones_like(noise)).item() == pytest.approx(
        loss(denoiser, batch, timesteps, noise).item(), rel=1e-5
    )


def test_a_silent_control_does_not_change_it_and_an_awake_one_does() -> None:
    denoiser, control = awake(Denoiser(TINY)), LesionControl(TINY)
    batch, timesteps, noise = patches(lesion=True)
    alone = loss(denoiser, batch, timesteps, noise)
    assert loss(denoiser, batch, timesteps, noise, control) == alone
    assert loss(denoiser, batch, timesteps, noise, awake(control)) != alone


def test_a_denoiser_learns_a_patch_by_heart() -> None:
    torch.manual_seed(0)
    denoiser = Denoiser(FOLDED)
    batch, _, noise = patches()
    timesteps = torch.tensor([600, 600])
    optimiser = torch.optim.Adam(denoiser.parameters(), 5e-3)
    first = loss(denoiser, batch, timesteps, noise).item()
    for _ in range(40):
        optimiser.zero_grad()
        loss(denoiser, batch, timesteps, noise).backward()
        optimiser.step()
    assert loss(denoiser, batch, timesteps, noise).item() < 0.7 * first
