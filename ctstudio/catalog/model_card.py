"""`model.json`: what a model is, what it was trained on, and what it has seen."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from ctstudio.core.errors import ParameterError
from ctstudio.core.working_grid import FieldOfView

FILE_NAME = "model.json"
DEMO_MARK = "demo (phantom-trained)"


class Range(BaseModel):
    """A closed range of numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    low: float = Field(allow_inf_nan=False)
    high: float = Field(allow_inf_nan=False)

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self

    def holds(self, value: float, slack: float = 0.0) -> bool:
        """Whether a value lies inside, both ends included, widened by `slack` times each end."""
        return self.low - slack * abs(self.low) <= value <= self.high + slack * abs(self.high)

    def __str__(self) -> str:
        return f"{self.low:.3g} to {self.high:.3g}"


class Ranges(BaseModel):
    """What the training data held.

    Attributes:
        region: Part of the body, for example "abdomen".
        fov_mm: In-plane field of view of a slice, mm.
        spacing_mm: In-plane voxel size, mm.
        dose: Dose as a fraction of the full dose, or None for a model that is not told one.
        labels: Names of the labels that the model understands; all others are ignored.
        label_area_mm2: For each label its area in an axial slice that shows it, 1st to 99th percentile, mm2.
        noise_sd_hu: Standard deviation of the photon noise in the liver of a slice, HU, 1st to 99th percentile, or None
            when it was not measured.
        body_area_cm2: Area of the body in a slice, cm2, or None when it was not measured.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    region: str
    fov_mm: Range
    spacing_mm: Range
    dose: Range | None = None
    labels: list[str]
    label_area_mm2: dict[str, Range] = Field(default_factory=dict)
    body_area_cm2: Range | None = None
    noise_sd_hu: Range | None = None


class Training(BaseModel):
    """How the weights came to be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: str
    steps: int = Field(ge=0)
    seconds: float = Field(ge=0)
    device: str
    stages: dict[str, Any] = Field(default_factory=dict)


class Borrowed(BaseModel):
    """A part that lies in another model's folder.

    Attributes:
        model: The lender's name on the shelf; it must lie beside this model, or be on the shelf.
        files: sha256 of each file of the part, by its path relative to the lender's folder.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    files: dict[str, str]


class ModelInfo(BaseModel):
    """The content of `model.json`.

    Attributes:
        name: The name on the shelf; also the folder's name.
        title: What people read. A demo model's title always says so.
        system: For example "na_diff".
        size: "demo" or "paper".
        config: What the system needs to build its networks.
        trained_on: The data, in words.
        ranges: What the data held.
        figures: Measured figures by name.
        training: How it was trained.
        licence: Licence of the weights.
        files: sha256 of every file by its path relative to the folder, with forward slashes.
        borrows: Parts (subfolders) that this model shares with another, so that they lie on the disk once.
        not_trained: What has first weights only, in words, in a model made of public weights; empty for a trained one.
        lacks: Parts that the model does not have.
        origins: Of imported parts: file, sha256, layout of its keys, licence, and how many tensors it filled.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    size: Literal["demo", "paper"]
    title: str
    system: str
    config: dict[str, Any] = Field(default_factory=dict)
    trained_on: str = ""
    ranges: Ranges
    figures: dict[str, Any] = Field(default_factory=dict)
    training: Training | None = None
    licence: str = ""
    files: dict[str, str] = Field(default_factory=dict)
    borrows: dict[str, Borrowed] = Field(default_factory=dict)
    not_trained: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    origins: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @field_validator("title")
    @classmethod
    def _demo_says_so(cls, title: str, info: ValidationInfo) -> str:
        if info.data.get("size") == "demo" and DEMO_MARK not in title:
            return f"{title} {DEMO_MARK}"
        return title

    @field_validator("files")
    @classmethod
    def _inside_the_folder(cls, files: dict[str, str]) -> dict[str, str]:
        for path in files:
            if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
                raise ValueError(f"the file {path!r} lies outside the model's folder")
        return files

    @property
    def field_of_view(self) -> FieldOfView:
        """What the model sees of a slice, as `config` says; the usual square where it does not.

        Raises:
            ParameterError: `config` holds no usable size.
        """
        usual = FieldOfView()
        try:
            pixels = int(self.config.get("image_size", usual.pixels))
            pixel_mm = float(self.config.get("pixel_mm", usual.pixel_mm))
        except (TypeError, ValueError) as error:
            raise ParameterError(
                f"The model {self.name} does not say what it sees of a slice.",
                f"Repair 'image_size' and 'pixel_mm' in its {FILE_NAME}.",
                str(error),
            ) from error
        return FieldOfView(pixels, pixel_mm)

    @property
    def not_ready(self) -> str:
        """Why the model cannot generate, in one sentence; empty when it can."""
        if self.lacks:
            return f"The model {self.name} cannot generate: it has no {' and no '.join(self.lacks)}."
        if self.not_trained:
            return f"The model {self.name} cannot generate: {'; '.join(self.not_trained)} were never trained."
        return ""

    def write(self, folder: Path) -> Path:
        """Write `model.json` into a folder and return its path."""
        path = folder / FILE_NAME
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return path
