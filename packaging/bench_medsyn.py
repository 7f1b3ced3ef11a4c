"""MedSyn's networks as they are used against their plain forward, in one run: seconds of a call, and the ratio.

On a processor the demo's sizes; where there is CUDA also the paper's, with random weights: seconds of 51 + 21 calls,
most memory, TFLOP/s. Seconds of a processor are of its own clock, so that other programs count little.
"""

from __future__ import annotations

import sys
import time
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from rich.console import Console

from ctstudio.catalog.medsyn_memory import plans
from ctstudio.systems.medsyn.config import PAPER, MedsynConfig
from ctstudio.systems.medsyn.inference import LeanBase, LeanUpscaler, lay_out
from ctstudio.systems.medsyn.network import BaseNetwork, Upscaler

REPEATS, TIME = 2, 500.0
STEPS, UPSCALE_STEPS = 51, 21
TFLOP = {"base": 9.931, "upscaler": 64.480}
"""Of one call at paper size, counted on the plain forward."""
RECIPE = Path(__file__).resolve().parents[1] / "resources" / "recipes" / "demo" / "medsyn.toml"
say = Console(width=110).print


def main() -> None:
    """Print both tables."""
    config = MedsynConfig.model_validate(tomllib.loads(RECIPE.read_text(encoding="utf-8"))["network"])
    say(f"demo sizes, {torch.get_num_threads()} threads")
    for dtype in (torch.bfloat16, torch.float32):
        compare(config, dtype)
    if torch.cuda.is_available():
        paper()


@torch.no_grad()
def compare(config: MedsynConfig, dtype: torch.dtype) -> None:
    """Seconds of a call of either network on the processor, plain and lean."""
    name = "bf16" if dtype == torch.bfloat16 else "fp32"
    plan, t = plans(config.model_dump(), name, on_cpu=True)[0], torch.full((1,), TIME)
    base, upscaler = frozen(BaseNetwork(config.base, config.text)), frozen(Upscaler(config.upscaler))
    coarse, fine = (torch.randn(1, 4, side, side, side) for side in (config.base.side, config.upscaler.side))
    with torch.autocast("cpu", torch.bfloat16, enabled=name == "bf16"):
        told = base.told(None, 1)
        plain = seconds(lambda: base(coarse, t, told)), seconds(lambda: upscaler(fine, t, fine))
    lean_base = LeanBase(base, dtype, plan.base_slab)
    lean_upscaler = LeanUpscaler(upscaler, dtype, plan.slab, plan.keep_stem)
    hears, sees = [lean_base.told(None)], lean_upscaler.seen(fine)
    lean = seconds(lambda: lean_base(coarse, TIME, hears)), seconds(lambda: lean_upscaler(fine, TIME, sees))
    for part, slow, quick in zip(("base", "upscaler"), plain, lean, strict=True):
        say(f"{name} {part:<9} plain {slow:7.3f} s   lean {quick:7.3f} s   {slow / quick:.2f} times as fast")
    say(f"{name} 20 + 10 calls: {20 * lean[0] + 10 * lean[1]:.1f} s of processor time, slabs of {plan.slab}")


@torch.no_grad()
def paper() -> None:
    """The paper's sizes on the graphics card, in bfloat16."""
    cuda, base_side, side = torch.device("cuda"), PAPER.base.side, PAPER.upscaler.side
    with cuda:
        base, upscaler = frozen(BaseNetwork(PAPER.base, PAPER.text)), frozen(Upscaler(PAPER.upscaler))
        lay_out(base, torch.bfloat16, base.final_conv)
        lay_out(upscaler, torch.bfloat16, upscaler.final_conv0)
        coarse, fine = torch.randn(1, 4, base_side, base_side, base_side), torch.randn(1, 4, side, side, side)
    say(f"paper sizes on {torch.cuda.get_device_name()}, bf16")
    for plan in plans(PAPER.model_dump(), "bf16", on_cpu=False):
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        lean_base = LeanBase(base, torch.bfloat16, plan.base_slab)
        lean_upscaler = LeanUpscaler(upscaler, torch.bfloat16, plan.slab, plan.keep_stem)
        hears, sees = [lean_base.told(None)], lean_upscaler.seen(fine)
        took = on_card(partial(lean_base, coarse, TIME, hears)), on_card(partial(lean_upscaler, fine, TIME, sees))
        rate = [TFLOP[part] / each for part, each in zip(TFLOP, took, strict=True)]
        whole = STEPS * took[0] + UPSCALE_STEPS * took[1]
        peak = torch.cuda.max_memory_allocated() / 2**30
        stem = "stem kept" if plan.keep_stem else "stem again at each step"
        say(f"slab {plan.slab:>3}, {stem}: base {took[0]:.3f} s ({rate[0]:.0f} TFLOP/s), upscaler {took[1]:.3f} s")
        say(f"    ({rate[1]:.0f} TFLOP/s), {STEPS} + {UPSCALE_STEPS} calls {whole:.1f} s, most memory {peak:.1f} GiB")


def frozen(network: torch.nn.Module) -> torch.nn.Module:
    """In evaluation mode, not learning."""
    return network.eval().requires_grad_(False)


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
