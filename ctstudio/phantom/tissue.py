"""What tissues look like: HU by contrast phase, SUV, T1 signal, and how coarse their texture is.

Source: ours, from the ranges that radiology textbooks give for 120 kV and an FDG scan at one hour.
"""

from __future__ import annotations

from typing import Literal

Phase = Literal["none", "arterial", "portal", "delayed"]
PHASES: tuple[Phase, ...] = ("none", "arterial", "portal", "delayed")

HU: dict[str, tuple[float, float, float, float]] = {
    "liver": (57, 67, 110, 90),
    "spleen": (48, 112, 120, 95),
    "kidney_cortex": (32, 165, 182, 152),
    "kidney_medulla": (31, 60, 165, 158),
    "urine": (5, 6, 30, 400),
    "pancreas": (42, 100, 88, 70),
    "artery": (42, 300, 160, 120),
    "vein": (41, 75, 150, 118),
    "portal": (41, 95, 172, 120),
    "lung_artery": (42, 240, 155, 118),
    "left_heart": (42, 290, 160, 120),
    "right_heart": (42, 230, 158, 120),
    "myocardium": (48, 105, 110, 95),
    "wall": (42, 72, 88, 72),
    "muscle": (54, 58, 63, 61),
    "adrenal": (28, 65, 70, 55),
    "thyroid": (105, 170, 160, 140),
    "node": (38, 58, 80, 70),
    "tumour": (40, 72, 84, 76),
    "lesion": (36, 46, 58, 62),
    "brain": (34, 37, 38, 38),
}
"""HU of tissues that take up contrast, by phase (none, arterial, portal, delayed)."""

TEXTURE_HU: dict[str, float] = {
    "body": 7, "subcutaneous_fat": 6, "torso_fat": 7, "skeletal_muscle": 8, "skin": 6, "liver": 5, "spleen": 4,
    "pancreas": 7, "heart": 6, "aorta": 4, "stomach": 7, "colon": 8, "small_bowel": 8, "urinary_bladder": 2.5,
    "gallbladder": 2.5, "brain": 2.0, "brain_ventricle": 1.2, "skull": 45, "sacrum": 38, "sternum": 38,
    "costal_cartilages": 14, "pleural_effusion": 3, "consolidation": 12, "lung_nodule": 8, "bulla": 4,
    "liver_lesion": 5, "kidney_lesion": 4, "lymph_node": 5, "fdg_avid_tumor": 9, "lung_vessels": 6, "trachea": 4,
    "bronchi": 8, "spinal_cord": 4, "kidney_right": 5, "kidney_left": 5, "lesion": 4,
}  # fmt: skip
"""Standard deviation of a tissue's own texture, HU, by label; others see `texture_of`."""

SUV: dict[str, float] = {
    "brain": 8.5, "brain_ventricle": 1.2, "liver": 2.2, "spleen": 1.8, "kidney_right": 4.5, "kidney_left": 4.5,
    "urinary_bladder": 24.0, "heart": 2.6, "aorta": 1.6, "pancreas": 1.4, "stomach": 1.7, "colon": 1.5,
    "small_bowel": 1.5, "duodenum": 1.6, "subcutaneous_fat": 0.3, "torso_fat": 0.35, "skeletal_muscle": 0.7,
    "skin": 0.6, "body": 0.8, "spinal_cord": 1.4, "trachea": 0.2, "esophagus": 1.4, "gallbladder": 0.6,
    "pleural_effusion": 0.9, "consolidation": 3.2, "bulla": 0.1, "lung_nodule": 2.4, "liver_lesion": 1.8,
    "kidney_lesion": 0.9, "lymph_node": 4.2, "fdg_avid_tumor": 9.0, "lung_vessels": 1.0, "bronchi": 0.5,
    "skull": 0.7, "costal_cartilages": 0.5, "thyroid_gland": 1.4, "lesion": 1.0,
}  # fmt: skip
"""FDG uptake by label, SUV; others see `suv_of`."""

T1: dict[str, float] = {
    "subcutaneous_fat": 950, "torso_fat": 900, "skin": 420, "skeletal_muscle": 400, "body": 420, "liver": 560,
    "spleen": 400, "kidney_right": 430, "kidney_left": 430, "pancreas": 560, "gallbladder": 200, "heart": 380,
    "aorta": 160, "inferior_vena_cava": 180, "stomach": 260, "colon": 230, "small_bowel": 340, "duodenum": 330,
    "urinary_bladder": 150, "spinal_cord": 420, "skull": 160, "brain": 600, "brain_ventricle": 130, "trachea": 15,
    "bronchi": 60, "lung_vessels": 150, "pleural_effusion": 190, "consolidation": 330, "bulla": 15,
    "lung_nodule": 380, "liver_lesion": 360, "kidney_lesion": 180, "lymph_node": 390, "fdg_avid_tumor": 410,
    "costal_cartilages": 330, "sternum": 600, "sacrum": 640, "lesion": 700,
}  # fmt: skip
"""T1-weighted signal by label, arbitrary units; others see `signal_of`."""

_KINDS: tuple[tuple[str, tuple[float, float, float]], ...] = (
    ("vertebrae", (40, 1.1, 600)),
    ("rib_", (34, 0.7, 420)),
    ("lung_", (26, 0.4, 40)),
    ("hip", (38, 0.8, 620)),
    ("femur", (38, 0.7, 640)),
    ("humerus", (38, 0.7, 640)),
    ("scapula", (34, 0.6, 450)),
    ("clavicula", (34, 0.6, 450)),
    ("autochthon", (8, 0.7, 410)),
    ("gluteus", (8, 0.7, 410)),
    ("iliopsoas", (8, 0.7, 410)),
    ("adrenal", (5, 1.5, 420)),
    ("kidney_cyst", (3, 0.6, 170)),
)
_VESSEL = (4.0, 1.6, 170.0)


def of_phase(name: str, phase: Phase) -> float:
    """HU of a tissue in a contrast phase."""
    return HU[name][PHASES.index(phase)]


def texture_of(label: str) -> float:
    """Standard deviation of the texture of a label, HU."""
    return TEXTURE_HU.get(label, _kind(label)[0])


def suv_of(label: str) -> float:
    """FDG uptake of a label, SUV."""
    return SUV.get(label, _kind(label)[1])


def signal_of(label: str) -> float:
    """T1-weighted signal of a label, arbitrary units."""
    return T1.get(label, _kind(label)[2])


def _kind(label: str) -> tuple[float, float, float]:
    return next((numbers for start, numbers in _KINDS if label.startswith(start)), _VESSEL)
