"""The model that comes with the program obeys its mask and its dose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from command_line import ctstudio
from ctstudio.catalog.model_card import FILE_NAME
from ctstudio.catalog.shelf import check, find_model
from ctstudio.core.labels import LabelMap
from ctstudio.core.resources import bundled_models_dir
from ctstudio.evaluation.held_out import HeldOut, as_mask, held_out_slices
from ctstudio.io.writing import write_labels
from ctstudio.measure.noise_region import LIVER
from ctstudio.measure.overlap import dice
from ctstudio.nets.segmenter import segment
from ctstudio.protocol.events import Finished
from ctstudio.protocol.request import Request
from ctstudio.protocol.result import Sample
from ctstudio.systems.na_diff.pipeline import generate
from ctstudio.systems.na_diff.weights import NaDiffModel, load, load_segmenter

FOLDER = bundled_models_dir() / "na-diff-demo"
SEED = 10_007
STEPS = 20

pytestmark = pytest.mark.skipif(not (FOLDER / FILE_NAME).is_file(), reason="the demo model is not here")


@pytest.fixture(scope="module")
def model() -> NaDiffModel:
    found = find_model(FOLDER)
    check(found)
    return load(found.folder, found.info, torch.device("cpu"), torch.float32)


@pytest.fixture(scope="module")
def held_out(model: NaDiffModel) -> HeldOut:
    return held_out_slices(1, model.config, first_seed=SEED)


@pytest.fixture(scope="module")
def made(model: NaDiffModel, held_out: HeldOut) -> tuple[Sample, int]:
    """One slice of a patient that training never saw, and the network calls it took."""
    calls: list[int] = []
    hook = model.network.register_forward_hook(lambda *_: calls.append(1))
    mask = as_mask(held_out.labels, None, model.config)
    request = Request("r", "na_diff", "generate", "na-diff-demo", {"dose": 0.25, "steps": STEPS}, {"mask": mask})
    *_, last = generate(request, model)
    hook.remove()
    assert isinstance(last, Finished)
    return last.result.samples[0], len(calls)


def test_its_card_tells_where_it_came_from(model: NaDiffModel) -> None:
    assert model.info.name == "na-diff-demo"
    assert "demo (phantom-trained)" in model.info.title
    assert model.info.training is not None
    assert model.info.figures
    assert sum(p.stat().st_size for p in FOLDER.rglob("*") if p.is_file()) < 40e6


def test_the_test_patient_is_held_out(held_out: HeldOut) -> None:
    assert held_out.seeds[0] >= SEED


def test_a_slice_takes_one_call_a_step_and_another_where_guidance_acts(made: tuple[Sample, int]) -> None:
    assert STEPS < made[1] < 2 * STEPS


def test_the_noise_is_what_the_dose_asks_for(made: tuple[Sample, int]) -> None:
    measures = made[0].measures
    assert measures["noise_sd_hu"] == pytest.approx(measures["requested_noise_sd_hu"], rel=0.4)


def test_the_liver_is_where_it_was_painted(made: tuple[Sample, int], model: NaDiffModel, held_out: HeldOut) -> None:
    image = made[0].outputs["ct"].array.astype(np.float32)
    unit = torch.from_numpy(model.config.window.to_unit(image))[:, None]
    read = segment(load_segmenter(FOLDER, model.config), unit).numpy()  # type: ignore[arg-type]
    assert dice(read[0] == model.groups.index("liver") + 1, held_out.liver()[0]) > 0.8


@pytest.mark.timeout(300)
def test_it_makes_the_same_slice_again(model: NaDiffModel, held_out: HeldOut, tmp_path: Path) -> None:
    mask = tmp_path / "mask.nii.gz"
    write_labels(as_mask(held_out.labels, ("liver", "liver_lesion"), model.config), mask)
    words = ("--mask", mask, "--model", "na-diff-demo", "--steps", 5, "--out", tmp_path / "a")
    assert ctstudio("run", "na-diff", "generate", *words).code == 0
    record = tmp_path / "a" / "0001" / "provenance.json"
    assert ctstudio("recreate", record, "--out", tmp_path / "b", "--json").facts["identical"]
    first, again = (tmp_path / name / "0001" / "ct.nii.gz" for name in ("a", "b"))
    assert first.read_bytes() == again.read_bytes()


def test_a_lone_liver_is_completed_to_a_body(model: NaDiffModel, held_out: HeldOut) -> None:
    mask = as_mask(held_out.labels, LIVER, model.config)
    request = Request("r", "na_diff", "generate", "na-diff-demo", {"dose": 0.25, "steps": STEPS}, {"mask": mask})
    *_, last = generate(request, model)
    assert isinstance(last, Finished)
    outputs = last.result.samples[0].outputs
    labels = outputs["labels"]
    assert isinstance(labels, LabelMap)
    drawn = {labels.table.by_value(value).name for value in labels.present()}
    assert {"liver", "bone", "skeletal_muscle", "subcutaneous_fat", "aorta"} <= drawn
    body, phantom = labels.array[0] > 0, held_out.labels[0] > 0
    assert 0.6 < body.sum() / phantom.sum() < 1.6
    assert dice(body, phantom) > 0.8
    read = segment(load_segmenter(FOLDER, model.config), _unit(model, outputs["ct"].array)).numpy()[0]
    assert dice(read == model.groups.index("liver") + 1, held_out.liver()[0]) > 0.85


def _unit(model: NaDiffModel, image_hu: np.ndarray) -> torch.Tensor:  # type: ignore[type-arg]
    return torch.from_numpy(model.config.window.to_unit(image_hu.astype(np.float32)))[:, None]
