"""How far two collections of volumes are from each other, by what an encoder sees in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.volume import Volume
from ctstudio.evaluation.kept import kept
from ctstudio.evaluation.volume_encoders import VolumeEncoder
from ctstudio.measure.feature_distances import frechet_distance, gaussian_mmd2


def kept_features(volumes: Sequence[Callable[[], Volume]], encoder: VolumeEncoder, path: Path) -> NDArray[np.float64]:
    """(n, d) features of volumes, kept in a file."""
    return kept(path, lambda: np.stack([encoder.features(volume()) for volume in volumes]))


def distances(real: NDArray[np.float64], made: NDArray[np.float64]) -> dict[str, float]:
    """Fréchet distance and mean discrepancy of two collections of features, (n, d) and (m, d).

    Source: MedSyn, table I; MedDiff-FM, table 3. Differs: neither says its kernel; ours is the Gaussian one whose
    width is the median distance among the real volumes, and the estimate is the unbiased square.
    """
    return {"fid": frechet_distance(real, made), "mmd": gaussian_mmd2(real, made)}
