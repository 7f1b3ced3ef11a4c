"""Distances between two collections of images: Clean-FID, KID, CMMD."""

from __future__ import annotations

from collections.abc import Sequence

from ctstudio.evaluation.encoders import Encoder, Greys
from ctstudio.evaluation.instruments import Instruments
from ctstudio.evaluation.metrics import Figure, Metric
from ctstudio.measure.feature_distances import Features, cmmd, frechet_distance, kernel_distance, kid_subset_size

LEAST = {"clean-fid": 2, "kid": 4, "cmmd": 2}


def distribution_figures(
    real: Greys, synthetic: Greys, metrics: Sequence[Metric], instruments: Instruments
) -> list[Figure]:
    """Distances of two collections of grey images (y, x), 0 to 255.

    Returns:
        A figure a metric; without a value where there are too few images.
    """
    seen: dict[str, tuple[Features, Features]] = {}
    figures = []
    count = min(len(real), len(synthetic))
    for metric in metrics:
        encoder = instruments.clip if metric.name == "cmmd" else instruments.inception
        if count < LEAST[metric.name]:
            why = f"needs {LEAST[metric.name]} images on both sides, there are {len(real)} and {len(synthetic)}"
            by = {"measured_by": encoder.name, "published": encoder.published}
            figures.append(Figure.of(metric, None, count=count, note=why, **by))
            continue
        if encoder.name not in seen:
            seen[encoder.name] = encoder.features(real), encoder.features(synthetic)
        figures.append(_figure(metric, encoder, *seen[encoder.name]))
    return figures


def _figure(metric: Metric, encoder: Encoder, real: Features, synthetic: Features) -> Figure:
    count, width = min(len(real), len(synthetic)), real.shape[1]
    notes: list[str] = []
    sd = None
    if metric.name == "kid":
        mean, spread = kernel_distance(real, synthetic)
        value, sd = 1e3 * mean, 1e3 * spread
        notes.append(f"subsets of {kid_subset_size(len(real), len(synthetic))}")
    elif metric.name == "cmmd":
        value = cmmd(real, synthetic)
    else:
        value = frechet_distance(real, synthetic)
        if count <= width:
            notes.append(f"{count} images for {width} features: too high by an unknown part, prefer KID")
    return Figure.of(
        metric, value, sd=sd, count=count, measured_by=encoder.name, published=encoder.published, note="; ".join(notes)
    )
