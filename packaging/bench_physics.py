"""Projection and reconstruction of 64 slices beside scikit-image's, and a slice of the live low-dose preview.

    python packaging/bench_physics.py [--repeats 5]

Both run on the same cores, one after the other in turn, so that other work on the machine troubles both alike. The
bars: 10 times as fast as scikit-image, sinogram within 1e-5 of its largest value, slice within 1e-3 RMS.
"""

from __future__ import annotations

import argparse
import queue
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from rich.console import Console
from skimage.transform import iradon, radon

from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.engine.devices import use_all_cores
from ctstudio.engine.live_noise import LiveNoise
from ctstudio.measure.scanner import Scanner
from ctstudio.physics.attenuation import attenuation_from_hu
from ctstudio.physics.fbp import filtered_back_projection
from ctstudio.physics.geometry import ParallelGeometry
from ctstudio.physics.radon import circle, project
from ctstudio.protocol.live_noise import NoiseSimulated, SimulateNoise

SLICES, SIZE, ANGLES = 64, 256, 180
THEIRS_AT_ONCE = 4
"""Slices that scikit-image is timed on; it works on one at a time, so that 64 take 16 times as long."""


def main() -> None:
    """Print medians, ratio and differences."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    use_all_cores()
    say = Console().print
    slices, geometry = _bodies(), ParallelGeometry(SIZE, 1.0, ANGLES)
    sinogram, image = _ours(slices, geometry)  # also finds places and weights, once for a geometry
    ours, theirs = [], []
    for _ in range(repeats):
        ours.append(_seconds(lambda: _ours(slices, geometry)))
        theirs.append(_seconds(lambda: _theirs(slices[:THEIRS_AT_ONCE])) * SLICES / THEIRS_AT_ONCE)
    say(f"{SLICES} slices of {SIZE} x {SIZE}, {ANGLES} angles, {torch.get_num_threads()} threads, {repeats} repeats")
    say(f"ours {statistics.median(ours):.2f} s, scikit-image {statistics.median(theirs):.2f} s")
    say(f"ratio {statistics.median(theirs) / statistics.median(ours):.1f} (bar 10)")
    wanted, back = _theirs(slices[:1])
    off = np.abs(sinogram[0, 0].numpy() - wanted).max() / wanted.max()
    rms = np.sqrt(((image[0, 0].numpy() - back) ** 2).mean()) / back.max()
    say(f"sinogram differs by {off:.1e} of the largest (bar 1e-5), slice by {rms:.1e} RMS of the largest (bar 1e-3)")
    for side in (256, 512):
        _live(side, max(20, repeats), say)


def _live(side: int, repeats: int, say: Callable[[str], None]) -> None:
    """The live preview: a new slice through the engine's thread, and the dial turned on it."""
    answers: queue.SimpleQueue[NoiseSimulated] = queue.SimpleQueue()
    live, pixel_mm = LiveNoise(answers.put), 384.0 / side  # type: ignore[arg-type]
    body = torch.where(circle(side, torch.device("cpu")), 40.0, -1000.0)[None].numpy()
    scan = Volume(body, Grid((1, side, side), (pixel_mm, pixel_mm, 3.0)))

    def new_slice() -> NoiseSimulated:
        live.ask(SimulateNoise("bench", scan, 0, 0, 1e6, Scanner()))
        return answers.get()

    noise = new_slice().photons_hu.array
    busy, wall = _both_times(new_slice, repeats)
    _, dial = _both_times(lambda: scan.array + np.float32(1.7) * noise, repeats)
    p50, p95 = np.percentile(wall, (50, 95))
    say(
        f"live slice of {side} x {side}: p50 {p50:.0f} ms, p95 {p95:.0f} ms (bar 300), "
        f"of the processor {np.median(busy):.0f} ms"
    )
    say(f"  the dial turned on it: p50 {np.percentile(dial, 50):.2f} ms, p95 {np.percentile(dial, 95):.2f} ms")


def _both_times(work: Callable[[], object], repeats: int) -> tuple[np.ndarray, np.ndarray]:
    """Processor time of all threads and time by the clock, ms."""
    rows = []
    for _ in range(repeats):
        busy, wall = time.process_time(), time.perf_counter()
        work()
        rows.append((time.process_time() - busy, time.perf_counter() - wall))
    return 1000 * np.array(rows)[:, 0], 1000 * np.array(rows)[:, 1]


def _bodies() -> torch.Tensor:
    """(SLICES, 1, SIZE, SIZE) attenuation: discs of water with some grain."""
    seen = circle(SIZE, torch.device("cpu"))
    grain = 30 * torch.randn(SLICES, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    return attenuation_from_hu(torch.where(seen, grain, torch.full_like(grain, -1000.0)))


def _ours(slices: torch.Tensor, geometry: ParallelGeometry) -> tuple[torch.Tensor, torch.Tensor]:
    sinogram = project(slices, geometry)
    return sinogram, filtered_back_projection(sinogram, geometry)


def _theirs(slices: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    degrees = np.arange(ANGLES) * (180.0 / ANGLES)
    for plane in slices[:, 0].numpy():
        sinogram = radon(plane, degrees, circle=True)
        image = iradon(sinogram, degrees, filter_name="hann", circle=True)
    return sinogram, image


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
