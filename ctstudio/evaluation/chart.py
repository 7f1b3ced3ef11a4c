"""Curves over the dose as a picture, with numbers on both axes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 760, 560
LEFT, RIGHT, TOP, BOTTOM = 84, 24, 58, 120
INK, GREY, LINE = (25, 27, 32), (110, 115, 125), (222, 224, 228)
COLOURS = ((60, 60, 60), (0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233))
"""Colours that colour-blind readers can tell apart (Okabe and Ito); the first is for what is real."""

LEGEND_COLUMNS = 2


@dataclass(frozen=True)
class Panel:
    """One diagram.

    Attributes:
        title: Above it.
        y_title: What the vertical axis shows, with its unit.
        curves: Values at each dose by name; the first is drawn in the colour of what is real.
        doses: Fractions of the full dose, ascending.
    """

    title: str
    y_title: str
    curves: Mapping[str, Sequence[float]]
    doses: Sequence[float]


def drawn(panels: Sequence[Panel]) -> NDArray[np.uint8]:
    """Panels side by side: (y, x, 3) RGB, 0 to 255; the dose on a logarithmic axis."""
    sheet = Image.new("RGB", (WIDTH * len(panels), HEIGHT), (255, 255, 255))
    draw = ImageDraw.Draw(sheet)
    for number, panel in enumerate(panels):
        _draw_panel(draw, panel, number * WIDTH)
    return np.asarray(sheet)


def ticks(low: float, high: float, wanted: int = 6) -> list[float]:
    """Round numbers from below `low` to above `high`."""
    step = 10 ** math.floor(math.log10(max(high - low, 1e-9) / wanted))
    step = next(step * m for m in (1, 2, 5, 10, 20) if (high - low) / (step * m) <= wanted)
    first = math.floor(low / step)
    return [round(n * step, 10) for n in range(first, math.ceil(high / step) + 1)]


def _draw_panel(draw: Any, panel: Panel, left: int) -> None:
    values = [v for curve in panel.curves.values() for v in curve if math.isfinite(v)]
    marks = ticks(min(values), max(values)) if values else [0.0, 1.0]
    if len(marks) < 2:
        marks = [marks[0] - 1.0, marks[0], marks[0] + 1.0]
    ends = math.log(panel.doses[0]), math.log(panel.doses[-1])

    def at(dose: float, value: float) -> tuple[float, float]:
        across = (math.log(dose) - ends[0]) / (ends[1] - ends[0])
        up = (value - marks[0]) / (marks[-1] - marks[0])
        return left + LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    draw.text((left + LEFT, 14), panel.title, INK, _font(19))
    draw.text((left + LEFT, 38), panel.y_title, GREY, _font(14))
    for mark in marks:
        x, y = at(panel.doses[0], mark)
        draw.line((x, y, left + WIDTH - RIGHT, y), LINE)
        draw.text((x - 10, y), f"{mark:g}", GREY, _font(14), anchor="rm")
    for dose in panel.doses:
        x, y = at(dose, marks[0])
        draw.line((x, y, x, y + 5), GREY)
        draw.text((x, y + 9), f"{dose:.0%}", GREY, _font(14), anchor="ma")
    draw.text((left + (LEFT + WIDTH - RIGHT) // 2, HEIGHT - BOTTOM + 32), "dose", GREY, _font(14), anchor="ma")
    for number, (name, curve) in enumerate(panel.curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = [at(d, v) for d, v in zip(panel.doses, curve, strict=True) if math.isfinite(v)]
        draw.line(points, colour, 3 if number else 4)
        for x, y in points:
            draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=colour)
        _draw_key(draw, name, colour, number, left)


def _draw_key(draw: Any, name: str, colour: tuple[int, int, int], number: int, left: int) -> None:
    x = left + LEFT + number % LEGEND_COLUMNS * ((WIDTH - LEFT - RIGHT) // LEGEND_COLUMNS)
    y = HEIGHT - BOTTOM + 62 + number // LEGEND_COLUMNS * 19
    draw.line((x, y, x + 26, y), colour, 4)
    draw.text((x + 34, y), name, INK, _font(14), anchor="lm")


def _font(size: int) -> Any:
    return ImageFont.load_default(size)
