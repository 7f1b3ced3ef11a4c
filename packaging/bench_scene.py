"""Measure the 3D view: building surfaces and volumes, memory, and frames while turning.

VTK_DEFAULT_OPENGL_WINDOW=vtkEGLRenderWindow python packaging/bench_scene.py [SIZE]

On a machine that does other work too, the time of the processor tells more than the clock.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import psutil
from numpy.typing import NDArray

from ctstudio.core.grid import Grid
from ctstudio.core.labels import standard_table
from ctstudio.core.volume import Volume
from ctstudio.ui.scene.camera import first_pose
from ctstudio.ui.scene.looks import Look
from ctstudio.ui.scene.opengl import choose, probe
from ctstudio.ui.scene.presets import PRESETS
from ctstudio.ui.scene.volume_field import volume_field

LABELS, FRAMES = 10, 60
WIDTH, HEIGHT = 760, 700


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    found = probe()
    if not found.works:
        print(f"nothing draws in 3D here: {found.reason}")
        return
    choose(found)
    print(f"{found.renderer}; {size}³ voxels, {LABELS} labels, {WIDTH} x {HEIGHT} pixels")
    from ctstudio.ui.scene.stage import Stage
    from ctstudio.ui.scene.surfaces import build_surfaces

    process = psutil.Process()
    grid = Grid.centred((size,) * 3, (320 / size,) * 3)
    labels, scan = _labels(size), _scan(grid)
    stage, before = Stage(found.software), process.memory_info().rss
    began, busy = time.perf_counter(), time.process_time()
    made = list(build_surfaces(labels, grid, range(1, LABELS + 1), found.software, lambda: False))
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    grown = (process.memory_info().rss - before) / 2**20
    triangles = sum(surface.triangles for surface in made)
    print(f"surfaces: {seconds:.2f} s ({busy:.2f} s of a processor), {triangles} triangles, {grown:.0f} MiB")
    table = standard_table()
    for surface in made:
        stage.put(surface, Look(table.by_value(surface.value).colour, 1.0))
    _frames("surfaces", stage)
    stage.clear()
    for preset in PRESETS:
        began = time.perf_counter()
        field = volume_field(scan, preset.part, found.software, lambda: False)
        seconds = time.perf_counter() - began
        stage.put_volume(field, preset)
        _frames(f"{preset.name}, made in {seconds:.2f} s", stage)


def _frames(name: str, stage: object) -> None:
    """Turn once, and rest."""
    pose = first_pose().fitted(stage.corners_mm(), WIDTH / HEIGHT)
    draw: Callable[..., object] = stage.picture
    draw(WIDTH // 2, HEIGHT // 2, pose, True)
    times, busy = [], []
    for _ in range(FRAMES):
        pose = pose.turned(6, 0)
        began, busy_began = time.perf_counter(), time.process_time()
        draw(WIDTH // 2, HEIGHT // 2, pose, True)
        times.append((time.perf_counter() - began) * 1000)
        busy.append((time.process_time() - busy_began) * 1000)
    began = time.perf_counter()
    draw(WIDTH, HEIGHT, pose, False, 0.4)
    first = (time.perf_counter() - began) * 1000
    began = time.perf_counter()
    draw(WIDTH, HEIGHT, pose, False, 0.4)
    rest = (time.perf_counter() - began) * 1000
    (p50, p95), of_processor = np.percentile(times, (50, 95)), np.median(busy)
    turning = f"turning p50 {p50:.0f} p95 {p95:.0f} ms ({of_processor:.0f} ms of a processor)"
    print(f"{name}: {turning}, at rest {rest:.0f} ms (the first {first:.0f})")


def _labels(size: int) -> NDArray[np.uint8]:
    """Ten ellipsoids with wavy skins, a tenth to a third of the field wide."""
    z, y, x = np.mgrid[:size, :size, :size].astype(np.float32) / size - 0.5
    labels = np.zeros((size,) * 3, np.uint8)
    rng = np.random.default_rng(3)
    for value in range(LABELS, 0, -1):
        cz, cy, cx = rng.uniform(-0.32, 0.32, 3)
        az, ay, ax = rng.uniform(0.06, 0.16, 3)
        wave = 0.06 * np.sin(40 * x + value) * np.sin(37 * y) * np.sin(43 * z)
        labels[((z - cz) / az) ** 2 + ((y - cy) / ay) ** 2 + ((x - cx) / ax) ** 2 + wave < 1] = value
    return labels


def _scan(grid: Grid) -> Volume:
    """A body with lungs, bones and noise."""
    size = grid.shape[0]
    z, y, x = np.mgrid[:size, :size, :size].astype(np.float32) / size - 0.5
    hu = np.random.default_rng(4).normal(0, 15, grid.shape).astype(np.float32) - 1000
    body = (y / 0.36) ** 2 + (x / 0.46) ** 2 < 1
    hu[body] += 1040
    for side in (-0.2, 0.2):
        hu[(z / 0.4) ** 2 + (y / 0.25) ** 2 + ((x - side) / 0.16) ** 2 < 1] -= 890
    hu[body & ((y - 0.28) ** 2 + x**2 < 0.05**2)] += 500
    return Volume(np.clip(hu, -1024, 3000).astype(np.int16), grid)


if __name__ == "__main__":
    main()
