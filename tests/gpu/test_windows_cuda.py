"""Windows over a volume that lies in the machine's memory while a network on a GPU sees a few at a time."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ctstudio.diffusion.windows import blended, lay_windows

GPU = torch.device("cuda")
PATCH = 32


@torch.no_grad()
def test_the_gpu_holds_no_more_for_a_large_volume_than_for_a_small_one() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv3d(1, 8, 3, padding=1), nn.SiLU(), nn.Conv3d(8, 1, 3, padding=1)).to(GPU)

    def predict(parts: Tensor, numbers: Sequence[int]) -> Tensor:
        made = network(parts.to(GPU))
        assert isinstance(made, Tensor)
        return made

    peaks = []
    for shape in ((64, 64, 64), (64, 64, 64), (96, 256, 256)):  # the first also warms up
        torch.cuda.reset_peak_memory_stats()
        volume = torch.randn(1, 1, *shape)
        found = blended(volume, lay_windows(shape, PATCH, 0.25), predict, 4)
        assert found.device.type == "cpu"
        peaks.append(torch.cuda.max_memory_allocated())
    assert peaks[2] == peaks[1]


@torch.no_grad()
def test_a_volume_on_the_gpu_comes_out_as_one_on_the_processor() -> None:
    volume, windows = torch.randn(1, 1, 40, 50, 60), lay_windows((40, 50, 60), PATCH, 0.5)

    def predict(parts: Tensor, numbers: Sequence[int]) -> Tensor:
        return parts.to(GPU).tanh()

    here = blended(volume, windows, predict, 3)
    there = blended(volume.to(GPU), windows, predict, 5)
    assert there.device.type == "cuda"
    torch.testing.assert_close(there.cpu(), here, rtol=0, atol=1e-5)
