"""The MedDiff-FM evaluation with models that are perfect, absurd, or do nothing: figures move as they must."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ctstudio.catalog.meddiff_organs import classes_of
from ctstudio.catalog.shelf import Model, find_model
from ctstudio.core.errors import InputError, ParameterError
from ctstudio.core.labels import LabelMap, values_of
from ctstudio.core.provenance import Provenance
from ctstudio.core.volume import Volume
from ctstudio.evaluation import meddiff_phantoms
from ctstudio.evaluation.meddiff_evaluation import evaluate_meddiff, reader_encoders
from ctstudio.evaluation.meddiff_paper import MeddiffSettings
from ctstudio.evaluation.meddiff_phantoms import LESION_SIZES, SEEDS, RegionPhantom, region_phantom
from ctstudio.evaluation.meddiff_tables import rows_of
from ctstudio.phantom.lesion_kinds import LESIONS
from ctstudio.protocol.request import Request
from ctstudio.protocol.result import Result, Sample
from tiny_meddiff import write_tiny_meddiff

SPACING = 12.0
KIND = "liver_lesion"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    return find_model(write_tiny_meddiff(folder, changes={"spacing_mm": SPACING}))


@cache
def drawn(*patient: Any) -> RegionPhantom:
    """A patient, drawn once for all tests."""
    return region_phantom(*patient)


@pytest.fixture(autouse=True)
def _drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meddiff_phantoms, "region_phantom", drawn)


class PatientReader:
    """Knows every patient of the evaluation: reads the labels of the one whose CT it sees, else what is nearest."""

    name = "one who knows"

    def __init__(self) -> None:
        self.known: list[tuple[NDArray[Any], NDArray[np.uint8]]] = []

    def learn(self, ct: NDArray[Any], labels: NDArray[np.uint8]) -> None:
        self.known.append((ct.astype(float), labels))

    def read(self, ct: Volume, region: str) -> NDArray[np.uint8]:
        alike = [
            (float(np.abs(ct.array - c).mean()), n) for n, (c, _) in enumerate(self.known) if c.shape == ct.grid.shape
        ]
        return self.known[min(alike)[1]][1] if alike else np.zeros(ct.grid.shape, np.uint8)

    def features(self, ct: Volume, region: str) -> NDArray[np.float64]:
        return np.asarray([ct.array.mean(), ct.array.std(), np.median(ct.array)], float)


class Engine:
    """Answers by the phantoms' truth ("perfect"), with what it was given ("idle"), or with nonsense ("absurd")."""

    def __init__(self, how: str, reader: PatientReader) -> None:
        self.how, self.asked = how, []
        self.reader = reader

    def __call__(self, request: Request) -> Result:
        self.asked.append(request.task)
        given = request.inputs.get("scan") or request.inputs["anatomy"]
        seed, region = request.parameters["seed"], request.parameters["region"]
        ill = request.task in ("detect", "add-lesion", "inpaint-lesion")
        size = LESION_SIZES[seed % 2]
        kind = next((k for k, v in LESIONS.items() if v.region == region and ill), "")
        truth = drawn(seed, region, SPACING, kind, size if kind else "")
        if request.task == "detect":
            lesion = np.isin(truth.labels.array, values_of(list(LESIONS)))
            organ = np.isin(truth.anatomy, list(classes_of(request.parameters["organ"])))
            noise = np.random.default_rng(seed).normal(0, 5, organ.shape)
            array = {"perfect": 80.0 * lesion + noise, "idle": noise, "absurd": noise - noise * lesion}[
                self.how
            ] * organ
            return self.result(request, "anomaly", array.astype(np.float32), given)
        scan = given.array if isinstance(given, Volume) else np.full(given.grid.shape, -1000.0)
        array = {"perfect": truth.ct.array, "idle": scan, "absurd": -scan}[self.how]
        return self.result(request, "ct", array.astype(np.float32), given)

    def result(self, request: Request, name: str, array: NDArray[Any], given: Volume | LabelMap) -> Result:
        outputs = {name: Volume(array, given.grid, synthetic=True)}
        unchanged = 0.5 if self.how == "absurd" else 1.0
        sample = Sample(0, outputs, {"outside_unchanged": unchanged}, provenance(request))
        return Result(request.id, (sample,), ())


def provenance(request: Request) -> Provenance:
    return None  # type: ignore[return-value]


