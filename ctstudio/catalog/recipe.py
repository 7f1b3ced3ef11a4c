"""What a recipe holds: everything that decides a training run."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Part = Literal["vae", "clip", "segmenter"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PhantomData(_Strict):
    """Procedural patients, made and cached as they are needed.

    Attributes:
        patients: How many; seeds `first_seed` and up.
        slices_each: Axial slices of each.
        first_seed: Training seeds lie below 10 000.
        fat_mm: Mean thickness of the subcutaneous fat, drawn evenly between the two; None leaves the usual population.
        contrast_phase: One phase for all; None leaves the usual mixture.
    """

    source: Literal["phantom"] = "phantom"
    patients: Count
    slices_each: Count
    first_seed: Annotated[int, Field(ge=0)] = 0
    fat_mm: tuple[Positive, Positive] | None = None
    contrast_phase: Literal["none", "arterial", "portal", "delayed"] | None = None


class PreparedData(_Strict):
    """A data set that `ctstudio dataset build` made.

    Attributes:
        folder: Where it lies.
        slices_each: At most so many axial slices of each case, evenly spread over those that hold labels.
    """

    source: Literal["dataset"]
    folder: str
    slices_each: Count = 32


class TextureData(_Strict):
    """Pictures made by code, which stand in for photographs where there are none; seeds `first_seed` and up."""

    source: Literal["textures"] = "textures"
    images: Count
    first_seed: Annotated[int, Field(ge=0)] = 0


class ImageData(_Strict):
    """A folder of photographs, at most `images` of them, evenly spread over their names."""

    source: Literal["images"]
    folder: str
    images: Count = 4000


Data = Annotated[PhantomData | PreparedData, Field(discriminator="source")]


class StageSettings(_Strict):
    """How one network is optimised.

    Attributes:
        steps: Optimiser steps.
        batch: Samples a step, over all processes and all parts of an accumulated step.
        learning_rate: After `warm_up` linear steps; falls to a tenth along a cosine.
        ema_decay: Of the moving average of the weights, which is what is kept.
        clip_norm: Gradient norm that is never exceeded.
        weight_decay: Of AdamW.
        accumulate: Parts in which a batch is worked off, to save memory.
    """

    steps: Count
    batch: Count
    learning_rate: Positive
    warm_up: Annotated[int, Field(ge=0)] = 100
    ema_decay: Fraction = 0.998
    clip_norm: Positive = 1.0
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    accumulate: Count = 1


class VaeSettings(StageSettings):
    """The autoencoder; `crop` is the edge of its training crops in pixels."""

    crop: Count
    block_out_channels: tuple[int, ...]


class ClipSettings(StageSettings):
    """The image and text encoder."""

    context_length: Count
    width: Count
    layers: Count
    image_side: Count
    image_patch: Count


class SegmenterSettings(StageSettings):
    """The segmenter that measures generated slices; `features` as in MONAI's BasicUNet."""

    features: tuple[int, int, int, int, int, int]


class DenoiserSettings(StageSettings):
    """The denoiser.

    Attributes:
        drop: Part of the samples that lose a condition altogether, for classifier-free guidance.
        min_snr_gamma: Min-SNR weighting of the loss (Hang et al. 2023); None weighs all timesteps alike.
        offset_noise: SD of a constant added to each sample's noise (Guttenberg 2023).
        checkpoint_gradients: Forget what is between the blocks and compute it again: less memory, a third more time.
    """

    drop: Fraction = 0.1
    min_snr_gamma: Positive | None = None
    offset_noise: Annotated[float, Field(ge=0, le=1)] = 0.0
    checkpoint_gradients: bool = False


class NaturalSettings(StageSettings):
    """The first stage: the trunk learns on natural images with CT noise, told their noise maps.

    Attributes:
        data: The images.
        doses: Noise levels, fractions of the full dose; each image comes at one to each of the run's realisations.
        scaled: Whether noise is drawn at a quarter dose and scaled, as the paper does, or drawn at each dose.
        drop: Part of the samples that are not told their noise map.
    """

    data: Annotated[TextureData | ImageData, Field(discriminator="source")]
    doses: tuple[Annotated[float, Field(gt=0, le=1)], ...] = (0.05, 0.10, 0.25, 0.50, 0.75)
    scaled: bool = False
    drop: Fraction = 0.1


