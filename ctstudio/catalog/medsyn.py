"""The cards of MedSyn: a chest CT from a report, from anatomy, or from both; and the structures of a chest CT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ctstudio.catalog.card import Card, InputSpec, OutputSpec
from ctstudio.catalog.usual_fields import count_field, seed_field

if TYPE_CHECKING:
    from ctstudio.catalog.model_card import ModelInfo

LONGEST_TEXT = 500_000
"""Characters; far beyond what a model reads, so that a whole book is cut and not refused."""
ANATOMY = ("lobes", "airway", "vessels")
"""Inputs that the anatomy is given by, in the order of the networks' channels."""
_OURS, _PAPER = "ours", "MedSyn, section IV"


def _text(title: str, description: str) -> Any:
    extra: dict[str, Any] = {"widget": "text area", "source": "MedSyn, figure 2: [CLS] findings [SEP] impression"}
    return Field(default="", max_length=LONGEST_TEXT, title=title, description=description, json_schema_extra=extra)


class _Parameters(BaseModel):
    """What may be set in either task."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    text: str = _text("Findings", "The report's findings in English, as a radiologist writes them.")
    impression: str = _text("Impression", "The report's impression; may be left out.")
    seed: int = seed_field("volume")
    count: int = count_field()
    steps: int = Field(
        default=20,
        ge=2,
        le=1000,
        title="Steps",
        description="Sampling steps of the coarse volume. The paper takes 50 of ddim.",
        json_schema_extra={"source": "ours: 20 suit dpm++"},
    )
    upscale_steps: int = Field(
        default=10,
        ge=0,
        le=1000,
        title="Refinement steps",
        description="Sampling steps of the fine volume, which take nearly all the time. The paper takes 20 of ddim. "
        "0 gives the coarse volume alone, at once and with little memory.",
        json_schema_extra={"source": "ours: 10 suit dpm++"},
    )
    sampler: Literal["dpm++", "ddim", "ddim-published"] = Field(
        default="dpm++",
        title="Sampler",
        description="How the noise is taken away. dpm++ needs the fewest steps; ddim is the paper's. ddim-published "
        "takes the times of the released code, which evaluates each network once more than its steps say.",
        json_schema_extra={"source": f"{_PAPER}; dpm++: ours"},
    )

    @field_validator("text", "impression")
    @classmethod
    def _bare(cls, text: str) -> str:
        return text.strip()


class GenerateParameters(_Parameters):
    """What may be set when MedSyn makes a chest CT."""

    guidance: float = Field(
        default=2.0,
        ge=1.0,
        le=10.0,
        allow_inf_nan=False,
        title="Guidance",
        description="1 is the model as trained. More follows the text harder, and may look unnatural. It acts on "
        "the coarse volume, which then takes nearly twice as long.",
        json_schema_extra={"source": "ours; the released code samples with 1, its previews with 2"},
    )


class SegmentParameters(_Parameters):
    """What may be set when MedSyn reads the structures of a chest CT; the text may tell what the scan shows."""


_CITATION = (
    "Xu et al. 2024, MedSyn: Text-guided Anatomy-aware Synthesis of High-Fidelity 3D CT Images, IEEE Transactions on "
    "Medical Imaging."
)
_LABELS = "Lobes, bronchi and lung vessels"

GENERATE = Card(
    system="medsyn",
    task="generate",
    title="Chest CT from a report",
    summary="Write a report, give lobes, airway or vessels, or both, and get a chest CT with its structures.",
    citation=_CITATION,
    inputs=(
        InputSpec("lobes", "mask", "Lobes", False, "Lung lobes that the chest shall have."),
        InputSpec("airway", "mask", "Airway", False, "Trachea and bronchi that the chest shall have."),
        InputSpec("vessels", "mask", "Vessels", False, "Vessels that the lungs shall have."),
    ),
    parameters=GenerateParameters,
    outputs=(OutputSpec("ct", "scan", "Generated CT"), OutputSpec("labels", "mask", _LABELS)),
    one_of=("text", "impression", *ANATOMY),
)

SEGMENT = Card(
    system="medsyn",
    task="segment",
    title="Structures of a chest CT",
    summary="Read lobes, airway and vessels of a chest CT, by generating them for it.",
    citation=_CITATION,
    inputs=(InputSpec("scan", "scan", "Chest CT", True, "A chest CT in HU."),),
    parameters=SegmentParameters,
    outputs=(OutputSpec("labels", "mask", _LABELS),),
)


def volume_voxels(info: ModelInfo) -> int:
    """Voxels of a volume that a model makes; 0 for a model of another system, whose images lie on the inputs' grids."""
    return int(info.config["upscaler"]["side"]) ** 3 if info.system == "medsyn" else 0
