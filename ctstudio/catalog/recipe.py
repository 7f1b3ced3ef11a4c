"""What a recipe holds: everything that decides a training run. Here those of NA-Diff, and the union of all."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ctstudio.catalog.meddiff_recipe import LesionCases, MeddiffLesionRecipe, MeddiffRecipe
from ctstudio.catalog.medsyn_recipe import MedsynDistilRecipe, MedsynRecipe
from ctstudio.catalog.recipe_parts import CommonRecipe, Count, Fraction, Positive, StageSettings, StrictModel

Part = Literal["vae", "clip", "segmenter"]


class PhantomData(StrictModel):
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


class PreparedData(StrictModel):
    """A data set that `ctstudio dataset build` made.

    Attributes:
        folder: Where it lies.
        slices_each: At most so many axial slices of each case, evenly spread over those that hold labels.
    """

    source: Literal["dataset"]
    folder: str
    slices_each: Count = 32


class TextureData(StrictModel):
    """Pictures made by code, which stand in for photographs where there are none; seeds `first_seed` and up."""

    source: Literal["textures"] = "textures"
    images: Count
    first_seed: Annotated[int, Field(ge=0)] = 0


class ImageData(StrictModel):
    """A folder of photographs, at most `images` of them, evenly spread over their names."""

    source: Literal["images"]
    folder: str
    images: Count = 4000


Data = Annotated[PhantomData | PreparedData, Field(discriminator="source")]


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


class FigureSettings(StrictModel):
    """How many held-out slices each figure of the finished model is measured on."""

    mask_slices: Count = 100
    dose_anatomies: Count = 20
    vae_slices: Count = 8
    look_slices: Count = 16
    bank_slices: Count = 1000
    calibration_anatomies: Count = 8


class Adaptation(StrictModel):
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


class Distillation(StrictModel):
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


class SliceRecipe(CommonRecipe):
    """What all recipes of NA-Diff hold: slices to learn from, and a denoiser."""

    data: Data
    denoiser: DenoiserSettings
    figures: FigureSettings = FigureSettings()


class TrainRecipe(SliceRecipe):
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
    borrow: dict[Part, str] = Field(default_factory=dict)
    vae: VaeSettings | None = None
    clip: ClipSettings | None = None
    segmenter: SegmenterSettings | None = None
    layout: StageSettings | None = None
    natural: NaturalSettings | None = None
    start: str = ""


class FineTuneRecipe(SliceRecipe):
    """A model of the shelf, trained further on other data; `base` is its name or folder."""

    kind: Literal["fine-tune"]
    base: str
    adapt: Adaptation = Adaptation()


class DistilRecipe(SliceRecipe):
    """A student that samples in few steps, from a teacher on the shelf; `base` is the teacher's name or folder."""

    kind: Literal["distil"]
    base: str
    distil: Distillation = Distillation()


Recipe = (
    TrainRecipe
    | FineTuneRecipe
    | DistilRecipe
    | MedsynRecipe
    | MedsynDistilRecipe
    | MeddiffRecipe
    | MeddiffLesionRecipe
)
StartedRecipe = FineTuneRecipe | DistilRecipe | MedsynDistilRecipe | MeddiffLesionRecipe
"""Those that start from a model of the shelf, `base`."""
OwnData = PreparedData | LesionCases
"""Data sets that `ctstudio dataset build` made, in `folder`."""
