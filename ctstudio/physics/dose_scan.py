"""From validated parameters to a scan at a lower dose: what the command and the engine both run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ctstudio.core.volume import Volume
from ctstudio.measure.ramp import FilterName
from ctstudio.measure.scanner import Scanner
from ctstudio.physics.dose_volume import Steps, check_scan, low_dose_steps
from ctstudio.physics.exposure import Match, plan_exposure


@dataclass(frozen=True)
class DoseScan:
    """A scan at a lower dose.

    Attributes:
        image: HU, synthetic.
        noise_map: HU_SD, of the noise that was put in.
        facts: How the scan was exposed, for the record: JSON values.
        words: The same in a sentence.
    """

    image: Volume
    noise_map: Volume
    facts: dict[str, Any]
    words: str


def simulate_scan(scan: Volume, parameters: Mapping[str, Any]) -> Steps[DoseScan]:
    """Simulate a dose, step by step (`dose_volume.run_through` does all of them).

    Args:
        scan: A CT in HU.
        parameters: As validated by the card of `catalog.low_dose`.

    Yields:
        Slices done, and slices in all.

    Raises:
        IntensityError: Not HU, or NaN voxels.
        GeometryError: Slices of fewer than 3 x 3 pixels.
    """
    match = planned(scan, parameters)
    image, spread = yield from low_dose_steps(
        scan, parameters["dose"], parameters["seed"], match.exposure, match.scanner
    )
    return DoseScan(image, spread, facts_of(match), in_words(match))


def planned(scan: Volume, parameters: Mapping[str, Any]) -> Match:
    """How the scan, or some slices of it, is taken to have been exposed.

    Raises:
        IntensityError: Not HU, or NaN voxels.
    """
    check_scan(scan)
    return plan_exposure(
        scan.array,
        scan.grid.spacing_mm[:2],
        scanner_of(parameters),
        scan.synthetic,
        regime=parameters["regime"],
        photons=parameters["photons"],
        measure=parameters["match_noise"],
        match_kernel=parameters["kernel"] == "auto",
    )


def scanner_of(parameters: Mapping[str, Any]) -> Scanner:
    """The scanner that validated parameters describe; "auto" starts from the Hann kernel."""
    kernel: FilterName = "hann" if parameters["kernel"] == "auto" else parameters["kernel"]
    return Scanner(
        kernel,
        electronic_noise=parameters["electronic_noise"],
        bow_tie=parameters["bow_tie"],
        modulated=parameters["tube_current_modulation"],
    )


def facts_of(match: Match) -> dict[str, Any]:
    """What was found, for records and programs."""
    held = match.exposure.held_sd_hu
    return {
        "held_noise_sd_hu": None if held is None else round(held, 3),
        "noise_free": match.exposure.noise_free,
        "photons": match.exposure.photons,
        "kernel": match.scanner.kernel,
        "kernel_cutoff": round(match.scanner.cutoff, 3),
    }


def in_words(match: Match) -> str:
    """What was found, for people."""
    exposure, scanner = match
    held = exposure.held_sd_hu
    measured = "Nothing was measured" if held is None else f"The scan holds {held:.1f} HU of noise in even tissue"
    taken = "it counts as noise-free and gets all the noise" if exposure.noise_free else "it gets only what it lacks"
    ends = f" that ends at {scanner.cutoff:.1f} Nyquist frequencies" if scanner.kernel == "hann" else ""
    sent = f"{exposure.photons:,.0f} photons for each detector bin and angle"
    return f"{measured}; {taken}. {sent}, kernel {scanner.kernel}{ends}."
