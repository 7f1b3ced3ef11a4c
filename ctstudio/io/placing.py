"""From an image of the image library to an array and a grid in LPS orientation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError, UnreadableFile
from ctstudio.core.grid import Grid


def placed(image: Any, name: str) -> tuple[NDArray[Any], Grid]:
    """Array (z, y, x) and grid of an image, axes turned so that x grows to the left, y to the back, z to the head.

    Args:
        image: A SimpleITK image of two to four dimensions.
        name: What error messages call it.

    Raises:
        UnreadableFile: Colour, vector or complex voxels.
        GeometryError: More than one frame, too few voxels, or unusable spacing.
    """
    import SimpleITK

    if image.GetNumberOfComponentsPerPixel() != 1 or "complex" in image.GetPixelIDTypeAsString():
        raise UnreadableFile(
            f"{name} has {image.GetNumberOfComponentsPerPixel()} values in each voxel (colours, vectors or layers).",
            "Export it as one grey value for each voxel.",
        )
    turned = SimpleITK.DICOMOrient(_in_three_dimensions(image, name), "LPS")
    direction = turned.GetDirection()
    grid = Grid(
        _counts(turned.GetSize()[::-1]),
        _triple(turned.GetSpacing()),
        _triple(turned.GetOrigin()),
        tuple(_triple(direction[row : row + 3]) for row in (0, 3, 6)),
    )
    _check_size(grid, name)
    return SimpleITK.GetArrayFromImage(turned), grid


def image_of(array: NDArray[Any], grid: Grid) -> Any:
    """A SimpleITK image of an array and its grid."""
    import SimpleITK

    image = SimpleITK.GetImageFromArray(array)
    image.SetSpacing(grid.spacing_mm)
    image.SetOrigin(grid.origin_mm)
    image.SetDirection(np.asarray(grid.direction, float).ravel().tolist())
    return image


def _in_three_dimensions(image: Any, name: str) -> Any:
    import SimpleITK

    if image.GetDimension() == 2:
        return SimpleITK.JoinSeries(image)
    if image.GetDimension() == 3:
        return image
    size = image.GetSize()
    frames = int(np.prod(size[3:]))
    if frames != 1:
        raise GeometryError(
            f"{name} has {frames} frames of {size[0]} x {size[1]} x {size[2]} voxels, not one volume.",
            "Save the frame you want as a 3D file and open that.",
        )
    while image.GetDimension() > 3:
        image = SimpleITK.Extract(image, [*image.GetSize()[:-1], 0])
    return image


def _check_size(grid: Grid, name: str) -> None:
    if sum(n > 1 for n in grid.shape) < 2:
        x, y, z = grid.shape[::-1]
        raise GeometryError(
            f"{name} has {x} x {y} x {z} voxels: there is no plane to look at.",
            "Give an image with at least two axes of two voxels or more.",
        )


def _counts(values: Any) -> tuple[int, int, int]:
    return int(values[0]), int(values[1]), int(values[2])


def _triple(values: Any) -> tuple[float, float, float]:
    """Three floats, -0.0 made 0.0."""
    return float(values[0]) + 0.0, float(values[1]) + 0.0, float(values[2]) + 0.0
