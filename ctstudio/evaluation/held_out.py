"""Held-out phantom slices: seeds that training never uses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.core.seeds import derived, stream
from ctstudio.measure.noise_region import LIVER
from ctstudio.phantom.grids import axial_grid, organ_range_mm
from ctstudio.phantom.population import USUAL, Population, patient_of
from ctstudio.phantom.render import render
from ctstudio.physics.dose import simulate_low_dose
from ctstudio.physics.geometry import ParallelGeometry
from ctstudio.systems.na_diff.config import NaDiffConfig

FIRST_SEED = 100_000
"""Figures are taken on seeds from here on. Seeds from 10 000 to here are held out as well, and are for looking and for
choosing settings while a model is made, so that no figure comes from a slice that a choice was made on."""

LEAST_LIVER_CM2 = 18.0
"""Smallest liver of a test slice."""


@dataclass(frozen=True)
class HeldOut:
    """Test slices, one a patient.

    Attributes:
        ct_hu: (N, 256, 256) int16; phantoms without photon noise, scans with that of full dose.
        labels: (N, 256, 256) uint8, standard table.
        seeds: (N,) patients, or numbers of cases.
        scanned: Whether they are scans, not phantoms.
    """

    ct_hu: NDArray[np.int16]
    labels: NDArray[np.uint8]
    seeds: NDArray[np.int64]
    scanned: bool = False

    def first(self, count: int) -> HeldOut:
        """The first slices alone."""
        return self.at(np.arange(min(count, len(self.seeds))))

    def at(self, rows: NDArray[np.intp]) -> HeldOut:
        """Some of the slices."""
        return HeldOut(self.ct_hu[rows], self.labels[rows], self.seeds[rows], self.scanned)

    def liver(self) -> NDArray[np.bool_]:
        """(N, 256, 256) the liver with its lesions."""
        return np.isin(self.labels, values_of(LIVER))


def held_out_slices(
    count: int, config: NaDiffConfig, first_seed: int = FIRST_SEED, population: Population = USUAL
) -> HeldOut:
    """One slice through the liver of each of `count` patients; those whose slice shows little liver are passed over."""
    ct, labels = [], []
    seeds: list[int] = []
    seed = first_seed
    while len(seeds) < count:
        patient = patient_of(population, seed, "abdomen")
        low, high = organ_range_mm(patient, "liver")
        z = float(stream(seed, "held-out slice").uniform(low + 0.15 * (high - low), low + 0.85 * (high - low)))
        phantom = render(patient, axial_grid(patient, [z], config.image_size, config.pixel_mm), pet=False, mr=False)
        if liver_cm2(phantom.labels.array, config.pixel_mm) >= LEAST_LIVER_CM2:
            ct.append(phantom.ct.array)
            labels.append(phantom.labels.array)
            seeds.append(seed)
        seed += 1
    return HeldOut(np.concatenate(ct).astype(np.int16), np.concatenate(labels), np.asarray(seeds, np.int64))


def liver_cm2(labels: NDArray[np.uint8], pixel_mm: float) -> float:
    """Area of the liver with its lesions in labels of any shape, cm2."""
    return float(np.isin(labels, values_of(LIVER)).sum()) * pixel_mm**2 / 100.0


def with_noise(slices: HeldOut, dose: float, config: NaDiffConfig, realisation: int = 0) -> NDArray[np.float32]:
    """The slices at a dose: (N, 256, 256) float32 HU; another `realisation` is another scan of the same patients.

    A scan gets only what its own noise lacks: of the variance at dose d, the part 1 - d.
    """
    geometry = ParallelGeometry(config.image_size, config.pixel_mm)
    lacks = float(np.sqrt(1.0 - dose)) if slices.scanned else 1.0
    again = (str(realisation),) if realisation else ()
    noisy = []
    for ct, seed in zip(slices.ct_hu, slices.seeds.tolist(), strict=True):
        generator = torch.Generator().manual_seed(derived(seed, "held-out noise", str(dose), *again))
        image = torch.from_numpy(ct.astype(np.float32))[None, None]
        noise = simulate_low_dose(image, dose, geometry, generator).noise_hu
        noisy.append((image + lacks * noise)[0, 0].numpy())
    return np.stack(noisy)


def as_mask(labels: NDArray[np.uint8], keep: tuple[str, ...] | None, config: NaDiffConfig) -> LabelMap:
    """Slices (M, 256, 256) as a painted mask on the network's own grid, all labels or only some."""
    if keep is not None:
        labels = np.where(np.isin(labels, values_of(keep)), labels, 0).astype(np.uint8)
    grid = Grid.centred((len(labels), config.image_size, config.image_size), (config.pixel_mm, config.pixel_mm, 5.0))
    return LabelMap(labels, grid, standard_table(), synthetic=True)
