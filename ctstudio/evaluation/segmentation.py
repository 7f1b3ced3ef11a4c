"""Whether the organs of generated slices lie where the mask wants them, as a phantom-trained segmenter reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from ctstudio.evaluation.metrics import METRICS, Figure, Metric
from ctstudio.measure.overlap import dice, hausdorff_mm, iou, precision, recall
from ctstudio.nets.segmenter import segment
from ctstudio.systems.na_diff.conditions import ENVELOPE, FINDING
from ctstudio.systems.na_diff.weights import NaDiffModel, load_segmenter

NOT_READ = (ENVELOPE, FINDING, "fat", "muscle", "bowel")
"""Groups that are no organ with an outline of their own."""

LEAST_CM2 = 1.35
"""An organ that shows less of itself in a slice is not judged."""

FIRST = "liver"
OVERLAP = tuple(metric for metric in METRICS.values() if metric.group == "overlap")


@dataclass(frozen=True)
class Reader:
    """A segmenter with the model whose groups and window it knows."""

    model: NaDiffModel
    network: nn.Module

    @property
    def name(self) -> str:
        """As tables print it."""
        return f"phantom segmenter ({self.model.info.name})"

    def organs(self) -> tuple[str, ...]:
        """Groups that are judged, the liver first."""
        names = [name for name in self.model.groups.names if name not in NOT_READ]
        return tuple(sorted(names, key=lambda name: name != FIRST))

    def read(self, images_hu: NDArray[np.float32], pixel_mm: float | None = None) -> NDArray[np.int64]:
        """Channel + 1 of each pixel as the segmenter reads slices.

        Args:
            images_hu: (N, y, x) HU.
            pixel_mm: Side of a pixel when it is not the model's own: the segmenter sees them at its own size.

        Returns:
            (N, y, x).
        """
        unit = torch.from_numpy(self.model.config.window.to_unit(images_hu))[:, None]
        scale = (pixel_mm or self.model.config.pixel_mm) / self.model.config.pixel_mm
        if scale == 1.0:
            return segment(self.network, unit).numpy()  # type: ignore[arg-type]
        size = [round(side * scale) for side in images_hu.shape[-2:]]
        seen = functional.interpolate(unit, size=size, mode="bilinear", align_corners=False)
        read = segment(self.network, seen)[:, None].float()  # type: ignore[arg-type]
        return functional.interpolate(read, size=images_hu.shape[-2:], mode="nearest-exact")[:, 0].long().numpy()

    def painted(self, labels: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The same from labels (N, y, x); findings count as what they are part of."""
        return self.model.groups.parents.numpy()[labels]


def reader_of(model: NaDiffModel, folder: Path) -> Reader:
    """The segmenter that came with a model.

    Raises:
        WeightMismatch: There is none, or it does not fit.
    """
    return Reader(model, load_segmenter(folder, model.config))


def overlap_figures(
    reader: Reader,
    images_hu: NDArray[np.float32],
    labels: NDArray[np.uint8],
    metrics: Sequence[Metric] = OVERLAP,
    pixel_mm: float | None = None,
) -> dict[str, list[Figure]]:
    """Agreement between the mask and what is read in the image, organ by organ.

    Args:
        reader: That reads.
        images_hu: (N, y, x) slices.
        labels: (N, y, x) the masks that they shall follow.
        metrics: Of the group "overlap".
        pixel_mm: Side of a pixel; the reader's own unless given.

    Returns:
        For each organ that a mask shows, its figures: means over the slices that show it.
    """
    read, truth = reader.read(images_hu, pixel_mm), reader.painted(labels)
    side_mm = pixel_mm or reader.model.config.pixel_mm
    found = {}
    for organ in reader.organs():
        channel = reader.model.groups.index(organ) + 1
        shown = [(r == channel, t == channel) for r, t in zip(read, truth, strict=True)]
        shown = [(r, t) for r, t in shown if t.sum() * side_mm**2 >= 100.0 * LEAST_CM2]
        if shown:
            found[organ] = [_figure(metric, organ, shown, reader.name, side_mm) for metric in metrics]
    return found


def _figure(
    metric: Metric, organ: str, shown: list[tuple[NDArray[np.bool_], NDArray[np.bool_]]], by: str, side_mm: float
) -> Figure:
    pixel = (side_mm, side_mm)
    measures = {
        "dice": dice,
        "iou": iou,
        "recall": recall,
        "precision": precision,
        "hd": lambda read, truth: hausdorff_mm(read, truth, pixel),
        "hd95": lambda read, truth: hausdorff_mm(read, truth, pixel, 95.0),
    }
    values = np.array([measures[metric.name](read, truth) for read, truth in shown])
    missed = int(np.isinf(values).sum())
    values = values[np.isfinite(values)]
    note = f"not found in {missed} slices, which are left out" if missed else ""
    mean, sd = (float(values.mean()), float(values.std())) if values.size else (None, None)
    title = f"{metric.title}, {organ.replace('_', ' ')}"
    return Figure.of(metric, mean, title=title, sd=sd, count=len(shown), measured_by=by, note=note)
