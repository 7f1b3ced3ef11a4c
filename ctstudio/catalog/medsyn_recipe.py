"""What a recipe of MedSyn holds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ctstudio.catalog.medsyn_text_settings import TextSettings
from ctstudio.catalog.reader_settings import ReaderSettings
from ctstudio.catalog.recipe_parts import CommonRecipe, Count, Fraction, Positive, StageSettings, StrictModel


class ChestData(StrictModel):
    """Procedural chests with their reports, made and cached as they are needed; seeds 0 and up.

    Attributes:
        coarse_patients: Chests that the base network learns from, rendered at twice its resolution.
        fine_patients: Chests that upscaler and segmenter learn from, rendered at full resolution; the first of them.
        wordings: Reports of each, in other words.
        validation_patients: Chests that the running average is judged on; an eighth of them at full resolution.
    """

    source: Literal["phantom-chests"] = "phantom-chests"
    coarse_patients: Count
    fine_patients: Count
    wordings: Count = 6
    validation_patients: Annotated[int, Field(ge=1, le=200)] = 32

    @property
    def fine_validation_patients(self) -> int:
        """How many of those are rendered at full resolution."""
        return -(-self.validation_patients // 8)


class CoarseSettings(StageSettings):
    """The base network: text to a coarse volume.

    Attributes:
        drop: Part of the samples that hear no text, for classifier-free guidance.
        lateness: How far the times are drawn towards noise, where the text decides most (ours); 1 for not at all.
    """

    drop: Fraction = 0.1
    lateness: Positive = 1.0


class UpscalerSettings(StageSettings):
    """The upscaler, which learns on parts of volumes.

    Attributes:
        crop: Edges (z, y, x) of a part, voxels.
        slab: Slices of a part towards the end of the training, when parts span whole slices; 0 for none.
        slab_share: Which last part of the steps that is.
        noise_share: Most that the coarse volume is mixed with noise, so that the upscaler forgives what the base
            network gets wrong.
    """

    crop: tuple[Count, Count, Count]
    slab: Annotated[int, Field(ge=0)] = 0
    slab_share: Fraction = 0.2
    noise_share: Fraction = 0.4


class MedsynFigureSettings(StrictModel):
    """How many held-out volumes each figure of the finished model is measured on."""

    volumes: Count = 32


class MedsynDistillation(StrictModel):
    """How many steps become few, in either network.

    Attributes:
        student_steps, upscale_student_steps: Of the student's base network and upscaler.
        teacher_steps, upscale_teacher_steps: Of the teacher's; multiples of those.
        guidance: Guidance scale that goes into the student's base network.
    """

    student_steps: Annotated[int, Field(ge=1, le=16)] = 4
    teacher_steps: Annotated[int, Field(ge=2, le=1000)] = 20
    upscale_student_steps: Annotated[int, Field(ge=1, le=16)] = 2
    upscale_teacher_steps: Annotated[int, Field(ge=2, le=1000)] = 10
    guidance: Annotated[float, Field(ge=1, le=10)] = 2.0


class MedsynRecipe(CommonRecipe):
    """All networks of a MedSyn model, from nothing.

    Attributes:
        size: A demo model says so wherever it appears.
        network: Sizes, as in `systems.medsyn.config`.
        data: The chests.
        text, segmenter, coarse, upscaler: How each network is trained; `coarse` is the base network's.
    """

    kind: Literal["medsyn"]
    size: Literal["demo", "paper"] = "demo"
    network: dict[str, Any]
    data: ChestData
    text: TextSettings
    segmenter: ReaderSettings | None = None
    coarse: CoarseSettings
    upscaler: UpscalerSettings
    figures: MedsynFigureSettings = MedsynFigureSettings()


class MedsynDistilRecipe(CommonRecipe):
    """A student of both networks of a MedSyn model; text encoder and reader are the teacher's.

    Attributes:
        base: The teacher's name on the shelf, or its folder.
        data: The chests.
        distil: The steps.
        coarse, upscaler: How each student is trained; `coarse` is the base network's.
    """

    kind: Literal["medsyn-distil"]
    base: str
    data: ChestData
    distil: MedsynDistillation = MedsynDistillation()
    coarse: CoarseSettings
    upscaler: UpscalerSettings
