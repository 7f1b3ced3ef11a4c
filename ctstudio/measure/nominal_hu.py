"""The HU that a labelled tissue usually has, in a portal-venous scan."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.labels import LabelTable, standard_table

AIR_HU = -1000.0
SOFT_TISSUE_HU = 40.0

_BY_NAME: dict[str, float] = {
    "spleen": 110.0,
    "gallbladder": 10.0,
    "liver": 90.0,
    "stomach": 20.0,
    "pancreas": 90.0,
    "esophagus": 35.0,
    "trachea": -980.0,
    "bronchi": -950.0,
    "thyroid_gland": 100.0,
    "small_bowel": 35.0,
    "colon": 20.0,
    "urinary_bladder": 10.0,
    "heart": 120.0,
    "atrial_appendage_left": 140.0,
    "aorta": 150.0,
    "spinal_cord": 35.0,
    "brain": 35.0,
    "brain_ventricle": 8.0,
    "skull": 400.0,
    "bone": 400.0,
    "vein": 140.0,
    "bowel": 30.0,
    "sacrum": 400.0,
    "sternum": 400.0,
    "costal_cartilages": 120.0,
    "subcutaneous_fat": -105.0,
    "torso_fat": -105.0,
    "lung_vessels": 40.0,
    "lung_nodule": 30.0,
    "bulla": -970.0,
    "pleural_effusion": 10.0,
    "liver_lesion": 50.0,
    "kidney_lesion": 60.0,
}

_BY_BEGINNING: tuple[tuple[str, float], ...] = (
    ("kidney_cyst", 5.0),
    ("kidney", 130.0),
    ("adrenal_gland", 60.0),
    ("lung", -850.0),
    ("vertebrae", 400.0),
    ("rib_", 400.0),
    ("humerus", 400.0),
    ("scapula", 400.0),
    ("clavicula", 400.0),
    ("femur", 400.0),
    ("hip", 400.0),
    ("pulmonary_vein", 150.0),
    ("portal_vein", 150.0),
    ("brachiocephalic", 150.0),
    ("subclavian_artery", 150.0),
    ("common_carotid", 150.0),
    ("superior_vena_cava", 150.0),
    ("inferior_vena_cava", 140.0),
    ("iliac_", 140.0),
)


def nominal_hu(name: str) -> float:
    """Usual HU of a label; soft tissue (40 HU) for muscle, body and names it does not know.

    Source: ours, rounded from textbook ranges of contrast-enhanced CT.
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    return next((value for beginning, value in _BY_BEGINNING if name.startswith(beginning)), SOFT_TISSUE_HU)


def nominal_hu_table(table: LabelTable | None = None) -> NDArray[np.float32]:
    """Usual HU by label value, (256,) float32; value 0 is air, values not in the table are soft tissue."""
    values = np.full(256, SOFT_TISSUE_HU, np.float32)
    values[0] = AIR_HU
    for label in (table or standard_table()).labels:
        values[label.value] = nominal_hu(label.name)
    return values
