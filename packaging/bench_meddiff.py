"""MedDiff-FM's networks as they are used against MONAI's plain forward, in one run: seconds of a call, and the ratio.

On a processor the demo's sizes; where there is CUDA also the paper's, with random weights: a volume of 256 x 256 x 256
voxels in 27 windows and 50 steps, TFLOP/s and most memory. Seconds of a processor are of its own clock, so that other
programs count little.
"""

from __future__ import annotations

import copy
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from rich.console import Console
from torch import Tensor

from ctstudio.systems.meddiff_fm.conditions import folded
from ctstudio.systems.meddiff_fm.config import PAPER, MeddiffConfig
from ctstudio.systems.meddiff_fm.control import LesionControl
from ctstudio.systems.meddiff_fm.network import Denoiser
from ctstudio.systems.meddiff_fm.weights import lay_out

REPEATS = 3
WINDOWS, STEPS = 27, 50
TFLOP = 3.10
"""Of one window at paper size: 1.55 TMAC."""
RECIPE = Path(__file__).resolve().parents[1] / "resources" / "recipes" / "demo" / "meddiff-fm.toml"
say = Console(width=110).print


def main() -> None:
    """Print both tables."""
    config = MeddiffConfig.model_validate(tomllib.loads(RECIPE.read_text(encoding="utf-8"))["network"])
    say(f"demo sizes, {torch.get_num_threads()} threads: seconds a window")
    for dtype in (torch.bfloat16, torch.float32):
        compare(config, dtype)
    if torch.cuda.is_available():
        paper()


@torch.no_grad()
def compare(config: MeddiffConfig, dtype: torch.dtype) -> None:
    """Seconds of a window on the processor: MONAI's forward on all channels, and ours, which keeps the conditions."""
    name = "bf16" if dtype == torch.bfloat16 else "fp32"
    plain = Denoiser(config).eval().requires_grad_(False)
    ours, control = copy.deepcopy(plain), LesionControl(config)
    lay_out(ours, dtype)
    lay_out(control, dtype)
    x_t, t, places, anatomy, region = patch(config, 1)
    lesion = (x_t > 2).float()

    def published() -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=name == "bf16"):
            channels = torch.cat([folded(x_t, config.fold), plain.conditions.channels(places, anatomy)], dim=1)
            return plain.unet(channels, t, plain.conditions.token(region))  # type: ignore[no-any-return]

    kept = ours.condition(places, anatomy)
    told = control.condition(places, anatomy, lesion)
    slow = seconds(published)
    again = seconds(lambda: ours(x_t, t, ours.condition(places, anatomy), region))
    quick = seconds(lambda: ours(x_t, t, kept, region))
    steered = seconds(lambda: ours(x_t, t, kept, region, control(x_t, t, told, region)))
    say(f"{name}: MONAI {slow:.3f}   ours {again:.3f}   conditions kept {quick:.3f} ({slow / quick:.2f} times as fast)")
    say(f"{name}: with a ControlNet {steered:.3f} ({steered / quick:.2f} times as long)")
    for batch in (2, 4):
        x_t, t, places, anatomy, region = patch(config, batch)
        some = torch.cat([ours.condition(places[n : n + 1], anatomy[n : n + 1]) for n in range(batch)])
        each = seconds(lambda x=x_t, t=t, some=some, r=region: ours(x, t, some, r)) / batch  # type: ignore[misc]
        say(f"{name}: {batch} at once {each:.3f} a window ({quick / each:.2f} times as fast as one)")


@torch.no_grad()
def paper() -> None:
    """The paper's size on the graphics card, in bfloat16."""
    cuda = torch.device("cuda")
    denoiser = Denoiser(PAPER)
    lay_out(denoiser, torch.bfloat16).to(cuda)
    say(f"paper size on {torch.cuda.get_device_name()}, bf16, {WINDOWS} windows, {STEPS} steps")
    for batch in (1, 2, 4, 8):
        torch.cuda.reset_peak_memory_stats()
        x_t, t, places, anatomy, region = (part.to(cuda) for part in patch(PAPER, batch))
        kept = denoiser.condition(places, anatomy)
        quick = on_card(lambda x=x_t, t=t, k=kept, r=region: denoiser(x, t, k, r)) / batch  # type: ignore[misc]
        told = on_card(lambda p=places, a=anatomy: denoiser.condition(p, a)) / batch  # type: ignore[misc]
        peak = torch.cuda.max_memory_allocated() / 2**30
        say(
            f"{batch} at once: {WINDOWS * STEPS * quick:.1f} s, {TFLOP / quick:.0f} TFLOP/s, conditions anew at each "
            f"step {WINDOWS * STEPS * told:.1f} s more, most memory {peak:.1f} GiB"
        )


def patch(config: MeddiffConfig, batch: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """x_t, timesteps, coordinates, anatomy, region."""
    cube = (config.patch,) * 3
    anatomy = torch.randint(0, config.classes, (batch, *cube), dtype=torch.uint8)
    places = torch.rand(batch, 3, *cube) * 2 - 1
    return torch.randn(batch, 1, *cube), torch.full((batch,), 500), places, anatomy, torch.zeros(batch).long()


def seconds(work: Callable[[], object]) -> float:
    """Least processor seconds of some calls, over the threads that torch has."""
    work()
    taken = []
    for _ in range(REPEATS):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken) / torch.get_num_threads()


def on_card(work: Callable[[], object]) -> float:
    """Least seconds of some calls on the graphics card."""
    work()
    taken = []
    for _ in range(REPEATS):
        torch.cuda.synchronize()
        began = time.perf_counter()
        work()
        torch.cuda.synchronize()
        taken.append(time.perf_counter() - began)
    return min(taken)


if __name__ == "__main__":
    main()
