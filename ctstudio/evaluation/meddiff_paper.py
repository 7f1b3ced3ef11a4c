"""How the MedDiff-FM paper's figures are taken: settings, the bench, and what is asked of a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.meddiff_fm import CARDS, SYSTEM
from ctstudio.catalog.meddiff_regions import REGIONS
from ctstudio.catalog.shelf import Model
from ctstudio.core.errors import EngineError, ParameterError
from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume
from ctstudio.evaluation.kept import kept_figures, kept_packed
from ctstudio.evaluation.meddiff_phantoms import LESION_SIZES, RegionPhantom, kept_phantom
from ctstudio.evaluation.meddiff_reading import RegionReader
from ctstudio.evaluation.perceptual import Perceptual
from ctstudio.evaluation.requests import Generator
from ctstudio.evaluation.volume_encoders import VolumeEncoder
from ctstudio.phantom.lesion_kinds import LESIONS
from ctstudio.phantom.patient import Region
from ctstudio.protocol.request import Request, new_id
from ctstudio.systems.meddiff_fm.config import MeddiffConfig

PARTS = ("synthesis", "denoising", "detection", "lesions", "inpainting", "removal")
PHANTOMS = "phantoms"
Told = Callable[[float, float, str], None]
"""Called with how far the work is, out of what, and words."""


@dataclass(frozen=True)
class MeddiffSettings:
    """What is measured.

    Attributes:
        patients: Of each region, organ, or kind of lesion.
        parts: What is evaluated, among `PARTS`.
        validation: Other patients, on whom thresholds and the weight of total variation are chosen.
        dose: Of the scans that are denoised.
        regions: That are synthesized, in this order.
        parameters: By task those of its card that are changed from their defaults.
    """

    patients: int = 50
    parts: tuple[str, ...] = PARTS
    validation: int = 10
    dose: float = 0.25
    regions: tuple[Region, ...] = REGIONS  # type: ignore[assignment]
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.patients < 2 or self.validation < 1:
            raise ParameterError(f"{self.patients} patients are too few for a table.", "Choose at least 2.")
        unknown = [part for part in self.parts if part not in PARTS]
        if unknown or not self.parts:
            raise ParameterError(f"Nothing is known of {unknown or 'no part'}.", f"Choose from {', '.join(PARTS)}.")
        known = {card.task for card in CARDS}
        if set(self.parameters) - known:
            raise ParameterError(f"No task is called {sorted(set(self.parameters) - known)}.", f"Known are {known}.")


@dataclass(frozen=True)
class Bench:
    """What everything is made and measured with.

    Attributes:
        model: That is evaluated.
        config: Its sizes.
        generate: That works requests off.
        reader: That reads volumes; None where no model has one, and nothing is read.
        encoders: By region, what collections of volumes are compared by; none where there is none.
        perceptual: By which slices are compared; None where there is none.
        settings: Of the evaluation.
        folder: Where everything is kept.
        told: See `Told`.
    """

    model: Model
    config: MeddiffConfig
    generate: Generator
    reader: RegionReader | None
    encoders: Mapping[str, VolumeEncoder]
    perceptual: Perceptual | None
    settings: MeddiffSettings
    folder: Path
    told: Told

    @property
    def place(self) -> Path:
        """Where this model's results are kept."""
        return self.folder / self.model.info.name

    def phantom(self, seed: int, region: Region) -> RegionPhantom:
        """A healthy patient at the model's spacing."""
        return kept_phantom(self.folder / PHANTOMS, seed, region, self.config.spacing_mm)

    def ill(self, seed: int, kind: str) -> RegionPhantom:
        """The same patient with a kind of lesion; its size goes by the seed."""
        size = LESION_SIZES[seed % len(LESION_SIZES)]
        return kept_phantom(self.folder / PHANTOMS, seed, LESIONS[kind].region, self.config.spacing_mm, kind, size)

    def kinds(self) -> tuple[str, ...]:
        """Lesions that the model can draw and phantoms can have."""
        return tuple(kind for kind in LESIONS if kind in self.config.controls)

    def figures(self, part: str, name: str, measure: Callable[[], dict[str, float]]) -> dict[str, float]:
        """Figures of one patient, kept; measured anew when another reader or encoder measures."""
        return kept_figures(self.place / part / f"{name}.{self._instruments}.json", measure)

    def answer(
        self,
        task: str,
        path: str,
        inputs: Mapping[str, Volume | LabelMap],
        output: str = "ct",
        dtype: type[np.generic] = np.int16,
        **told: Any,
    ) -> tuple[NDArray[Any], dict[str, float]]:
        """What the model answers, on the grid of what it was given: an output's voxels, and the sample's measures.

        Raises:
            CtStudioError: The engine's, or the result lacks the output.
        """
        place = self.place / task / path
        measures: dict[str, float] = {}

        def made() -> NDArray[Any]:
            parameters = {**told, **self.settings.parameters.get(task, {})}
            request = Request(new_id(), SYSTEM, task, str(self.model.folder), parameters, dict(inputs))
            result = self.generate(request)
            found = result.samples[0].outputs.get(output) if result.samples else None
            if not isinstance(found, Volume):
                raise EngineError(f"{self.model.info.name} gave no {output}.", "Look at it with 'models check'.")
            measures.update({name: float(value) for name, value in result.samples[0].measures.items()})
            kept_figures(place.with_suffix(".measures.json"), lambda: measures)
            array = found.array
            return (np.rint(array) if dtype is np.int16 else array).astype(dtype)

        array = kept_packed(place.with_suffix(".npz"), made)
        return array, measures or kept_figures(place.with_suffix(".measures.json"), dict)

    @property
    def _instruments(self) -> str:
        """A short name of what measures, for file names."""
        import hashlib

        names = [each.name if each else "" for each in (self.reader, self.perceptual)]
        return hashlib.sha256("|".join(names).encode()).hexdigest()[:8]
