"""How like its real twin a generated volume is, and how like the real ones a collection of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.volume import Volume
from ctstudio.core.windows import Window
from ctstudio.evaluation.meddiff_paper import Bench
from ctstudio.evaluation.ms_ssim import ms_ssim, scales_for
from ctstudio.evaluation.perceptual import Perceptual
from ctstudio.evaluation.volume_distances import distances, kept_features
from ctstudio.phantom.lesion_kinds import LESIONS

LPIPS_SLICES = 12
"""Axial slices of a volume, spread evenly."""
LEAST_SIDE = 64
"""Slices that are smaller get a black frame: the networks of LPIPS need so much."""


def likeness(bench: Bench, made_hu: NDArray[np.generic], real: Volume, window: Window) -> dict[str, float]:
    """MS-SSIM and LPIPS of a pair, both seen through the window; NaN where there is no instrument, or no room."""
    pair = [window.to_unit(array) for array in (made_hu, real.array)]
    similar = ms_ssim(pair[0], pair[1]) if scales_for(real.array.shape) else float("nan")
    far = float("nan") if bench.perceptual is None else lpips_of(bench.perceptual, made_hu, real.array, window)
    return {"ms_ssim": similar, "lpips": far}


def lpips_of(
    perceptual: Perceptual, made_hu: NDArray[np.generic], real_hu: NDArray[np.generic], window: Window
) -> float:
    """Mean perceptual distance over axial slices (z, y, x)."""
    rows = np.unique(np.linspace(0, len(real_hu) - 1, LPIPS_SLICES).astype(int))
    values = [perceptual.distance(*(_framed(window.to_grey(each[z])) for each in (made_hu, real_hu))) for z in rows]
    return float(np.mean(values))


def collection_distances(
    bench: Bench,
    part: str,
    subject: str,
    real: Sequence[Callable[[], Volume]],
    made: Sequence[Callable[[], Volume]],
    others: Sequence[Callable[[], Volume]],
) -> dict[str, dict[str, float]]:
    """FID and MMD to the real volumes: of the "model", and of "other patients". Nothing without an encoder.

    `subject` is a region or a kind of lesion.
    """
    region = region_of(subject)
    if region not in bench.encoders or min(len(real), len(made), len(others)) < 2:
        return {}
    encoder, window = bench.encoders[region], bench.config.window(region)
    by = "".join(c for c in encoder.name if c.isalnum())[:40]
    seen: dict[str, NDArray[np.float64]] = {}
    for side, volumes in (("real", real), ("made", made), ("others", others)):
        bench.told(len(seen), 3, f"Looking at {side} volumes of {subject}")
        shown = [lambda v=v: _clipped(v(), window) for v in volumes]  # type: ignore[misc]
        place = bench.place if side == "made" else bench.folder
        path = place / "features" / f"{part}_{subject}_{side}_{len(volumes)}_{by}.npy"
        seen[side] = kept_features(shown, encoder, path)
    return {
        "model": distances(seen["real"], seen["made"]),
        "other patients": distances(seen["real"], seen["others"]),
    }


def region_of(subject: str) -> str:
    """The region of a kind of lesion; a region's own name."""
    return LESIONS[subject].region if subject in LESIONS else subject


def _clipped(volume: Volume, window: Window) -> Volume:
    array = np.clip(volume.array, window.low_hu, window.high_hu).astype(np.float32)
    return Volume(array, volume.grid, synthetic=True)


def _framed(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    lacks = [max(0, LEAST_SIDE - side) for side in image.shape]
    return np.pad(image, [(0, each) for each in lacks])
