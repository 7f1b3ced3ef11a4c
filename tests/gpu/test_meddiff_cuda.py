"""MedDiff-FM's networks on a GPU: the processor's result, the foretold memory, no more of it for large volumes."""

from __future__ import annotations

import copy

import torch

from ctstudio.catalog.meddiff_memory import window_bytes
from ctstudio.diffusion.windows import blended, lay_windows
from ctstudio.systems.meddiff_fm.config import PAPER
from ctstudio.systems.meddiff_fm.network import Denoiser
from ctstudio.systems.meddiff_fm.weights import lay_out
from meddiff_patches import FOLDED, awake, given

GPU = torch.device("cuda")
SPARE = 1.25
"""Part of the foretold memory that the convolutions' own work may take on top."""


@torch.no_grad()
def test_a_patch_is_the_processors() -> None:
    plain = awake(Denoiser(FOLDED))
    x_t, timesteps, places, anatomy, region = given(FOLDED)
    wanted = plain(x_t, timesteps, plain.condition(places, anatomy), region)
    x_t, timesteps, places, anatomy, region = (part.to(GPU) for part in given(FOLDED))
    for dtype, tolerance in ((torch.float32, 3e-3), (torch.bfloat16, 3e-2)):
        network = copy.deepcopy(plain)
        lay_out(network, dtype).to(GPU)
        found = network(x_t, timesteps, network.condition(places, anatomy), region).cpu()
        assert float((found - wanted).norm() / wanted.norm()) < tolerance


@torch.no_grad()
def test_the_papers_window_takes_no_more_than_was_foretold() -> None:
    denoiser = Denoiser(PAPER)
    lay_out(denoiser, torch.bfloat16).to(GPU)
    x_t, timesteps, places, anatomy, region = (part.to(GPU) for part in given(PAPER, 1))
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    found = denoiser(x_t, timesteps, denoiser.condition(places, anatomy), region)
    assert torch.isfinite(found).all()
    foretold = window_bytes(PAPER.model_dump(), "bf16", on_cpu=False)
    assert torch.cuda.max_memory_allocated() - before < SPARE * foretold


@torch.no_grad()
def test_a_large_volume_takes_no_more_than_a_small_one() -> None:
    network = awake(Denoiser(FOLDED)).to(GPU)
    _, timesteps, places, anatomy, region = (part.to(GPU) for part in given(FOLDED, 1))
    condition = network.condition(places, anatomy)
    peaks = []
    for side in (24, 96):
        windows = lay_windows((side, side, side), FOLDED.patch, 0.25)
        torch.cuda.reset_peak_memory_stats()
        blended(
            torch.randn(1, 1, side, side, side),
            windows,
            lambda parts, _: network(parts.to(GPU), timesteps, condition, region),
            batch=1,
        )
        peaks.append(torch.cuda.max_memory_allocated())
    assert peaks[1] <= 1.01 * peaks[0]