def evaluated(model: Model, how: str, folder: Path, **changes: Any) -> tuple[dict[Any, Any], Engine, dict[str, Any]]:
    """Rows by part, region and title; the engine; everything."""
    reader = PatientReader()
    for n in range(2):
        for seed, region, kind in (
            *((SEEDS["synthesis"] + n, r, "") for r in ("head", "chest", "abdomen")),
            (SEEDS["lesions"] + n, "abdomen", ""),
            (SEEDS["lesions"] + n, "abdomen", KIND),
        ):
            phantom = drawn(seed, region, SPACING, kind, LESION_SIZES[seed % 2] if kind else "")
            labels = phantom.labels.array if kind else phantom.anatomy
            reader.learn(phantom.ct.array, labels)
            if not kind:
                reader.learn(np.full(labels.shape, 1000.0), np.zeros_like(labels))
    engine = Engine(how, reader)
    settings = MeddiffSettings(2, validation=1, **changes)
    told = lambda *_: None  # noqa: E731
    facts = evaluate_meddiff([model], reader, reader_encoders(reader), None, engine, settings, folder, told)
    rows = rows_of(facts)
    return {(row.part, row.region, row.title): row for row in rows}, engine, facts


def test_a_perfect_model_reaches_everything(model: Model, tmp_path: Path) -> None:
    parts = ("synthesis", "detection", "lesions", "inpainting", "removal")
    rows, _, facts = evaluated(model, "perfect", tmp_path / "a", parts=parts)
    for region in ("head", "chest", "abdomen"):
        assert rows["synthesis", region, "MS-SSIM"].value == pytest.approx(1.0, abs=1e-5)
        assert rows["synthesis", region, "MS-SSIM"].beside < 0.999
        assert rows["synthesis", region, "Dice of organs"].value == pytest.approx(1.0)
        distance = rows["synthesis", region, "Fréchet distance (for FID)"]
        assert distance.value == pytest.approx(0.0, abs=1e-6)
        assert distance.beside > 0.0
        assert not distance.published
    assert rows["detection", "liver", "AUC"].value > 0.99
    assert rows["detection", "liver", "sensitivity"].value > 0.9
    assert rows["lesions", KIND, "Dice of lesions"].value == pytest.approx(1.0)
    assert rows["inpainting", KIND, "Dice of lesions"].value == pytest.approx(1.0)
    assert rows["removal", KIND, "no lesion found any more"].value == 100.0
    assert rows["removal", KIND, "scans unchanged outside"].value == 100.0
    assert rows["synthesis", "all", "Dice of organs"].count == 6
    assert set(facts["roc"]) <= {"liver", "lung"}
    assert any("not comparable" in note for note in facts["notes"])


def test_an_idle_model_gains_nothing(model: Model, tmp_path: Path) -> None:
    rows, _, _ = evaluated(model, "idle", tmp_path / "b", parts=("denoising", "detection", "inpainting", "removal"))
    for region in ("abdomen", "chest"):
        assert rows["denoising", region, "PSNR, gain over noisy"].value == pytest.approx(0.0, abs=0.01)
        assert rows["denoising", region, "PSNR, noisy, to full dose"].paper == "23.44"
    assert rows["denoising", "abdomen", "PSNR, gain over TV-L2"].value < 0.0
    assert 0.3 < rows["detection", "liver", "AUC"].value < 0.7
    assert rows["inpainting", KIND, "Dice of lesions"].value < 0.1
    assert rows["removal", KIND, "no lesion found any more"].value == 0.0


def test_an_absurd_model_is_far_from_everything(model: Model, tmp_path: Path) -> None:
    parts = ("synthesis", "denoising", "detection", "removal")
    rows, _, _ = evaluated(model, "absurd", tmp_path / "c", parts=parts)
    assert rows["synthesis", "head", "MS-SSIM"].value < 0.6
    assert rows["synthesis", "head", "Dice of organs"].value < 0.1
    assert rows["denoising", "abdomen", "PSNR, gain over noisy"].value < -5
    assert rows["detection", "liver", "AUC"].value < 0.3
    assert rows["removal", KIND, "scans unchanged outside"].value == 0.0


def test_what_was_made_is_kept_and_another_evaluation_is_refused(model: Model, tmp_path: Path) -> None:
    first, engine, _ = evaluated(model, "perfect", tmp_path / "d", parts=("detection",))
    assert engine.asked == ["detect"] * 6
    again, engine, _ = evaluated(model, "perfect", tmp_path / "d", parts=("detection",))
    assert engine.asked == []
    assert again == first
    with pytest.raises(InputError):
        evaluated(model, "perfect", tmp_path / "d", parts=("detection",), parameters={"detect": {"draws": 1}})


def test_settings_that_mean_nothing_are_refused() -> None:
    for wrong in ({"patients": 1}, {"parts": ("synthesys",)}, {"parts": ()}, {"parameters": {"paint": {}}}):
        with pytest.raises(ParameterError):
            MeddiffSettings(**wrong)  # type: ignore[arg-type]
