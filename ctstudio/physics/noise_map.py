"""How strong the noise is at each place: the picture that tells a model which dose is asked for."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ctstudio.core.errors import GeometryError, ParameterError


def noise_map(noise_hu: Tensor, k: int = 5) -> Tensor:
    """Root mean square of the noise in a k x k window about each pixel, edges mirrored.

    Args:
        noise_hu: (B, C, y, x), noise alone, HU; y and x > k // 2.
        k: Odd side of the window, pixels.

    Returns:
        Same shape, HU (standard deviation), >= 0.

    Raises:
        ParameterError: The window is even or not positive.
        GeometryError: The image is too small for the window.

    Source: NA-Diff, eq. 9. Differs: the printed sum runs over the whole image and uses one index for both axes;
    the k x k window is what the text means. The mean is not removed, noise has none.
    """
    if k < 1 or k % 2 == 0:
        raise ParameterError(f"A noise window of {k} pixels has no middle.", "Choose an odd window, such as 5.")
    edge = k // 2
    if min(noise_hu.shape[-2:]) <= edge:
        raise GeometryError(
            f"A window of {k} pixels has no room in an image of {tuple(noise_hu.shape[-2:])}.",
            f"Give slices of at least {edge + 1} x {edge + 1} pixels.",
        )
    squares = functional.pad(noise_hu.float() ** 2, (edge, edge, edge, edge), mode="reflect")
    return torch.sqrt(functional.avg_pool2d(squares, k, stride=1))
