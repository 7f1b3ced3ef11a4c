"""Four 256 x 256 slices through the bundled model, against the bare network calls that it needs.

The ratio says what conditions, sampler, previews, decoding and writing onto the mask's grid add.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from rich.console import Console

from ctstudio.catalog.shelf import find_model
from ctstudio.core.labels import values_of
from ctstudio.evaluation.na_diff import generate_slices
from ctstudio.systems.na_diff.weights import load

SLICES, STEPS, REPEATS = 4, 20, 3


def main() -> None:
    """Print medians and the ratio."""
    say = Console().print
    found = find_model("na-diff-demo")
    began = time.perf_counter()
    model = load(found.folder, found.info, torch.device("cpu"), torch.float32)
    say(f"load {time.perf_counter() - began:.2f} s")
    labels = np.zeros((SLICES, 256, 256), np.uint8)
    labels[:, 100:160, 60:130] = values_of(["liver"])[0]
    whole = [_seconds(lambda: generate_slices(model, labels, None, 0.25, seed=1)) for _ in range(REPEATS)]
    bare = [_seconds(lambda: _network_calls(model)) for _ in range(REPEATS)]
    ratio = statistics.median(whole) / statistics.median(bare)
    say(f"{SLICES} slices, {STEPS} steps: {statistics.median(whole):.2f} s")
    say(f"{STEPS} bare network calls on {SLICES} slices: {statistics.median(bare):.2f} s, ratio {ratio:.2f}")
    say(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


@torch.no_grad()
def _network_calls(model: object) -> None:
    network, config = model.network, model.config  # type: ignore[attr-defined]
    z = torch.randn(SLICES, config.latent_channels, config.latent_side, config.latent_side)
    spatial = torch.zeros(SLICES, config.spatial_channels, config.latent_side, config.latent_side)
    condition = torch.zeros(SLICES, config.hidden)
    for step in range(STEPS):
        network(z, torch.full((SLICES,), step * 10), condition, spatial)


def _seconds(work: object) -> float:
    began = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
