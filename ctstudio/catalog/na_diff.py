"""The card of NA-Diff: CT slices from a mask, at a dose."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ctstudio.catalog.card import Card, InputSpec, OutputSpec
from ctstudio.catalog.usual_fields import count_field, seed_field


class GenerateParameters(BaseModel):
    """What may be set when NA-Diff makes a CT."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dose: float = Field(
        default=0.25,
        ge=0.05,
        le=1.0,
        allow_inf_nan=False,
        title="Dose",
        description="The dose of the scan as a fraction of the full dose. Less dose, more noise.",
        json_schema_extra={"unit": "fraction", "widget": "dose", "source": "NA-Diff: dose levels 5 % to 100 %"},
    )
    seed: int = seed_field("image")
    count: int = count_field()
    steps: int = Field(
        default=20,
        ge=4,
        le=1000,
        title="Steps",
        description="Sampling steps. More steps take longer and follow the model more exactly.",
        json_schema_extra={"source": "ours: 20 suit dpm++; the paper samples with DDPM"},
    )
    sampler: Literal["ddpm", "ddim", "dpm++", "unipc", "lcm"] = Field(
        default="dpm++",
        title="Sampler",
        description="How the noise is taken away. ddpm is the paper's and wants 250 steps or more; ddim makes CT noise "
        "too quiet below 50 steps. lcm is for distilled models, which always use it, with their own few steps.",
        json_schema_extra={"source": "ours"},
    )
    guidance: float = Field(
        default=2.5,
        ge=1.0,
        le=5.0,
        allow_inf_nan=False,
        title="Guidance",
        description="1 is the model as trained. More follows the mask harder, makes the noise a little quieter, "
        "costs up to twice the time, and may look unnatural. It acts on the early steps, where the anatomy is decided.",
        json_schema_extra={"source": "ours: the paper uses none"},
    )
    complete: bool = Field(
        default=True,
        title="Complete the anatomy",
        description="Draw the organs that the mask leaves open before the CT is made, and give them as labels. Off, "
        "the image is made from the mask alone, and what lies beside it is vague.",
        json_schema_extra={"source": "ours, after MAISI: labels first, then the image"},
    )


CARD = Card(
    system="na_diff",
    task="generate",
    title="CT from a mask at a dose",
    summary="Paint or import a mask, choose a dose, and get the CT slices that such a patient would give.",
    citation="Noise and Anatomy-Guided Diffusion Model for Realistic CT Image Synthesis (NA-Diff). "
    "Anonymous authors, under double-blind review.",
    inputs=(
        InputSpec("mask", "mask", "Mask", True, "The labels to follow. Every slice that holds a label is generated."),
        InputSpec("like", "scan", "Like this scan", False, "Take the field of view and the body outline from a scan."),
    ),
    parameters=GenerateParameters,
    outputs=(
        OutputSpec("ct", "scan", "Generated CT"),
        OutputSpec("noise_map", "noise_map", "Noise map"),
        OutputSpec("mask", "mask", "Mask used"),
        OutputSpec("labels", "mask", "Completed anatomy"),
    ),
)
