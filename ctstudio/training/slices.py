"""Axial slices with simulated photon noise, made once and cached on disk, a shard a patient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ctstudio.core.errors import InputError
from ctstudio.core.grid import Grid
from ctstudio.core.seeds import derived, stream
from ctstudio.core.working_grid import FieldOfView
from ctstudio.phantom.grids import axial_grid, organ_range_mm
from ctstudio.phantom.patient import Patient
from ctstudio.phantom.population import USUAL, Population, patient_of
from ctstudio.phantom.render import render
from ctstudio.physics.dose import simulate_low_dose
from ctstudio.physics.geometry import ParallelGeometry
from ctstudio.training.shards import joined, shards_in, write_missing

USUAL_VIEW = FieldOfView()
"""The square that most models see: 256 pixels of 1.5 mm."""

PAPER_DOSES = (0.05, 0.10, 0.25, 0.50, 0.75, 1.0)
REALISATIONS = 2
BELOW_MM, ABOVE_MM = 70.0, 35.0
"""How far below and above the liver slices are taken."""


@dataclass(frozen=True)
class Slices:
    """Slices of many patients.

    Attributes:
        ct_hu: (N, n, n) int16, as it was scanned; phantoms without photon noise.
        labels: (N, n, n) uint8, values of the standard table.
        noise_hu: (N, R, n, n) float16, the whole photon noise of a scan at `dose`, by realisation.
        dose: (N, R) float32 fractions of full dose, one for each realisation.
        seed: (N,) the patient's seed, or number of its case.
        scanned: (N,) bool, whether `ct_hu` is a real scan, which holds the noise of full dose already.
    """

    ct_hu: NDArray[np.int16]
    labels: NDArray[np.uint8]
    noise_hu: NDArray[np.float16]
    dose: NDArray[np.float32]
    seed: NDArray[np.int64]
    scanned: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.seed)

    def image_hu(self, which: NDArray[np.int64], realisation: NDArray[np.int64]) -> NDArray[np.float32]:
        """(B, n, n) slices at the dose of a realisation, each index (B,)."""
        whole = self.ct_hu.shape[-1]
        return np.stack([self.crop_hu(w, r, (0, 0), whole) for w, r in zip(which, realisation, strict=True)])

    def crop_hu(self, which: int, realisation: int, corner: tuple[int, int], size: int) -> NDArray[np.float32]:
        """(size, size) of one slice at the dose of a realisation, `corner` (y, x) first.

        A scan gets only what its own noise lacks: of the variance at dose d, the part 1 - d.
        """
        part = (slice(corner[0], corner[0] + size), slice(corner[1], corner[1] + size))
        lacks = float(np.sqrt(1.0 - self.dose[which, realisation])) if self.scanned[which] else 1.0
        noise = self.noise_hu[which, realisation][part].astype(np.float32)
        return self.ct_hu[which][part].astype(np.float32) + np.float32(lacks) * noise

    def drawn(self, count: int, generator: torch.Generator) -> dict[str, torch.Tensor]:
        """`which` of the slices, and which `realisation` of their noise: (count,) int64 each."""
        which = torch.randint(len(self), (count,), generator=generator)
        return {"which": which, "realisation": torch.randint(self.noise_hu.shape[1], (count,), generator=generator)}


def make_shards(
    folder: Path,
    shards: Sequence[tuple[str, Callable[[], Slices]]],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Make the shards of a cache that are missing.

    Args:
        folder: Where the shards are kept.
        shards: File name without ending, and what makes it.
        progress: Called with shards done and shards in all.
    """
    for done, (name, make) in enumerate(shards, start=1):
        write_missing(folder / f"{name}.npz", make)
        progress(done, len(shards))


def load_shards(folder: Path) -> Slices:
    """All slices of a cache, or of one of its shards, in memory.

    Raises:
        InputError: There are none.
    """
    paths = [folder] if folder.is_file() else shards_in(folder)
    slices = joined(paths, Slices) if paths else None
    if slices is None or not len(slices):
        raise InputError(f"There are no slices in {folder}.", "Choose data with labels that the model knows.")
    return slices


def patient_slices(seed: int, count: int, population: Population = USUAL, view: FieldOfView = USUAL_VIEW) -> Slices:
    """Slices of one patient as a model sees them, each with `REALISATIONS` noise realisations at random doses.

    The slices lie evenly from below to above the liver, from a random first one; the patient is shifted and turned a
    little within the field of view.
    """
    random = stream(seed, "training slices")
    patient = patient_of(population, seed, "abdomen")
    phantom = render(patient, _grid(patient, count, random, view), pet=False, mr=False)
    ct_hu = phantom.ct.array.clip(-1024, 2000).astype(np.int16)
    doses, noise = noisy(ct_hu, seed, random, view.pixel_mm)
    return Slices(ct_hu, phantom.labels.array, noise, doses, np.full(count, seed, np.int64), np.zeros(count, np.bool_))


def _grid(patient: Patient, count: int, random: np.random.Generator, view: FieldOfView) -> Grid:
    """`count` slices about the liver, turned by some degrees in plane and shifted by some millimetres."""
    low, high = organ_range_mm(patient, "liver")
    step = (high - low + BELOW_MM + ABOVE_MM) / count
    first = low - BELOW_MM + step * float(random.uniform(0, 1))
    size, pixel_mm = view.pixels, view.pixel_mm
    flat = axial_grid(patient, [first], size, pixel_mm)
    angle = np.deg2rad(random.normal(0, 3))
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])
    middle = np.array([(size - 1) / 2 * pixel_mm, (size - 1) / 2 * pixel_mm, 0.0])
    origin = np.asarray(flat.origin_mm) + middle + np.array([*random.normal(0, 8, 2), 0.0]) - turn @ middle
    direction = tuple((float(a), float(b), float(c)) for a, b, c in turn)
    spacing = (pixel_mm, pixel_mm, float(step))
    return Grid((count, size, size), spacing, (float(origin[0]), float(origin[1]), float(origin[2])), direction)


def noisy(
    ct_hu: NDArray[np.int16], seed: int, random: np.random.Generator, pixel_mm: float
) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    """Random doses (N, R) of slices (N, n, n), and the noise (N, R, n, n) in HU that they bring."""
    doses = np.stack([_random_doses(random) for _ in ct_hu])
    noise = np.stack([_noise(image, doses[i], derived(seed, "noise", i), pixel_mm) for i, image in enumerate(ct_hu)])
    return doses, noise


def _random_doses(random: np.random.Generator) -> NDArray[np.float32]:
    """Half the paper's six doses, half log-uniform between 5 and 100 %."""
    drawn = [
        float(random.choice(PAPER_DOSES)) if random.random() < 0.5 else float(np.exp(random.uniform(np.log(0.05), 0.0)))
        for _ in range(REALISATIONS)
    ]
    return np.asarray(drawn, np.float32)


@torch.no_grad()
def _noise(ct_hu: NDArray[np.int16], doses: NDArray[np.float32], seed: int, pixel_mm: float) -> NDArray[np.float16]:
    """(R, n, n) noise of one slice at each dose."""
    image = torch.from_numpy(ct_hu.astype(np.float32))[None, None]  # (1, 1, H, W), shared by all doses
    generator = torch.Generator().manual_seed(seed)
    low = simulate_low_dose(image, torch.from_numpy(doses), ParallelGeometry(ct_hu.shape[-1], pixel_mm), generator)
    return low.noise_hu[:, 0].clamp(-2000, 2000).numpy().astype(np.float16)
