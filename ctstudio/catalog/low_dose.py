"""The card of the low-dose simulation: a scan as it would have been at a lower dose, by physics and without a model."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ctstudio.catalog.card import Card, InputSpec, OutputSpec
from ctstudio.catalog.usual_fields import MAX_SEED


class LowDoseParameters(BaseModel):
    """What may be set when a lower dose is simulated."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dose: float = Field(
        default=0.25,
        ge=0.001,
        le=1.0,
        allow_inf_nan=False,
        title="Dose",
        description="The wanted dose as a fraction of the scan's own dose. Less dose, more noise.",
        json_schema_extra={"unit": "fraction", "widget": "dose", "source": "ours"},
    )
    seed: int = Field(
        default=0,
        ge=0,
        le=MAX_SEED,
        title="Seed",
        description="The same seed and settings give the same noise again.",
        json_schema_extra={"widget": "seed", "source": "ours"},
    )
    regime: Literal["auto", "inserted", "clean"] = Field(
        default="auto",
        title="Scan's own noise",
        description="inserted: the scan holds the noise of its full dose and gets only what it lacks. clean: it holds "
        "none, as a phantom, and gets all. auto measures it.",
        json_schema_extra={"source": "ours; variance of Yu et al. 2012"},
    )
    kernel: Literal["auto", "hann", "ramp", "sharp"] = Field(
        default="auto",
        title="Kernel",
        description="Reconstruction kernel of the noise. auto makes its grain as fine as that of the scan's noise.",
        json_schema_extra={"source": "ours"},
    )
    electronic_noise: float = Field(
        default=0.0,
        ge=0.0,
        le=1000.0,
        allow_inf_nan=False,
        title="Electronic noise",
        description="SD of the detector's own noise, photons. It tells at low doses and in large bodies.",
        json_schema_extra={"source": "Zeng et al. 2015"},
    )
    bow_tie: bool = Field(
        default=False,
        title="Bow-tie filter",
        description="Fewer photons towards the edge of the beam, as behind a bow-tie filter.",
        json_schema_extra={"source": "ours"},
    )
    tube_current_modulation: bool = Field(
        default=False,
        title="Current modulation",
        description="More photons at angles and slices where the body attenuates more, at the same mean.",
        json_schema_extra={"source": "Gies et al. 1999"},
    )
    match_noise: bool = Field(
        default=True,
        title="Match scan's noise",
        description="Measure the scan's noise in even tissue and find the photons that give it. Otherwise the "
        "reference: 15 HU in a body of 330 x 240 mm.",
        json_schema_extra={"source": "ours"},
    )
    photons: float = Field(
        default=0.0,
        ge=0.0,
        le=1e12,
        allow_inf_nan=False,
        title="Photons",
        description="For each detector bin and angle at the scan's own dose; 0 finds them.",
        json_schema_extra={"source": "ours"},
    )


CARD = Card(
    system="ctstudio",
    task="dose",
    title="Low dose",
    summary="The scan as it would have been at a lower dose: photon noise put into its projections.",
    citation="Yu et al. 2012, Med. Phys. (noise insertion); Zeng et al. 2015, IEEE TNS (electronic noise).",
    inputs=(InputSpec("scan", "scan", "Scan", True, "A CT in HU."),),
    parameters=LowDoseParameters,
    outputs=(OutputSpec("ct", "scan", "CT"), OutputSpec("noise_map", "noise_map", "Noise map")),
)
"""Not among `cards.all_cards`: it has no model, and a command of its own."""
