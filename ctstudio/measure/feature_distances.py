"""How far two collections of feature vectors are from each other: Fréchet, kernel (KID), CMMD and Gaussian distance.

The features come from an encoder; whose, decides what a distance means. All of them need only arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError, IntensityError, ParameterError

KID_SUBSETS = 100
KID_SUBSET_SIZE = 1000
CMMD_SIGMA = 10.0
CMMD_SCALE = 1000.0

Features = NDArray[Any]


def frechet_distance(a: Features, b: Features) -> float:
    """Squared Fréchet distance of two normal distributions with the means and covariances of the features.

    |mu_a - mu_b|^2 + tr(S_a) + tr(S_b) - 2 tr((S_a S_b)^(1/2)). With S = X'X of centred, scaled features X, the last
    trace is the sum of the singular values of X_a X_b'; no matrix root is taken, so that few vectors of many features
    are exact, too.

    Args:
        a: (n, d), n at least 2.
        b: (m, d), m at least 2.

    Returns:
        At least 0; 0 for equal collections.

    Raises:
        GeometryError: Fewer than two vectors, or different numbers of features.
        IntensityError: A feature is not finite.

    Source: Heusel et al. 2017, eq. 6. Differs: the trace by singular values instead of a matrix root.
    """
    a, b = _checked(a, b)
    centred = [(x - x.mean(axis=0)) / np.sqrt(len(x) - 1) for x in (a, b)]
    product = _root(centred[0]) @ _root(centred[1]).T
    shared = float(np.linalg.svd(product, compute_uv=False).sum())
    spread = sum(float((x**2).sum()) for x in centred)
    between = float(((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum())
    return max(between + spread - 2.0 * shared, 0.0)


def kernel_distance(
    a: Features, b: Features, subsets: int = KID_SUBSETS, subset_size: int = KID_SUBSET_SIZE, seed: int = 0
) -> tuple[float, float]:
    """Kernel inception distance: the unbiased squared MMD with the kernel (x.y / d + 1)^3, over random subsets.

    Args:
        a: (n, d), n at least 4.
        b: (m, d), m at least 4.
        subsets: How many.
        subset_size: Vectors of each collection in a subset; at most half the smaller collection is taken, or all
            subsets would be alike and their spread would say nothing.
        seed: Of the subsets.

    Returns:
        Mean and standard deviation over the subsets. The mean may be below 0 for equal distributions.

    Raises:
        GeometryError: Fewer than four vectors, or different numbers of features.
        IntensityError: A feature is not finite.
        ParameterError: No subset, or subsets of fewer than two.

    Source: Bińkowski et al. 2018, with 100 subsets of 1000 as in their code. Papers often print it times 1000.
    """
    if subsets < 1 or subset_size < 2:
        raise ParameterError("A kernel distance needs subsets of at least two.", "Give more subsets, or larger ones.")
    a, b = _checked(a, b, least=4)
    size = kid_subset_size(len(a), len(b), subset_size)
    random = np.random.default_rng(seed)
    values = [_mmd2(a[_some(random, len(a), size)], b[_some(random, len(b), size)]) for _ in range(subsets)]
    return float(np.mean(values)), float(np.std(values))


def kid_subset_size(count_a: int, count_b: int, wanted: int = KID_SUBSET_SIZE) -> int:
    """Vectors in each subset of `kernel_distance`."""
    return max(2, min(wanted, min(count_a, count_b) // 2))


def cmmd(a: Features, b: Features) -> float:
    """CLIP maximum mean discrepancy: squared MMD with a Gaussian kernel on features of length 1, times 1000.

    Args:
        a: (n, d) image embeddings; they are scaled to length 1.
        b: (m, d).

    Returns:
        About 0 or more; 0 for equal collections. The biased estimate: pairs of a vector with itself count.

    Raises:
        GeometryError: Fewer than two vectors, or different numbers of features.
        IntensityError: A feature is not finite.

    Source: Jayasumana et al. 2024, sigma 10.
    """
    a, b = (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12) for x in _checked(a, b))

    def gain(x: Features, y: Features) -> float:
        """Mean of the kernel less 1: near 1 a difference of means would lose its digits."""
        distance2 = 2.0 - 2.0 * np.clip(x @ y.T, -1.0, 1.0)
        return float(np.expm1(-distance2 / (2.0 * CMMD_SIGMA**2)).mean())

    return CMMD_SCALE * (gain(a, a) + gain(b, b) - 2.0 * gain(a, b))


def gaussian_mmd2(a: Features, b: Features) -> float:
    """Unbiased squared mean discrepancy with a Gaussian kernel as wide as the median distance in the first collection.

    Args:
        a: (n, d), n at least 2.
        b: (m, d), m at least 2.

    Returns:
        May be below 0 for equal distributions.

    Raises:
        GeometryError: Fewer than two vectors, or different numbers of features.
        IntensityError: A feature is not finite.
    """
    a, b = _checked(a, b)
    within_a, within_b, across = (_squares(x, y) for x, y in ((a, a), (b, b), (a, b)))
    width = float(np.median(within_a[~np.eye(len(a), dtype=bool)])) or 1.0
    kernels = [np.exp(-squares / width) for squares in (within_a, within_b, across)]
    first, second = ((float(k.sum()) - n) / (n * (n - 1)) for k, n in zip(kernels[:2], (len(a), len(b)), strict=True))
    return first + second - 2.0 * float(kernels[2].mean())


def _squares(a: Features, b: Features) -> NDArray[np.float64]:
    sums = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None] - 2.0 * a @ b.T
    return np.asarray(np.maximum(sums, 0.0))


def _root(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k, d) with the same X'X as (n, d), k the smaller of n and d."""
    return np.asarray(np.linalg.qr(centred, mode="r")) if len(centred) > centred.shape[1] else centred


def _mmd2(a: Features, b: Features) -> float:
    """Unbiased squared MMD of equally many vectors with the cubic kernel."""
    n, features = a.shape
    within = [((x @ x.T) / features + 1.0) ** 3 for x in (a, b)]
    across = ((a @ b.T) / features + 1.0) ** 3
    alike = sum(float(k.sum() - np.trace(k)) for k in within) / (n * (n - 1))
    return float(alike - 2.0 * across.mean())


def _some(random: np.random.Generator, count: int, size: int) -> NDArray[np.int64]:
    return random.choice(count, size, replace=False)


def _checked(a: Features, b: Features, least: int = 2) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < least:
        raise GeometryError(
            f"Collections of features of shapes {a.shape} and {b.shape} have no distance.",
            f"Give at least {least} images on both sides, seen by the same encoder.",
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise IntensityError("An encoder gave features that are not finite.", "Look for NaN in the images.")
    return np.asarray(a, np.float64), np.asarray(b, np.float64)