class FigureSettings(_Strict):
    """How many held-out slices each figure of the finished model is measured on."""

    mask_slices: Count = 100
    dose_anatomies: Count = 20
    vae_slices: Count = 8
    look_slices: Count = 16
    bank_slices: Count = 1000
    calibration_anatomies: Count = 8


class RunSettings(_Strict):
    """How a run is kept and watched.

    Attributes:
        precision: "bf16" computes in bfloat16 where that is safe; weights stay float32.
        checkpoint_s: Seconds between two checkpoints.
        keep: Rolling checkpoints that are kept, beside the best one.
        validate_every: Steps between two validations of the running average; 0 for none.
        validate_slices: Slices a validation looks at.
        sample_every: Steps between two samples of the running average; 0 for none.
        samples: How many fixed samples are drawn each time.
    """

    precision: Literal["fp32", "bf16"] = "bf16"
    checkpoint_s: Positive = 120.0
    keep: Count = 2
    validate_every: Annotated[int, Field(ge=0)] = 200
    validate_slices: Count = 12
    sample_every: Annotated[int, Field(ge=0)] = 200
    samples: Count = 4


class Adaptation(_Strict):
    """What of the base model is trained.

    Attributes:
        method: "full" trains every weight of the denoiser; "lora" adds low-rank updates (Hu et al. 2022); "controlnet"
            adds a copy of its first blocks that hears mask and noise map in place (Zhang et al. 2023).
        control: How many blocks a ControlNet copies; 0 for half of them.
        rank, alpha: Of the updates; their weight is alpha / rank.
        targets: Layers that get updates, by the end of their name.
    """

    method: Literal["full", "lora", "controlnet"] = "lora"
    control: Annotated[int, Field(ge=0)] = 0
    rank: Count = 8
    alpha: Count = 16
    targets: tuple[str, ...] = ("attn.qkv", "attn.proj", "adaLN_modulation.1")


class Distillation(_Strict):
    """How a teacher's many steps become a student's few.

    Attributes:
        method: "consistency" (Song et al. 2023; Luo et al. 2023) or "progressive" (Salimans and Ho 2022).
        student_steps: Steps that the student is made for.
        teacher_steps: Steps of the teacher's solver along the whole trajectory.
        guidance: Guidance scale that goes into the student.
        paths: How many of the teacher's paths a progressive student learns from.
    """

    method: Literal["consistency", "progressive"] = "consistency"
    student_steps: Annotated[int, Field(ge=1, le=16)] = 4
    teacher_steps: Annotated[int, Field(ge=4, le=1000)] = 50
    guidance: Annotated[float, Field(ge=1, le=5)] = 2.5
    paths: Count = 1200


class _Recipe(_Strict):
    name: str
    title: str
    about: str
    system: str
    model_name: str
    seed: Annotated[int, Field(ge=0)] = 0
    data: Data
    denoiser: DenoiserSettings
    figures: FigureSettings = FigureSettings()
    run: RunSettings = RunSettings()


class TrainRecipe(_Recipe):
    """A model from nothing, or from parts that are there already.

    Attributes:
        size: A demo model says so wherever it appears.
        network: Sizes and switches.
        borrow: Parts that are not trained, each with the model that lends it, its name or folder. What the network says
            of a lent part (latents, embeddings, mask channels) is taken from the lender.
        vae, clip, segmenter, layout: How those parts are trained that are not borrowed; a model may do without the last
            two.
        natural: The stage on natural images, for a trunk that begins with it.
        start: A model whose denoiser this one begins with, its name or folder; empty for none.
    """

    kind: Literal["train"]
    size: Literal["demo", "paper"] = "demo"
    network: dict[str, Any]
    borrow: dict[Part, str] = {}
    vae: VaeSettings | None = None
    clip: ClipSettings | None = None
    segmenter: SegmenterSettings | None = None
    layout: StageSettings | None = None
    natural: NaturalSettings | None = None
    start: str = ""


class FineTuneRecipe(_Recipe):
    """A model of the shelf, trained further on other data; `base` is its name or folder."""

    kind: Literal["fine-tune"]
    base: str
    adapt: Adaptation = Adaptation()


class DistilRecipe(_Recipe):
    """A student that samples in few steps, from a teacher on the shelf; `base` is the teacher's name or folder."""

    kind: Literal["distil"]
    base: str
    distil: Distillation = Distillation()


Recipe = TrainRecipe | FineTuneRecipe | DistilRecipe
