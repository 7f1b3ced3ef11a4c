"""A whole scan at a lower dose."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

import numpy as np
import torch

from ctstudio.core.errors import IntensityError
from ctstudio.core.seeds import derived
from ctstudio.core.volume import Volume
from ctstudio.measure.missing_noise import missing_noise
from ctstudio.measure.scanner import Exposure, Scanner
from ctstudio.measure.tube_current import slice_shares
from ctstudio.physics.full_dose_noise import NoiseParts, full_dose_noise
from ctstudio.physics.noise_map import noise_map

Progress = Callable[[int, int], None]
Made = TypeVar("Made")
Steps = Generator[tuple[int, int], None, Made]
"""Work that yields (slices done, slices in all) and gives what it made at last."""

SLICES_AT_ONCE = 4


def low_dose_volume(
    volume: Volume,
    dose: float,
    seed: int,
    exposure: Exposure,
    scanner: Scanner | None = None,
    progress: Progress | None = None,
) -> tuple[Volume, Volume]:
    """What `low_dose_steps` makes; `progress` is called with (slices done, slices in all) and may raise to stop."""
    return run_through(low_dose_steps(volume, dose, seed, exposure, scanner), progress)


def run_through(steps: Steps[Made], progress: Progress | None = None) -> Made:
    """Do all the steps and give what they made."""
    while True:
        try:
            done, count = next(steps)
        except StopIteration as end:
            made: Made = end.value
            return made
        if progress is not None:
            progress(done, count)


def low_dose_steps(
    volume: Volume,
    dose: float,
    seed: int,
    exposure: Exposure,
    scanner: Scanner | None = None,
    device: str = "cpu",
) -> Steps[tuple[Volume, Volume]]:
    """The scan with the noise that it lacks at a lower dose, and the map of that noise.

    A scan at full dose holds its own noise, so only the missing variance, 1/d - 1 times its own, is put in; an
    exposure that says noise-free gets all of it.

    Args:
        volume: A CT in HU, finite.
        dose: Fraction of the scan's own dose, in (0, 1].
        seed: Decides the noise. Every slice has its own random stream, so a slice does not depend on the others.
        exposure: The scan's photons, and whether it holds noise (`find_exposure`).
        scanner: Whose noise; a plain one with the Hann kernel by default.
        device: Where to project; the noise is the same on every device up to rounding.

    Yields:
        Slices done, and slices in all.

    Returns:
        The image (HU, float32, synthetic) and the noise map (HU_SD, float32) of what was put in, on the volume's grid.

    Raises:
        ParameterError: A dose outside (0, 1].
        IntensityError: Not HU, or NaN voxels.
        GeometryError: Slices of fewer than 3 x 3 pixels.
    """
    check_scan(volume)
    scanner = scanner or Scanner()
    shares = missing_noise(dose, exposure.noise_free)
    currents = slice_shares(volume.array, volume.grid.spacing_mm) if scanner.modulated else np.ones(len(volume.array))
    image = np.empty(volume.grid.shape, np.float32)
    spread = np.empty(volume.grid.shape, np.float32)
    count = len(image)
    for first in range(0, count, SLICES_AT_ONCE):
        part = slice(first, min(first + SLICES_AT_ONCE, count))
        sent = exposure.photons * currents[part]
        noise = slices_noise(volume, part, seed, sent, scanner, device).at(shares).cpu()
        image[part] = volume.array[part] + noise[:, 0].numpy()
        spread[part] = noise_map(noise)[:, 0].numpy()
        yield part.stop, count
    name = f"{volume.name} at {dose:.0%} dose".strip()
    return (
        Volume(image, volume.grid, "CT", "HU", True, name),
        Volume(spread, volume.grid, "CT", "HU_SD", True, f"Noise map of {name}"),
    )


def slices_noise(
    volume: Volume,
    part: slice,
    seed: int,
    sent: np.ndarray,
    scanner: Scanner,
    device: str = "cpu",
    first: int = 0,
) -> NoiseParts:
    """Noise at full dose of some slices of a scan.

    Args:
        volume: The scan, or a piece of it.
        part: Which slices.
        seed: Of the whole scan.
        sent: Photons for each of the slices.
        scanner: Whose noise.
        device: Where to project.
        first: Place of the piece's first slice in the scan: a slice has the same noise in every piece.
    """
    seeds = [derived(seed, "low dose", first + z) for z in range(part.start, part.stop)]
    planes = torch.from_numpy(volume.array[part].astype(np.float32))[:, None].to(device)
    spacing_xy_mm = volume.grid.spacing_mm[:2]
    return full_dose_noise(planes, spacing_xy_mm, torch.from_numpy(np.asarray(sent, np.float32)), scanner, seeds)


def check_scan(volume: Volume) -> None:
    """Raise IntensityError unless a scan is a CT in HU without NaN or infinite voxels."""
    if not volume.is_hu:
        raise IntensityError(
            f"Low dose can be simulated on a CT in HU only, this image holds {volume.unit}.", "Choose the CT."
        )
    if not volume.finite():
        raise IntensityError("The scan has voxels that are NaN or infinite.", "Replace them by air (-1000 HU).")
