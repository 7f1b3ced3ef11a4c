"""Measure a finished MedDiff-FM model on held-out phantoms and write the figures into its `model.json`.

What its reader can be trusted with is measured first, on the phantoms themselves; then what it reads in what is made.
`ctstudio evaluate --paper meddiff-fm` measures more, on more patients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.shelf import find_model
from ctstudio.core.errors import EngineError
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.core.volume import Volume
from ctstudio.evaluation.requests import result_of
from ctstudio.measure.overlap import dice
from ctstudio.phantom.grids import region_grid
from ctstudio.phantom.lesion_kinds import LESIONS
from ctstudio.phantom.patient import REGIONS, Region, make_patient
from ctstudio.protocol.events import Event
from ctstudio.protocol.request import Request, new_id
from ctstudio.systems.meddiff_fm.pipeline_lesion import inpaint_lesion
from ctstudio.systems.meddiff_fm.pipeline_synthesize import synthesize
from ctstudio.systems.meddiff_fm.reading import ORGANS, BodyReader, has_reader, load_reader
from ctstudio.systems.meddiff_fm.weights import MeddiffModel, load
from ctstudio.training.regions import region_volume
from ctstudio.training.run import Run

FIRST_SEED = 10_000
LEAST_VOXELS = 30
"""Organs of fewer are not judged."""
Task = Callable[[Request, MeddiffModel], Iterator[Event]]


@dataclass(frozen=True)
class Subject:
    """A held-out patient.

    Attributes:
        region: Of the body.
        ct: HU.
        anatomy: In the model's classes.
        lesion: Where it is; empty in a healthy one.
    """

    region: Region
    ct: Volume
    anatomy: LabelMap
    lesion: LabelMap


def measure_meddiff(run: Run, patients: int, steps: int, kinds: tuple[str, ...] | None = None) -> ModelInfo:
    """Measure the exported model of a run on held-out seeds; returns its `model.json` with the figures.

    Args:
        run: Whose model. One without a reader is not measured.
        patients: Of each region, and of each kind of lesion.
        steps: Sampling steps.
        kinds: Lesions alone that are looked at; None for organs, and all kinds that the model draws.
    """
    model, device = find_model(run.model), run.accelerator.device
    figures: dict[str, Any] = {"command": f"ctstudio train {run.recipe.name} --out DIR", "patients": patients}
    if has_reader(model):
        reader = load_reader(model, device)
        bench = _Bench(run, load(model.folder, model.info, device, torch.float32), reader, patients, steps)
        if kinds is None:
            figures["organs"] = bench.organs()
        known = [kind for kind in kinds or bench.model.config.controls if kind in reader.lesions and kind in LESIONS]
        figures["lesions"] = {kind: bench.lesion(kind) for kind in known}
    measured = model.info.model_copy(update={"figures": figures})
    measured.write(model.folder)
    return measured


@dataclass(frozen=True)
class _Bench:
    """What measures: Dice of the reader, on the phantoms themselves and on what the model makes."""

    run: Run
    model: MeddiffModel
    reader: BodyReader
    patients: int
    steps: int

    def organs(self) -> dict[str, dict[str, float]]:
        """By organ, in phantoms and in CTs made from their anatomy."""
        found: dict[str, list[tuple[float, float]]] = {}
        for number, region in enumerate(REGIONS):
            for seed in range(FIRST_SEED, FIRST_SEED + self.patients):
                subject = self.subject(seed, region)
                made = self._answer(synthesize, "synthesize", {"anatomy": subject.anatomy}, subject, seed)
                read = [self.reader.read(ct, region) for ct in (subject.ct, made)]
                for organ, names in ORGANS[region].items():
                    truth = subject.anatomy.of(*names)
                    if truth.sum() >= LEAST_VOXELS:
                        each = [dice(np.isin(labels, values_of(names)), truth) for labels in read]
                        found.setdefault(organ, []).append((each[0], each[1]))
                self.run.watcher.progress(number * self.patients + seed - FIRST_SEED + 1, len(REGIONS) * self.patients)
        return {organ: _means(pairs) for organ, pairs in found.items()}

    def lesion(self, kind: str) -> dict[str, float]:
        """In phantoms that have it, and drawn into the same patients without it."""
        region, value = LESIONS[kind].region, values_of([kind])[0]
        pairs = []
        for done, seed in enumerate(range(FIRST_SEED, FIRST_SEED + self.patients), start=1):
            ill, healthy = self.subject(seed, region, kind), self.subject(seed, region)
            given: dict[str, Volume | LabelMap] = {"scan": healthy.ct, "lesion": ill.lesion, "anatomy": ill.anatomy}
            made = self._answer(inpaint_lesion, "inpaint-lesion", given, ill, seed, kind=kind)
            truth = ill.lesion.array > 0
            each = [dice(self.reader.read(ct, region) == value, truth) for ct in (ill.ct, made)]
            pairs.append((each[0], each[1]))
            self.run.watcher.progress(done, self.patients)
        return _means(pairs)

    def subject(self, seed: int, region: Region, kind: str = "") -> Subject:
        """A held-out patient, healthy or with a kind of lesion."""
        spacing = self.model.config.spacing_mm
        volume, grid = region_volume(seed, region, spacing, kind), region_grid(make_patient(seed, region, {}), spacing)
        labels = [LabelMap(array, grid, standard_table(), synthetic=True) for array in (volume.anatomy, volume.lesion)]
        return Subject(region, Volume(volume.ct_hu, grid, synthetic=True), *labels)

    def _answer(
        self, task: Task, name: str, given: Mapping[str, Volume | LabelMap], subject: Subject, seed: int, **more: Any
    ) -> Volume:
        """The CT that a task makes."""
        parameters = {"region": subject.region, "seed": seed, "steps": self.steps, **more}
        request = Request(new_id(), "meddiff_fm", name, self.model.info.name, parameters, dict(given))
        made = result_of(task(request, self.model)).samples[0].outputs["ct"]
        if not isinstance(made, Volume):
            raise EngineError(f"{name} made no CT.", "Please report it.")
        return made


def _means(pairs: list[tuple[float, float]]) -> dict[str, float]:
    """Mean Dice in phantoms and in what was made."""
    phantoms, made = zip(*pairs, strict=True)
    return {"phantoms": round(float(np.mean(phantoms)), 4), "made": round(float(np.mean(made)), 4)}
