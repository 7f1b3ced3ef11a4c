"""Scroll and brush at 512 cubed: p50 and p99 in milliseconds, beside pyqtgraph's own ImageItem in the same run.

    python packaging/bench_views.py [--size 512] [--repeats 200]

Each operation counts the change of the data and the repaint that follows it. The window has 1600 x 1000 pixels.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QApplication, QWidget

from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.core.windows import Window
from ctstudio.jobs.client import EngineClient
from ctstudio.session.brush import Brush
from ctstudio.session.document import Case
from ctstudio.ui.app import make_application, make_window
from ctstudio.ui.planes import PLANES, cut

WARM_UP = 10


class Times(NamedTuple):
    """Milliseconds by the clock and of processor time."""

    wall: np.ndarray
    busy: np.ndarray


def main() -> None:
    """Measure and print a table."""
    options = _options()
    volume = _volume(options.size)
    rows = {**_ours(volume, options.repeats), **_stock(volume, options.repeats)}
    print(f"{options.size} cubed, {options.repeats} repeats, ms")
    print(f"{'operation':40s} {'p50':>7s} {'p99':>7s} {'cpu p50':>8s} {'cpu p99':>8s} {'ImageItem/ours':>15s}")
    for name, (wall, busy) in rows.items():
        twin = rows.get(f"ImageItem {name}")
        ratio = f"{np.median(twin.busy) / np.median(busy):.1f}" if twin is not None else ""
        print(
            f"{name:40s} {np.median(wall):7.2f} {np.percentile(wall, 99):7.2f} "
            f"{np.median(busy):8.2f} {np.percentile(busy, 99):8.2f} {ratio:>15s}"
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=200)
    return parser.parse_args()


def _volume(size: int) -> Volume:
    rng = np.random.default_rng(0)
    plane = rng.integers(-200, 300, (size, size), dtype=np.int16)
    array = np.stack([np.roll(plane, z, axis=1) for z in range(size)])
    return Volume(array, Grid(array.shape, (0.7, 0.7, 0.7)))


def _ours(volume: Volume, repeats: int) -> dict[str, Times]:
    make_application()
    folder = Path(tempfile.mkdtemp())
    window = make_window(EngineClient(), folder)
    window.safety.autosave.close()
    window.resize(1600, 1000)
    window.show()
    case = window.document.open_volume(volume)
    size = volume.grid.shape[0]
    views = (window.grid.axial, window.grid.coronal, window.grid.sagittal)
    found = {}
    for plane in PLANES:
        start = size // 4
        case.viewing.crosshair = (size // 2, size // 2, size // 2)
        found[f"scroll {plane.title.lower()}, crosshair in 3"] = _timed(
            lambda i, axis=plane.normal, start=start: _go(case, axis, start + i % (size // 2)), repeats, views
        )
    for name, brush in (("brush 10 mm disc, 3 views", Brush(10.0)), ("brush 10 mm sphere, 3 views", Brush(10.0, True))):
        case.mask.brush = brush
        case.viewing.crosshair = (size // 2, size // 2, size // 2)
        case.mask.begin_stroke()
        found[name] = _timed(lambda i: _brush(case, size, i), repeats, views)
        case.mask.cancel_stroke()
    found["window and level, 3 views"] = _timed(
        lambda i: setattr(case.viewing, "window", Window(40 + i % 50, 400)), repeats, views
    )
    window.close()
    return found


def _go(case: Case, axis: int, index: int) -> None:
    place = list(case.viewing.crosshair)
    place[axis] = index
    case.viewing.crosshair = place


def _brush(case: Case, size: int, i: int) -> None:
    x = size // 4 + (i * 3) % (size // 2)
    case.mask.line((size // 2, size // 2, x), (size // 2, size // 2 + 3, x + 3), 0)


def _stock(volume: Volume, repeats: int) -> dict[str, Times]:
    """One view with ImageItem for the slice and another for the labels, the crosshair in none."""
    found = {}
    labels = np.zeros(volume.array.shape, np.uint8)
    colours = np.random.default_rng(1).integers(0, 255, (256, 4), dtype=np.uint8)
    size = volume.grid.shape[0]
    views, kept = [], []
    for plane in PLANES:
        view = pg.GraphicsView()
        box = pg.ViewBox(lockAspect=True, invertY=True, enableMenu=False)
        view.setCentralItem(box)
        image, over = pg.ImageItem(axisOrder="row-major"), pg.ImageItem(axisOrder="row-major")
        box.addItem(image)
        box.addItem(over)
        view.resize(500, 480)
        view.show()
        views.append((plane, image, over))
        kept.append((view, box))

    def draw(index: tuple[int, int, int]) -> None:
        for plane, image, over in views:
            image.setImage(cut(volume.array, plane, index[plane.normal]), levels=(-160, 240), autoLevels=False)
            over.setImage(
                cut(labels, plane, index[plane.normal]), lut=colours, levels=(0, 255), autoLevels=False, opacity=0.4
            )

    for plane in PLANES:
        start = size // 4

        def step(i: int, axis: int = plane.normal, start: int = start) -> None:
            index = [size // 2] * 3
            index[axis] = start + i % (size // 2)
            draw((index[0], index[1], index[2]))

        found[f"ImageItem scroll {plane.title.lower()}, crosshair in 3"] = _timed(
            step, repeats, [view.viewport() for view, _ in kept]
        )

    def brush(i: int) -> None:
        x = size // 4 + (i * 3) % (size // 2)
        labels[size // 2, size // 2 - 14 : size // 2 + 14, x - 14 : x + 14] = 5
        draw((size // 2, size // 2, size // 2))

    found["ImageItem brush 10 mm disc, 3 views"] = _timed(brush, repeats, [view.viewport() for view, _ in kept])
    return found


def _timed(act: Callable[[int], object], repeats: int, views: Sequence[QWidget]) -> Times:
    """Each repeat: the change, and the repaint of every view, by the clock and by this thread's processor time."""
    wall, busy = [], []
    for i in range(repeats + WARM_UP):
        QApplication.processEvents()
        began, busy_began = time.perf_counter(), time.thread_time()
        act(i)
        for view in views:
            view.repaint()
        wall.append((time.perf_counter() - began) * 1000)
        busy.append((time.thread_time() - busy_began) * 1000)
    return Times(np.asarray(wall[WARM_UP:]), np.asarray(busy[WARM_UP:]))


if __name__ == "__main__":
    main()
