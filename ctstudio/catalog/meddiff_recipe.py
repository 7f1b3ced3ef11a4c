"""What recipes of MedDiff-FM hold: one for the whole model from nothing, one for a kind of lesion on top of a model."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ctstudio.catalog.reader_settings import ReaderSettings
from ctstudio.catalog.recipe_parts import CommonRecipe, Count, Fraction, Positive, StageSettings, StrictModel

Share = Annotated[float, Field(ge=0, le=1)]
Odds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Region = Literal["head", "chest", "abdomen"]


class RegionData(StrictModel):
    """Procedural heads, chests and abdomens, made and cached as they are needed; seeds 0 and up.

    Attributes:
        patients: Healthy patients of each region.
        lesion_patients: Patients of each kind of lesion that the model has a ControlNet for.
        validation_patients: Of each of those, that the running average is judged on.
    """

    source: Literal["phantom-regions"] = "phantom-regions"
    patients: Count
    lesion_patients: Count = 60
    validation_patients: Annotated[int, Field(ge=1, le=200)] = 4


class LesionPhantoms(StrictModel):
    """Procedural patients who have the lesion that is learned; seeds as in `RegionData`."""

    source: Literal["phantom-lesions"] = "phantom-lesions"
    patients: Count
    validation_patients: Annotated[int, Field(ge=1, le=200)] = 4


class LesionCases(StrictModel):
    """Cases of a data set that `ctstudio dataset build` made, whose labels hold the lesion that is learned.

    Attributes:
        folder: Where it lies.
        region: Of the body, which decides the range of HU that is seen; None for the one where phantoms have the
            lesion.
    """

    source: Literal["dataset"]
    folder: str
    region: Region | None = None


class PatchSettings(StageSettings):
    """The denoiser.

    Attributes:
        ways: Odds of the three ways to see a volume: all of it resized to a patch; a part of twice the patch, resized;
            a patch of it. The paper's are equal.
        partial: Part of the samples whose volume is cut first, as by a scanner that sees less of the body (ours).
        cut: Most of the volume's length that is cut off, axis by axis.
        organ: Part of the patches that lie around a voxel of an organ drawn at random, small ones as often as large
            (ours); the others lie anywhere.
    """

    ways: tuple[Odds, Odds, Odds] = (1.0, 1.0, 1.0)
    partial: Share = 0.0
    cut: Fraction = 0.3
    organ: Share = 0.0


class ControlSettings(StageSettings):
    """A ControlNet: what lesions look like where a mask says that they are.

    Attributes:
        around: Part of the patches that hold a lesion; the others lie anywhere, and teach it to be silent.
        weight: How much more a voxel in or beside a lesion counts than one elsewhere; 1 for the paper's loss.
    """

    around: Share = 0.9
    weight: Positive = 1.0


class MeddiffFigureSettings(StrictModel):
    """How many held-out patients of each region each figure of the finished model is measured on."""

    patients: Count = 4
    steps: Count = 20


class MeddiffRecipe(CommonRecipe):
    """All networks of a MedDiff-FM model, from nothing.

    Attributes:
        size: A demo model says so wherever it appears.
        network: Sizes, as in `systems.meddiff_fm.config`; `controls` names the kinds of lesions that get a ControlNet.
        data: The patients.
        denoiser: How it is trained.
        control: How each ControlNet is trained.
        segmenter: How the reader is trained that finds organs and lesions in results; a model may do without.
    """

    kind: Literal["meddiff"]
    size: Literal["demo", "paper"] = "demo"
    network: dict[str, Any]
    data: RegionData
    denoiser: PatchSettings
    control: ControlSettings | None = None
    segmenter: ReaderSettings | None = None
    figures: MeddiffFigureSettings = MeddiffFigureSettings()


class MeddiffLesionRecipe(CommonRecipe):
    """A ControlNet for a kind of lesion, on top of a model of the shelf, which stays as it is.

    Attributes:
        base: The model's name or folder.
        lesion: Label name of the lesions, such as "liver_lesion".
        data: Patients who have them.
        control: How the ControlNet is trained.
    """

    kind: Literal["meddiff-lesion"]
    base: str
    lesion: str
    data: Annotated[LesionPhantoms | LesionCases, Field(discriminator="source")]
    control: ControlSettings
    figures: MeddiffFigureSettings = MeddiffFigureSettings()
