"""Patients of a chosen population: the usual one, changed in build or contrast phase."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ctstudio.core.seeds import stream
from ctstudio.phantom.patient import Patient, Region, make_patient
from ctstudio.phantom.tissue import Phase


@dataclass(frozen=True)
class Population:
    """Who the patients are.

    Attributes:
        fat_mm: Mean thickness of the subcutaneous fat, drawn evenly between the two; None leaves each patient's own.
        contrast_phase: One phase for all; None leaves the usual mixture.
    """

    fat_mm: tuple[float, float] | None = None
    contrast_phase: Phase | None = None


USUAL = Population()


def patient_of(population: Population, seed: int, region: Region) -> Patient:
    """The patient of a seed, as one of this population."""
    patient = make_patient(seed, region)
    if population.fat_mm is not None:
        fat_mm = float(stream(seed, "population").uniform(*population.fat_mm))
        patient = replace(patient, habitus=replace(patient.habitus, fat_mm=round(fat_mm, 2)))
    if population.contrast_phase is not None:
        patient = replace(patient, contrast_phase=population.contrast_phase)
    return patient
