"""MedSyn's lean networks on a GPU: the processor's result, and no more memory than was foretold."""

from __future__ import annotations

import torch

from ctstudio.catalog.medsyn_memory import Plan, working_need
from ctstudio.systems.medsyn.config import PAPER, UNetConfig
from ctstudio.systems.medsyn.inference import LeanUpscaler, lay_out
from ctstudio.systems.medsyn.network import Upscaler
from ctstudio.systems.medsyn.slabs import Moments

GPU = torch.device("cuda")
SPARE = 1.25
"""Part of the foretold memory that the convolutions' own work may take on top."""


def frozen(network: Upscaler) -> Upscaler:
    return network.eval().requires_grad_(False)


def test_the_upscaler_in_slabs_is_the_processors() -> None:
    torch.manual_seed(0)
    network = frozen(Upscaler(UNetConfig(side=32, dim=16, dim_mults=(1, 2), heads=2)))
    x_t, coarse = torch.randn(2, 1, 4, 32, 32, 32)
    plain = network(x_t, torch.tensor([300.0]), coarse)
    network.to(GPU)
    for slab in (None, 7):
        lean = LeanUpscaler(network, slab=slab)
        found = lean(x_t.to(GPU), 300.0, lean.seen(coarse.to(GPU))).cpu()
        assert float((found - plain).norm() / plain.norm()) < 3e-3  # TF32


def test_moments_are_those_of_the_processor() -> None:
    volume = (3 + torch.randn(1, 16, 5, 8, 8)).contiguous(memory_format=torch.channels_last_3d)
    for dtype in (torch.float32, torch.bfloat16):
        slabs = volume.to(dtype), volume.to(GPU, dtype)
        found = []
        for slab in slabs:
            moments = Moments()
            moments.add(slab)
            found.append([part.cpu() for part in moments.of_groups(8)])
        for ours, theirs in zip(*found, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_the_papers_volume_takes_no_more_than_was_foretold() -> None:
    with GPU:
        network = frozen(Upscaler(PAPER.upscaler))
        lay_out(network, torch.bfloat16, network.final_conv0)
        volume = torch.randn(1, 4, 256, 256, 256)
    lean = LeanUpscaler(network, torch.bfloat16, 16, keep_stem=False)
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    found = lean(volume, 500.0, lean.seen(volume))
    assert torch.isfinite(found).all()
    foretold = working_need(PAPER.model_dump(), True, "bf16", False, Plan(64, 16, False))
    assert torch.cuda.max_memory_allocated() - before < SPARE * foretold
    assert foretold < 9 * 2**30
