"""What may be set in the tasks of MedDiff-FM."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ctstudio.catalog.usual_fields import count_field, seed_field

Region = Literal["auto", "head", "chest", "abdomen"]
LesionKind = Literal["auto", "liver_lesion", "lung_nodule", "kidney_lesion", "lymph_node", "lesion"]
_OURS = "ours"
_PAPER = "MedDiff-FM"


def _region() -> Any:
    return Field(
        default="auto",
        title="Region",
        description="The part of the body. It decides which range of HU the model sees. auto takes it from the "
        "anatomy, or else from the scan.",
        json_schema_extra={"source": f"{_PAPER}, section IV-A: three regions, a window each"},
    )


def _labels_mean() -> Any:
    return Field(
        default="",
        max_length=20_000,
        title="Labels mean",
        description="For labels that are not TotalSegmentator's: what each value stands for, such as "
        "'1=liver, 2=spleen, 3=body'. Names are TotalSegmentator's, or a label's value; 0 leaves a label out.",
        json_schema_extra={"widget": "label mapping", "source": _OURS},
    )


def _steps(default: int, description: str, source: str) -> Any:
    return Field(
        default=default, ge=2, le=996, title="Steps", description=description, json_schema_extra={"source": source}
    )


def _kind() -> Any:
    return Field(
        default="auto",
        title="Kind of lesion",
        description="Which lesion the mask marks. auto takes it from the mask's labels, or else from where it lies.",
        json_schema_extra={"source": f"{_PAPER}, section III-E: a control network for each kind"},
    )


class Windowed(BaseModel):
    """What every task has, because each covers its volume with overlapping windows."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    region: Region = _region()
    labels_mean: str = _labels_mean()
    seed: int = seed_field("volume")
    overlap: float = Field(
        default=0.25,
        ge=0.0,
        le=0.9,
        allow_inf_nan=False,
        title="Overlap of windows",
        description="Part of a window that its neighbour covers too. More is smoother and takes longer.",
        json_schema_extra={"unit": "fraction", "source": f"{_OURS}: the paper does not say"},
    )
    weights: Literal["gaussian", "uniform"] = Field(
        default="gaussian",
        title="Weights of windows",
        description="How overlapping windows are averaged: gaussian trusts their middles more.",
        json_schema_extra={"source": f"{_PAPER}, section III-D: averaged alike; gaussian: ours"},
    )
    skip_air: bool = Field(
        default=True,
        title="Skip air",
        description="Leave out windows that lie in the air around the patient. Quicker; they become plain air.",
        json_schema_extra={"source": _OURS},
    )


class SynthesizeParameters(Windowed):
    """What may be set when a CT is made from anatomy, with or without a lesion."""

    count: int = count_field()
    steps: int = _steps(20, "Sampling steps. More take longer.", "ours: 20 suit dpm++; the paper takes 50 of ddim")
    sampler: Literal["dpm++", "ddim", "unipc", "ddpm"] = Field(
        default="dpm++",
        title="Sampler",
        description="How the noise is taken away. dpm++ needs the fewest steps; ddpm wants 250 or more.",
        json_schema_extra={"source": _OURS},
    )


class AddLesionParameters(SynthesizeParameters):
    """What may be set when a CT with a lesion is made from anatomy."""

    kind: LesionKind = _kind()


