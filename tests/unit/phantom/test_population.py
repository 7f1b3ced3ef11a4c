"""Patients of a chosen population are what was asked, and else who they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ctstudio.core.labels import values_of
from ctstudio.phantom.grids import axial_grid, organ_range_mm
from ctstudio.phantom.patient import make_patient
from ctstudio.phantom.population import USUAL, Population, patient_of
from ctstudio.phantom.render import render


def test_the_usual_population_is_everybody() -> None:
    assert patient_of(USUAL, 7, "abdomen") == make_patient(7, "abdomen")


def test_fat_is_drawn_evenly_between_the_two() -> None:
    fat = [patient_of(Population(fat_mm=(30.0, 46.0)), seed, "abdomen").habitus.fat_mm for seed in range(200)]
    assert min(fat) >= 30.0
    assert max(fat) <= 46.0
    assert np.mean(fat) == pytest.approx(38.0, abs=1.0)
    assert np.std(fat) == pytest.approx(16 / np.sqrt(12), rel=0.1)


def test_the_contrast_phase_is_one_for_all() -> None:
    phases = {patient_of(Population(contrast_phase="delayed"), seed, "abdomen").contrast_phase for seed in range(20)}
    assert phases == {"delayed"}
    assert len({make_patient(seed, "abdomen").contrast_phase for seed in range(20)}) > 1


def test_all_else_of_a_patient_stays() -> None:
    usual = make_patient(7, "abdomen")
    shifted = patient_of(Population((30.0, 46.0), "arterial"), 7, "abdomen")
    assert patient_of(Population((30.0, 46.0), "arterial"), 7, "abdomen") == shifted
    back = replace(shifted.habitus, fat_mm=usual.habitus.fat_mm)
    assert replace(shifted, habitus=back, contrast_phase=usual.contrast_phase) == usual


def test_a_phase_shows_in_the_scan() -> None:
    aorta = values_of(["aorta"])[0]
    means = {}
    for phase in ("none", "arterial"):
        patient = patient_of(Population(contrast_phase=phase), 5, "abdomen")  # type: ignore[arg-type]
        low, high = organ_range_mm(patient, "liver")
        made = render(patient, axial_grid(patient, [(low + high) / 2], 96, 4.0), pet=False, mr=False)
        means[phase] = made.ct.array[made.labels.array == aorta].mean()
    assert means["arterial"] > means["none"] + 100
