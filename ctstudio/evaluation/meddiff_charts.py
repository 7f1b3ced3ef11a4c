"""Pictures of an evaluation of MedDiff-FM: ROC curves, and the Dice of organs and lesions as bars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ctstudio.evaluation.chart import COLOURS, GREY, INK, LINE
from ctstudio.evaluation.meddiff_rows import Row
from ctstudio.evaluation.meddiff_tables import rows_of

SIDE, EDGE = 460, 70
BAR, GAP, LABEL = 18, 12, 250
LONG = 520
Picture = NDArray[np.uint8]


def roc_picture(facts: Mapping[str, Any]) -> Picture | None:
    """ROC curves of all organs side by side, (y, x, 3) RGB; None where nothing was searched."""
    if not facts["roc"]:
        return None
    size = SIDE + 2 * EDGE
    sheet = Image.new("RGB", (size * len(facts["roc"]), size), (255, 255, 255))
    draw = ImageDraw.Draw(sheet)
    for number, (organ, curves) in enumerate(facts["roc"].items()):
        _draw_curves(draw, organ, curves, number * size)
    return np.asarray(sheet)


def dice_picture(facts: Mapping[str, Any]) -> Picture | None:
    """The Dice of organs and lesions as bars with intervals; None where nothing was read. (y, x, 3) RGB."""
    rows = [r for r in rows_of(facts) if r.title.startswith("Dice") and r.model == facts["model"]]
    rows = [row for row in rows if math.isfinite(row.value)]
    if not rows:
        return None
    sheet = Image.new("RGB", (LABEL + LONG + EDGE, EDGE + len(rows) * (BAR + GAP) + EDGE), (255, 255, 255))
    draw = ImageDraw.Draw(sheet)
    draw.text((16, 16), "Dice; bar: the model, line: 95 %, tick: real volumes, read alike", INK, _font(17))
    for mark in np.linspace(0, 1, 6):
        x = LABEL + mark * LONG
        draw.line((x, EDGE - 8, x, sheet.height - EDGE), LINE)
        draw.text((x, sheet.height - EDGE + 8), f"{mark:g}", GREY, _font(14), anchor="ma")
    for number, row in enumerate(rows):
        _draw_bar(draw, row, EDGE + number * (BAR + GAP))
    return np.asarray(sheet)


def _draw_curves(draw: Any, organ: str, curves: Mapping[str, Sequence[float]], left: int) -> None:
    corner, far = (left + EDGE, EDGE + SIDE), (left + EDGE + SIDE, EDGE)
    draw.text((left + EDGE, 18), f"Anomalies of the {organ}", INK, _font(19))
    for mark in np.linspace(0, 1, 6):
        x, y = corner[0] + mark * SIDE, corner[1] - mark * SIDE
        draw.line((corner[0], y, far[0], y), LINE)
        draw.text((corner[0] - 8, y), f"{mark:g}", GREY, _font(14), anchor="rm")
        draw.text((x, corner[1] + 8), f"{mark:g}", GREY, _font(14), anchor="ma")
    draw.line((*corner, *far), LINE, 2)
    draw.text((corner[0] + SIDE / 2, corner[1] + 32), "1 - specificity", GREY, _font(14), anchor="ma")
    draw.text((left + EDGE, 44), "sensitivity", GREY, _font(14))
    for number, (name, title) in enumerate((("plain", "distance from the median HU"), ("model", "MedDiff-FM"))):
        points = zip(curves[f"{name} false"], curves[f"{name} true"], strict=True)
        line = [(corner[0] + false * SIDE, corner[1] - true * SIDE) for false, true in points]
        draw.line(line, COLOURS[number], 3)
        draw.text((far[0] - 8, corner[1] - 20 - 22 * number), title, COLOURS[number], _font(14), anchor="rm")


def _draw_bar(draw: Any, row: Row, top: int) -> None:
    words = f"{row.region.replace('_', ' ')}: {row.title.removeprefix('Dice of ')}"
    if row.part != "synthesis":
        words = f"{row.region.replace('_', ' ')}, {row.part}"
    middle = top + BAR / 2
    draw.text((LABEL - 10, middle), words, INK, _font(14), anchor="rm")
    draw.rectangle((LABEL, top, LABEL + row.value * LONG, top + BAR), COLOURS[1])
    if math.isfinite(row.low):
        draw.line((LABEL + row.low * LONG, middle, LABEL + row.high * LONG, middle), COLOURS[0], 3)
    if math.isfinite(row.beside):
        x = LABEL + row.beside * LONG
        draw.line((x, top - 3, x, top + BAR + 3), COLOURS[2], 4)


def _font(size: int) -> Any:
    return ImageFont.load_default(size)
