"""A patient on a grid: CT, labels, PET and MR."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, LabelTable, standard_table
from ctstudio.core.volume import Volume
from ctstudio.phantom.abdomen import (
    Room,
    paint_adrenals,
    paint_bladder,
    paint_gallbladder,
    paint_liver,
    paint_pancreas,
    paint_spleen,
)  # fmt: skip
from ctstudio.phantom.body import paint_trunk
from ctstudio.phantom.bowel import paint_colon, paint_duodenum, paint_esophagus, paint_small_bowel, paint_stomach
from ctstudio.phantom.brain import paint_brain
from ctstudio.phantom.canvas import Canvas
from ctstudio.phantom.head import paint_head
from ctstudio.phantom.heart import neck_soft_tissue, paint_great_vessels, paint_heart
from ctstudio.phantom.kidneys import paint_kidneys
from ctstudio.phantom.lesions import paint_effusion, paint_emphysema, paint_spots
from ctstudio.phantom.limbs import paint_limbs
from ctstudio.phantom.lungs import paint_airway, paint_airway_tree, paint_lungs
from ctstudio.phantom.modalities import blurred, t1_signal, uptake
from ctstudio.phantom.patient import Patient, body_of
from ctstudio.phantom.ribs import paint_ribs
from ctstudio.phantom.skeleton import paint_spine
from ctstudio.phantom.texture import waves
from ctstudio.phantom.tissue import texture_of
from ctstudio.phantom.torso import torso_of
from ctstudio.phantom.vessels import paint_abdominal_vessels, paint_aorta, paint_liver_vessels

LATE_SPOTS = ("bulla", "lung_nodule", "liver_lesion", "kidney_lesion", "lymph_node", "fdg_avid_tumor")
SLAB_VOXELS = 1_200_000
"""Voxels rendered at once: bounds the memory of large grids."""


@dataclass(frozen=True)
class Phantom:
    """A rendered patient.

    Attributes:
        ct: int16 HU.
        labels: uint8 in the standard table.
        pet: float32 SUV, or None.
        mr: float32 T1-weighted signal, arbitrary units, or None.
        lobes: (z, y, x) uint8, the lobe (value in the standard table) each voxel lay in before vessels, bronchi,
            findings and neighbours were painted; 0 elsewhere.
    """

    ct: Volume
    labels: LabelMap
    pet: Volume | None
    mr: Volume | None
    lobes: NDArray[np.uint8] | None = None


def render(patient: Patient, grid: Grid, pet: bool = True, mr: bool = True) -> Phantom:
    """Evaluate a patient's shapes at the voxels of any grid; slabs bound the memory."""
    table = standard_table()
    values = {label.name: label.value for label in table}
    hu, labels = np.empty(grid.shape, np.int16), np.empty(grid.shape, np.uint8)
    lobes = np.empty(grid.shape, np.uint8)
    suv = np.empty(grid.shape, np.float32) if pet else None
    signal = np.empty(grid.shape, np.float32) if mr else None
    count = max(1, SLAB_VOXELS // (grid.shape[1] * grid.shape[2]))
    for first in range(0, grid.shape[0], count):
        part = slice(first, min(first + count, grid.shape[0]))
        canvas = Canvas(grid.slab(first, part.stop - first), body_of(patient), values)
        _paint(canvas, patient)
        if suv is not None:
            suv[part] = uptake(canvas, patient, table)
        if signal is not None:
            signal[part] = t1_signal(canvas, patient, table)
        _add_texture(canvas, patient, table)
        hu[part] = np.clip(np.rint(canvas.hu), -1024, 3071).astype(np.int16)
        labels[part], lobes[part] = canvas.label, canvas.lobes
    name = f"phantom {patient.region} {patient.seed}"
    return Phantom(
        Volume(hu, grid, "CT", "HU", synthetic=True, name=name),
        LabelMap(labels, grid, table, synthetic=True, name=name),
        None if suv is None else Volume(blurred(suv, grid.spacing_mm), grid, "PT", "SUV", synthetic=True, name=name),
        None if signal is None else Volume(signal, grid, "MR", "arbitrary", synthetic=True, name=name),
        lobes,
    )


def _paint(canvas: Canvas, patient: Patient) -> None:
    if patient.region == "head":
        paint_brain(canvas, patient, paint_head(canvas, patient))
        paint_spots(canvas, patient, ("fdg_avid_tumor",))
    else:
        _paint_torso(canvas, patient)


def _paint_torso(canvas: Canvas, patient: Patient) -> None:
    torso = torso_of(patient)
    cavity = paint_trunk(canvas, torso)
    room = Room(torso, cavity, canvas.z - torso.dome(canvas.x, canvas.y))
    paint_small_bowel(canvas, room)
    paint_colon(canvas, room)
    chest = paint_lungs(canvas, room)
    paint_spots(canvas, patient, ("consolidation",))
    if chest is not None:
        paint_airway_tree(canvas, room)
        paint_emphysema(canvas, room, chest)
    paint_spine(canvas, torso)
    paint_ribs(canvas, torso)
    paint_limbs(canvas, torso, cavity)
    paint_adrenals(canvas, room)
    paint_duodenum(canvas, room)
    paint_pancreas(canvas, room)
    paint_stomach(canvas, room)
    paint_esophagus(canvas, room)
    paint_spleen(canvas, room)
    paint_liver(canvas, room)
    paint_gallbladder(canvas, room)
    paint_kidneys(canvas, room)
    paint_abdominal_vessels(canvas, room)
    paint_liver_vessels(canvas, room)
    paint_bladder(canvas, room)
    paint_heart(canvas, room)
    paint_aorta(canvas, room)
    paint_great_vessels(canvas, room)
    neck_soft_tissue(canvas, room)
    paint_airway(canvas, room)
    paint_spots(canvas, patient, LATE_SPOTS)
    if chest is not None:
        paint_effusion(canvas, room, chest)


def _add_texture(canvas: Canvas, patient: Patient, table: LabelTable) -> None:
    """Three octaves of texture, each tissue with its own strength."""
    strength = np.zeros(256, np.float32)
    for label in table:
        strength[label.value] = texture_of(label.name)
    field: NDArray[np.float32] = np.zeros(canvas.grid.shape, np.float32)
    for wavelength, share, count in ((5.0, 0.72, 96), (11.0, 0.56, 64), (34.0, 0.42, 32)):
        octave = waves(patient.seed, "texture", int(wavelength), wavelength_mm=wavelength, sd=share, count=count)
        field += canvas.field(octave, canvas.everything)
    canvas.hu += field * strength[canvas.label]
