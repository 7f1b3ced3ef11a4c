"""Axial phantom slices with simulated photon noise, made once and cached on disk.

A cache is a folder of shards, one a patient, so that making it can stop at any moment and go on later.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ctstudio.core.grid import Grid
from ctstudio.core.seeds import derived, stream
from ctstudio.phantom.grids import axial_grid, organ_range_mm
from ctstudio.phantom.patient import make_patient
from ctstudio.phantom.render import render
from ctstudio.physics.dose import simulate_low_dose
from ctstudio.physics.geometry import ParallelGeometry

SIZE = 256
PIXEL_MM = 1.5
PAPER_DOSES = (0.05, 0.10, 0.25, 0.50, 0.75, 1.0)
REALISATIONS = 2
BELOW_MM, ABOVE_MM = 70.0, 35.0
"""How far below and above the liver slices are taken."""


@dataclass(frozen=True)
class PhantomSlices:
    """Slices of many patients.

    Attributes:
        ct_hu: (N, 256, 256) int16, without photon noise.
        labels: (N, 256, 256) uint8, values of the standard table.
        noise_hu: (N, R, 256, 256) float16, realisations of photon noise.
        dose: (N, R) float32 fractions of full dose, one for each realisation.
        seed: (N,) the patient's seed.
    """

    ct_hu: NDArray[np.int16]
    labels: NDArray[np.uint8]
    noise_hu: NDArray[np.float16]
    dose: NDArray[np.float32]
    seed: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.seed)


def make_cache(
    folder: Path, seeds: range, slices_each: int, progress: Callable[[int, int], None] = lambda done, total: None
) -> None:
    """Make the shards that are missing.

    Args:
        folder: Where the shards are kept.
        seeds: Patients.
        slices_each: Slices of each patient.
        progress: Called with patients done and patients in all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for done, seed in enumerate(seeds, start=1):
        path = folder / f"patient_{seed:06d}.npz"
        if not path.exists():
            shard = patient_slices(seed, slices_each)
            partial = path.with_suffix(".partial.npz")
            np.savez(partial, **vars(shard))
            os.replace(partial, path)
        progress(done, len(seeds))


def load_cache(folder: Path, seeds: range | None = None) -> PhantomSlices:
    """All slices of a cache, or those of some patients, in memory."""
    paths = sorted(p for p in folder.glob("patient_*.npz") if ".partial" not in p.name)
    if seeds is not None:
        paths = [p for p in paths if int(p.stem.split("_")[1]) in seeds]
    shards = [dict(np.load(p)) for p in paths]
    return PhantomSlices(**{key: np.concatenate([s[key] for s in shards]) for key in shards[0]})


def patient_slices(seed: int, count: int) -> PhantomSlices:
    """Slices of one patient, each with `REALISATIONS` noise realisations at random doses.

    The slices lie evenly from below to above the liver, from a random first one; the patient is shifted and turned a
    little within the field of view.
    """
    random = stream(seed, "training slices")
    phantom = render(make_patient(seed, "abdomen"), _grid(seed, count, random), pet=False, mr=False)
    ct_hu = phantom.ct.array.clip(-1024, 2000).astype(np.int16)
    doses = np.stack([_random_doses(random) for _ in range(count)])
    noise = np.stack([_noise(ct_hu[i], doses[i], derived(seed, "noise", i)) for i in range(count)])
    return PhantomSlices(ct_hu, phantom.labels.array, noise, doses, np.full(count, seed, np.int64))


def _grid(seed: int, count: int, random: np.random.Generator) -> Grid:
    """`count` slices about the liver, turned by some degrees in plane and shifted by some millimetres."""
    patient = make_patient(seed, "abdomen")
    low, high = organ_range_mm(patient, "liver")
    step = (high - low + BELOW_MM + ABOVE_MM) / count
    first = low - BELOW_MM + step * float(random.uniform(0, 1))
    flat = axial_grid(patient, [first], SIZE, PIXEL_MM)
    angle = np.deg2rad(random.normal(0, 3))
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])
    middle = np.array([(SIZE - 1) / 2 * PIXEL_MM, (SIZE - 1) / 2 * PIXEL_MM, 0.0])
    origin = np.asarray(flat.origin_mm) + middle + np.array([*random.normal(0, 8, 2), 0.0]) - turn @ middle
    direction = tuple((float(a), float(b), float(c)) for a, b, c in turn)
    spacing = (PIXEL_MM, PIXEL_MM, float(step))
    return Grid((count, SIZE, SIZE), spacing, (float(origin[0]), float(origin[1]), float(origin[2])), direction)


def _random_doses(random: np.random.Generator) -> NDArray[np.float32]:
    """Half the paper's six doses, half log-uniform between 5 and 100 %."""
    drawn = [
        float(random.choice(PAPER_DOSES)) if random.random() < 0.5 else float(np.exp(random.uniform(np.log(0.05), 0.0)))
        for _ in range(REALISATIONS)
    ]
    return np.asarray(drawn, np.float32)


@torch.no_grad()
def _noise(ct_hu: NDArray[np.int16], doses: NDArray[np.float32], seed: int) -> NDArray[np.float16]:
    """(R, 256, 256) noise of one slice at each dose."""
    image = torch.from_numpy(ct_hu.astype(np.float32))[None, None]  # (1, 1, H, W), shared by all doses
    generator = torch.Generator().manual_seed(seed)
    low = simulate_low_dose(image, torch.from_numpy(doses), ParallelGeometry(SIZE, PIXEL_MM), generator)
    return low.noise_hu[:, 0].clamp(-2000, 2000).numpy().astype(np.float16)
