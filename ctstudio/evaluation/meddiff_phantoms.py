"""The patients a MedDiff-FM model is measured on: healthy, with a lesion, and the same patient without it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.anatomy_vocabulary import to_model
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.core.seeds import derived
from ctstudio.core.volume import Volume
from ctstudio.evaluation.held_out import FIRST_SEED
from ctstudio.evaluation.kept import kept_packed
from ctstudio.measure.scanner import Exposure
from ctstudio.phantom.grids import region_grid
from ctstudio.phantom.lesion_kinds import LESIONS
from ctstudio.phantom.patient import Region, make_patient
from ctstudio.phantom.render import render
from ctstudio.physics.dose_volume import low_dose_volume
from ctstudio.physics.exposure import reference_photons

SEEDS = {
    "synthesis": FIRST_SEED + 70_000,
    "strangers": FIRST_SEED + 72_000,
    "denoising": FIRST_SEED + 74_000,
    "detection": FIRST_SEED + 76_000,
    "lesions": FIRST_SEED + 78_000,
}
"""First patient of each part; lesions are put in, drawn and taken out in the same patients."""
VALIDATION = 1_000
"""From a part's first patient to the first of those that thresholds and weights are chosen on."""
LESION_SIZES = ("moderate", "large")
"""In turn; small lesions are hardly a voxel at the demo's 3 mm."""


@dataclass(frozen=True)
class RegionPhantom:
    """A patient's region, without photon noise.

    Attributes:
        ct: HU.
        labels: Standard table, on its grid.
    """

    ct: Volume
    labels: LabelMap

    @property
    def anatomy(self) -> NDArray[np.uint8]:
        """(z, y, x) in the model's classes, a lesion as its organ."""
        return to_model(self.labels).array

    def lesion(self, kind: str) -> LabelMap:
        """Its lesions of a kind alone."""
        inside = np.where(self.labels.of(kind), values_of([kind])[0], 0).astype(np.uint8)
        return LabelMap(inside, self.labels.grid, standard_table(), synthetic=True)


def region_phantom(seed: int, region: Region, spacing_mm: float, kind: str = "", size: str = "") -> RegionPhantom:
    """A patient of a seed, healthy, or with one kind of lesion of a size and nothing else."""
    patient = make_patient(seed, region, {LESIONS[kind].finding: size} if kind else {})
    phantom = render(patient, region_grid(patient, spacing_mm), pet=False, mr=False)
    return RegionPhantom(phantom.ct, phantom.labels)


def kept_phantom(
    folder: Path, seed: int, region: Region, spacing_mm: float, kind: str = "", size: str = ""
) -> RegionPhantom:
    """The same, from a folder when it is there."""

    def made() -> NDArray[np.int16]:
        phantom = region_phantom(seed, region, spacing_mm, kind, size)
        return np.stack([phantom.ct.array.astype(np.int16), phantom.labels.array.astype(np.int16)])

    name = "_".join(filter(None, [str(seed), region, f"{spacing_mm:g}mm", kind, size]))
    ct, labels = kept_packed(folder / f"{name}.npz", made)
    grid = region_grid(make_patient(seed, region, {}), spacing_mm)
    table = standard_table()
    return RegionPhantom(
        Volume(ct, grid, synthetic=True), LabelMap(labels.astype(np.uint8), grid, table, synthetic=True)
    )


def scans_of(phantom: RegionPhantom, seed: int, dose: float) -> tuple[Volume, Volume]:
    """A phantom scanned at full dose, and the same scan at a fraction of it.

    The low dose is the full-dose scan with the noise that it lacks, as in the data set of the paper.
    """
    photons = reference_photons(phantom.ct.grid.spacing_mm[:2])
    full, _ = low_dose_volume(phantom.ct, 1.0, derived(seed, "full dose"), Exposure(photons, noise_free=True))
    low, _ = low_dose_volume(full, dose, derived(seed, "low dose"), Exposure(photons, noise_free=False))
    return full, low
