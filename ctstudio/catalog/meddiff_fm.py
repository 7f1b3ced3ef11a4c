"""The cards of MedDiff-FM: one 3D model that synthesizes, denoises, finds anomalies, and puts lesions in or out."""

from __future__ import annotations

from ctstudio.catalog.card import Card, InputSpec, OutputSpec
from ctstudio.catalog.meddiff_parameters import (
    AddLesionParameters,
    DenoiseParameters,
    DetectParameters,
    InpaintLesionParameters,
    RemoveLesionParameters,
    SynthesizeParameters,
)

SYSTEM = "meddiff_fm"

_CITATION = (
    "Yu et al. 2024, MedDiff-FM: A Diffusion-based Foundation Model for Versatile Medical Image Applications, "
    "arXiv 2410.15432."
)
_ANATOMY = "TotalSegmentator's labels, a phantom's, or others whose meaning is told. A body outline is made if missing."
_GIVEN = InputSpec("anatomy", "mask", "Anatomy", True, _ANATOMY)
_HELPS = InputSpec("anatomy", "mask", "Anatomy", False, f"Helps, but may be left out. {_ANATOMY}")
_SCAN = InputSpec("scan", "scan", "Scan", True, "A CT in HU.")
_CT = OutputSpec("ct", "scan", "Generated CT")
_ANATOMY_USED = OutputSpec("labels", "mask", "Anatomy used")

SYNTHESIZE = Card(
    system=SYSTEM,
    task="synthesize",
    title="CT from anatomy",
    summary="Give the organs of a patient or a phantom, and get a CT that has them, of any size.",
    citation=_CITATION,
    inputs=(_GIVEN,),
    parameters=SynthesizeParameters,
    outputs=(_CT, _ANATOMY_USED),
)

DENOISE = Card(
    system=SYSTEM,
    task="denoise",
    title="Denoise a CT",
    summary="Take the noise out of a scan, as much as is measured in it.",
    citation=_CITATION,
    inputs=(_SCAN, _HELPS),
    parameters=DenoiseParameters,
    outputs=(OutputSpec("ct", "scan", "Denoised CT"),),
)

DETECT = Card(
    system=SYSTEM,
    task="detect",
    title="Anomalies in an organ",
    summary="Compare an organ with what the model would expect there, and list what differs.",
    citation=_CITATION,
    inputs=(_SCAN, _GIVEN),
    parameters=DetectParameters,
    outputs=(
        OutputSpec("anomaly", "anomaly", "Difference from expected"),
        OutputSpec("labels", "mask", "Findings"),
    ),
)

ADD_LESION = Card(
    system=SYSTEM,
    task="add-lesion",
    title="CT with a lesion",
    summary="Give organs and a lesion mask, and get a CT that has both.",
    citation=_CITATION,
    inputs=(_GIVEN, InputSpec("lesion", "mask", "Lesion", True, "Where the lesion shall be.")),
    parameters=AddLesionParameters,
    outputs=(_CT, _ANATOMY_USED),
)

INPAINT_LESION = Card(
    system=SYSTEM,
    task="inpaint-lesion",
    title="Put a lesion into a scan",
    summary="Paint a mask, and a lesion is drawn there; beyond its margin no voxel changes.",
    citation=_CITATION,
    inputs=(_SCAN, InputSpec("lesion", "mask", "Lesion", True, "Where the lesion shall be."), _HELPS),
    parameters=InpaintLesionParameters,
    outputs=(OutputSpec("ct", "scan", "CT with the lesion"), OutputSpec("labels", "mask", "Lesion")),
)

REMOVE_LESION = Card(
    system=SYSTEM,
    task="remove-lesion",
    title="Take a lesion out of a scan",
    summary="Mark a lesion, and healthy tissue is drawn in its place; beyond its margin no voxel changes.",
    citation=_CITATION,
    inputs=(_SCAN, InputSpec("lesion", "mask", "Lesion", True, "What shall be taken out."), _HELPS),
    parameters=RemoveLesionParameters,
    outputs=(OutputSpec("ct", "scan", "CT without the lesion"), OutputSpec("labels", "mask", "What was drawn anew")),
)

CARDS = (SYNTHESIZE, DENOISE, DETECT, ADD_LESION, INPAINT_LESION, REMOVE_LESION)
"""In the order a menu shows them."""
