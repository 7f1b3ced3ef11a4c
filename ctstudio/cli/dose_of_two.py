"""A lower dose from two scans of the same slices: their difference is scaled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ctstudio.core.errors import GeometryError, IntensityError

if TYPE_CHECKING:
    from ctstudio.core.volume import Volume

_NOISIER_AT_LEAST = 1.05
"""The low-dose scan must hold this many times the noise of the other."""


def from_two(
    full: Volume, low: Volume, fraction: float, low_fraction: float, regime: str
) -> tuple[Volume, Volume, dict[str, Any], list[str]]:
    """The scan at a dose, its noise map, and facts and words about the two.

    Args:
        full: At full dose.
        low: The same slices at `low_fraction` of it.
        fraction: Wanted dose.
        low_fraction: Dose of `low`.
        regime: "inserted" (also for "auto"), "independent" or "clean", see `physics.two_scans`.

    Raises:
        GeometryError: The scans lie on different grids.
        IntensityError: One is not in HU or has NaN voxels, they show other slices, or the second is not the noisier.
        ParameterError: A dose outside its range.
    """
    import torch

    from ctstudio.physics.noise_map import noise_map
    from ctstudio.physics.two_scans import dose_coefficients, simulate_dose

    taken = "inserted" if regime == "auto" else regime
    dose_coefficients(fraction, low_fraction, taken)  # type: ignore[arg-type]  # refuses what it does not know
    likeness = _check_pair(full, low)
    arrays = [torch.from_numpy(one.array.astype("float32")) for one in (full, low)]
    made = simulate_dose(arrays[0], arrays[1], fraction, low_fraction, taken)  # type: ignore[arg-type]
    spread = noise_map(made.noise_hu[:, None])[:, 0]
    name = f"{full.name} at {fraction:.0%} dose".strip()
    image = replace(full, array=made.image_hu.numpy(), synthetic=True, name=name)
    noise = replace(image, array=spread.numpy(), unit="HU_SD", name=f"Noise map of {name}")
    words = f"The two scans show the same slices (correlation {likeness:.2f}); the second is taken as {taken}."
    return image, noise, {"regime": taken, "likeness": round(likeness, 4)}, [words]


def _check_pair(full: Volume, low: Volume) -> float:
    from ctstudio.measure.even_tissue import held_noise, median_noise_sd
    from ctstudio.measure.same_slices import check_same_slices

    if not full.grid.matches(low.grid):
        raise GeometryError(
            f"The two scans do not have the same voxels: {full.grid.shape} of {full.grid.spacing_mm} mm and "
            f"{low.grid.shape} of {low.grid.spacing_mm} mm, or another place.",
            "Give two scans of the same slices on the same grid.",
        )
    for scan in (full, low):
        _usable(scan)
    likeness = check_same_slices(full.array, low.array, full.grid.spacing_mm)
    held = held_noise(full.array, min(full.grid.spacing_mm[:2]))
    if held is not None:
        noise = median_noise_sd(low.array[list(held.slices)], held.regions)
        if noise < held.sd_hu * _NOISIER_AT_LEAST:
            raise IntensityError(
                f"The second scan is not the noisier one: {noise:.1f} HU, the first has {held.sd_hu:.1f} HU.",
                "Give the scan at full dose as SCAN and that at low dose as SCAN2.",
            )
    return likeness


def _usable(scan: Volume) -> None:
    if not scan.is_hu:
        raise IntensityError(f"{scan.name} holds {scan.unit} values, not Hounsfield units.", "Give a CT in HU.")
    if not scan.finite():
        raise IntensityError(f"{scan.name} has voxels that are NaN or infinite.", "Replace them by air (-1000 HU).")
