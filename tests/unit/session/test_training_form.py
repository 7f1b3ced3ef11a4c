"""The form for a new run: fields from the recipe, bad values refused, bad choices named before the first step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import scripted_trainer
from ctstudio.catalog.dataset import Case, DatasetInfo
from ctstudio.catalog.recipes import list_recipes, load_recipe, recipe_from
from ctstudio.catalog.shelf import Model
from ctstudio.core.errors import ParameterError
from ctstudio.session.training_check import describe, problems
from ctstudio.session.training_form import TrainingForm
from scripted_trainer import model

FINE_TUNE = recipe_from(scripted_trainer.settings())
DISTIL = recipe_from(
    {key: value for key, value in scripted_trainer.settings().items() if key != "adapt"}
    | {"kind": "distil", "name": "test/distil", "title": "Few steps"}
)


@pytest.fixture
def form(tmp_path: Path) -> TrainingForm:
    form = TrainingForm(lambda name: tmp_path / name.replace(" ", "-"))
    form.offer((FINE_TUNE, DISTIL))
    return form


def dataset(folder: Path, parts: tuple[str, ...] = ("train", "validation"), kinds: tuple[str, ...] = ("ct", "labels")):
    cases = []
    for number, part in enumerate(parts):
        files = {kind: f"cases/{number}/{kind}.npy" for kind in kinds}
        for file in files.values():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            np.save(folder / file, np.zeros(1))
        cases.append(
            Case(
                name=str(number),
                patient=str(number),
                part=part,
                files=files,
                shape=(1, 1, 1),
                spacing_mm=(1, 1, 1),
                origin_mm=(0, 0, 0),
                direction=((1, 0, 0), (0, 1, 0), (0, 0, 1)),
                digest=str(number),
            )
        )
    info = DatasetInfo(name="local", source="here", seed=0, cases=tuple(cases))
    folder.mkdir(exist_ok=True)
    info.write(folder)
    return info


def test_fields_come_from_the_recipe(form: TrainingForm) -> None:
    names = [field.name for field in form.fields()]
    assert names[:3] == ["denoiser.steps", "denoiser.batch", "denoiser.learning_rate"]
    assert {"adapt.method", "adapt.rank"} <= set(names)
    assert {field.name: field for field in form.fields()}["adapt.method"].choices == ("full", "lora", "controlnet")
    form.take(DISTIL)
    names = [field.name for field in form.fields()]
    assert "distil.student_steps" in names
    assert "adapt.rank" not in names


def test_values_are_set_or_refused(form: TrainingForm) -> None:
    heard: list[str] = []
    form.changed.connect(heard.append)
    form.set("denoiser.learning_rate", "3e-4")
    form.set("adapt.method", "full")
    form.set("denoiser.steps", 50)
    assert (form.value("denoiser.learning_rate"), form.value("adapt.method")) == (3e-4, "full")
    assert heard == ["denoiser.learning_rate", "adapt.method", "denoiser.steps"]
    for name, bad in (("denoiser.steps", 0), ("denoiser.learning_rate", "fast"), ("denoiser.learning_rate", "nan")):
        with pytest.raises(ParameterError, match=r"Steps|Learning rate"):
            form.set(name, bad)
    assert form.value("denoiser.steps") == 50


def test_data_is_phantoms_or_a_data_set(form: TrainingForm) -> None:
    form.set("data.patients", 7)
    form.dataset = "/data/local"
    assert form.settings["data"] == {"source": "dataset", "folder": "/data/local", "slices_each": 32}
    assert "data.patients" not in [field.name for field in form.fields()]
    form.dataset = None
    assert form.settings["data"]["source"] == "phantom"


def test_a_clone_has_the_same_settings_under_another_name(form: TrainingForm) -> None:
    settings = scripted_trainer.settings(77, "First")
    form.folder = Path("/elsewhere")
    form.clone(settings)
    assert form.title == "First copy"
    assert form.value("denoiser.steps") == 77
    assert form.folder.name == "First-copy"
    form.clone(form.settings)
    assert form.title == "First copy"
    with pytest.raises(ParameterError):
        form.clone({"kind": "unheard of"})


def test_another_recipe_keeps_the_model_of_the_same_system(form: TrainingForm) -> None:
    form.base = "mine"
    form.take(DISTIL)
    assert form.base == "mine"
    assert form.recipe_name == "test/distil"


def test_good_choices_have_no_problem(form: TrainingForm, tmp_path: Path) -> None:
    assert problems(form.settings, tmp_path / "new", [model()]) == ()
    info = dataset(tmp_path / "data")
    form.dataset = str(tmp_path / "data")
    assert problems(form.settings, tmp_path / "new", [model()]) == ()
    assert describe(info) == "2 cases: 1 train, 1 validation, 0 test"


def test_bad_choices_are_named(form: TrainingForm, tmp_path: Path) -> None:
    def said(folder: Path | None = tmp_path / "new", models: tuple[Model, ...] = (model(),)) -> str:
        return " ".join(str(problem) for problem in problems(form.settings, folder, models))

    assert "not on the shelf" in said(models=())
    assert "model of medsyn" in said(models=(model(system="medsyn"),))
    form.base = ""
    assert "No model" in said()
    form.base = "na-diff-demo"
    form.dataset = ""
    assert "No data set" in said()
    form.dataset = str(tmp_path / "nowhere")
    assert "not a prepared data set" in said()
    for name, parts, kinds, words in (
        ("a", ("train",), ("ct", "labels"), "validation part"),
        ("b", ("train", "validation"), ("ct",), "No case of local has CT and labels"),
        ("c", (), ("ct", "labels"), "No case"),
    ):
        dataset(tmp_path / name, parts, kinds)
        form.dataset = str(tmp_path / name)
        assert words in said()
    form.dataset = None
    (tmp_path / "file").write_text("")
    assert "cannot be written" in said(tmp_path / "file" / "run")
    assert "No folder" in said(None)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "run.json").write_text("{}")
    assert "holds a run" in said(tmp_path / "old")
    form.title = " "
    assert "no name" in said()
    assert "kind" in " ".join(map(str, problems({}, tmp_path, [])))


def test_a_recipe_of_borrowed_parts_says_what_it_begins_with() -> None:
    form = TrainingForm(lambda title: Path("runs") / title)
    form.offer(tuple(list_recipes()))
    assert form.recipe_name == "fine-tune/na-diff-lora"
    assert [recipe.kind for recipe in form.recipes] == sorted(
        (recipe.kind for recipe in form.recipes),
        key=lambda kind: {"fine-tune": 0, "meddiff-lesion": 0, "distil": 1, "medsyn-distil": 1}.get(kind, 2),
    )
    said = {}
    for name in ("demo/na-diff", "demo/na-diff-a", "demo/na-diff-c"):
        form.take(load_recipe(name))
        said[name] = form.beginning
    assert said["demo/na-diff"] == "None: trained from nothing"
    assert said["demo/na-diff-a"] == "None; parts of na-diff-demo"
    assert said["demo/na-diff-c"] == "na-diff-demo-a, with parts of na-diff-demo"


def test_a_recipe_of_reports_learns_on_phantoms_alone() -> None:
    form = TrainingForm(lambda title: Path("runs") / title)
    form.offer(tuple(list_recipes()))
    form.take(load_recipe("demo/medsyn"))
    assert (form.needs_base, form.takes_datasets, form.dataset) == (False, False, None)
    assert form.phantoms is not None
    assert {"coarse.steps", "coarse.learning_rate", "upscaler.steps", "data.fine_patients"} <= {
        field.name for field in form.fields()
    }
    form.set("coarse.steps", "12")
    assert form.value("coarse.steps") == 12


def test_a_model_of_whole_bodies_learns_on_phantoms_and_a_lesion_on_either() -> None:
    form = TrainingForm(lambda title: Path("runs") / title)
    form.offer(tuple(list_recipes()))
    form.take(load_recipe("demo/meddiff-fm"))
    assert (form.needs_base, form.takes_datasets) == (False, False)
    names = {field.name for field in form.fields()}
    assert {"denoiser.steps", "denoiser.batch", "control.steps", "data.patients", "data.lesion_patients"} <= names
    form.take(load_recipe("fine-tune/meddiff-fm-lesion"))
    assert (form.base, form.takes_datasets, form.dataset) == ("meddiff-fm-demo", True, None)
    form.dataset = "mine"
    assert form.settings["data"] == {"source": "dataset", "folder": "mine", "region": None}
    assert {"lesion", "control.steps"} <= {field.name for field in form.fields()}
    form.set("lesion", "liver_lesion")
    assert form.settings["lesion"] == "liver_lesion"