class DenoiseParameters(Windowed):
    """What may be set when noise is taken from a scan."""

    mode: Literal["diffpir", "direct"] = Field(
        default="diffpir",
        title="Mode",
        description="diffpir stays close to the scan at every step; direct starts from the scan and denoises freely.",
        json_schema_extra={"source": "DiffPIR (Zhu et al. 2023)"},
    )
    sigma_hu: float = Field(
        default=0.0,
        ge=0.0,
        le=500.0,
        allow_inf_nan=False,
        title="Noise in the scan",
        description="Standard deviation of the scan's noise. 0 measures it in the scan.",
        json_schema_extra={"unit": "HU", "source": "ours: measured, not guessed"},
    )
    strength: float = Field(
        default=1.0,
        ge=0.1,
        le=3.0,
        allow_inf_nan=False,
        title="Strength",
        description="Times the noise that is taken to be in the scan. More is smoother.",
        json_schema_extra={"source": _OURS},
    )
    detail: Literal["scan", "model"] = Field(
        default="scan",
        title="Detail",
        description="scan keeps every voxel: where the scan is finer than the model, each of its coarser lattices is "
        "denoised by itself. model is quicker, and gives what the model's own voxels can show.",
        json_schema_extra={"source": _OURS},
    )
    steps: int = Field(
        default=10,
        ge=1,
        le=200,
        title="Steps",
        description="Steps from the noise of the scan down to none. One step of direct is smoothest.",
        json_schema_extra={"source": "ours; the paper takes 50"},
    )


class DetectParameters(Windowed):
    """What may be set when anomalies of an organ are looked for."""

    organ: str = Field(
        default="liver",
        min_length=1,
        max_length=200,
        title="Organ",
        description="Where anomalies are looked for: a label of the anatomy, for example liver; lung or kidney for "
        "all their parts; or several with commas.",
        json_schema_extra={"widget": "organ", "source": f"{_PAPER}, section IV-D: liver and lung"},
    )
    timestep: int = Field(
        default=0,
        ge=0,
        le=990,
        title="Noise level",
        description="How far the organ is noised before the model draws it anew: a step of 1000. 0 takes 950 for the "
        "lung and 900 for other organs.",
        json_schema_extra={"source": f"{_PAPER}, section IV-D"},
    )
    draws: int = Field(
        default=4,
        ge=1,
        le=64,
        title="Draws",
        description="How often it is drawn anew; the mean difference counts. More is steadier.",
        json_schema_extra={"source": f"{_OURS}; the paper draws once"},
    )
    threshold_hu: float = Field(
        default=0.0,
        ge=0.0,
        le=2000.0,
        allow_inf_nan=False,
        title="Threshold",
        description="Difference from which on a voxel is an anomaly. 0 finds it: three robust standard deviations of "
        "the organ's differences.",
        json_schema_extra={"unit": "HU", "source": f"{_OURS}; the paper reports no threshold"},
    )
    sign: Literal["both", "brighter", "darker"] = Field(
        default="both",
        title="Sign",
        description="Whether anomalies are brighter or darker than the model expects the tissue to be.",
        json_schema_extra={"source": _OURS},
    )
    smallest_ml: float = Field(
        default=0.05,
        ge=0.0,
        le=1000.0,
        allow_inf_nan=False,
        title="Smallest finding",
        description="Smaller ones are left out.",
        json_schema_extra={"unit": "mL", "source": _OURS},
    )


class RemoveLesionParameters(Windowed):
    """What may be set when a lesion is taken out of a scan."""

    count: int = count_field()
    steps: int = _steps(50, "Sampling steps, before those that are gone again.", "RePaint; ours for volumes")
    jump: int = Field(
        default=5,
        ge=1,
        le=100,
        title="Jump",
        description="Steps that are gone back at a time, so that what is drawn agrees with the scan around it.",
        json_schema_extra={"source": "RePaint (Lugmayr et al. 2022): 10 of 250"},
    )
    resamples: int = Field(
        default=3,
        ge=1,
        le=20,
        title="Resampling",
        description="How often each stretch is gone. 1 is quickest; 3 takes nearly three times as long.",
        json_schema_extra={"source": "RePaint (Lugmayr et al. 2022): 10"},
    )
    margin_mm: float = Field(
        default=0.0,
        ge=0.0,
        le=50.0,
        allow_inf_nan=False,
        title="Margin",
        description="How far around the mask the scan is drawn anew. 0 takes two voxels of the model.",
        json_schema_extra={"unit": "mm", "source": "ours: against a visible seam"},
    )


class InpaintLesionParameters(RemoveLesionParameters):
    """What may be set when a lesion is put into a scan."""

    kind: LesionKind = _kind()
