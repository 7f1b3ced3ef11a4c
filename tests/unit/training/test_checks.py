"""What can be named before the first step is named then, and nothing is written."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ctstudio.catalog.recipes import load_recipe, recipe_from
from ctstudio.core.errors import CtStudioError, DigestMismatch, InputError, ModelNotFound, ParameterError, StorageError
from ctstudio.training.checks import check_run
from ctstudio.training.launch import run_recipe
from tiny_dataset import write_case, write_dataset
from tiny_na_diff import write_tiny_model
from tiny_recipe import CHANGES, tuning

FOLDER = Path("never")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("base") / "base", "tiny-base")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data"))


def _refused(recipe: dict[str, Any], kind: type[CtStudioError], words: str, folder: Path) -> None:
    with pytest.raises(kind, match=words) as caught:
        run_recipe(recipe_from(recipe), folder)
    assert caught.value.exit_code == 2
    assert caught.value.remedy
    assert not folder.exists()


def test_what_is_right_is_not_refused(base: Path, data: Path) -> None:
    check_run(recipe_from(tuning(base, data)), FOLDER, resume=False)
    check_run(load_recipe("demo/na-diff"), FOLDER, resume=False)
    check_run(load_recipe("demo/na-diff", CHANGES), FOLDER, resume=False)


def test_a_base_that_is_not_there(tmp_path: Path, data: Path) -> None:
    _refused(tuning("no-such-model", data), ModelNotFound, "no-such-model", tmp_path / "run")


def test_a_base_of_another_system(tmp_path: Path, data: Path) -> None:
    other = write_tiny_model(tmp_path / "other")
    card = json.loads((other / "model.json").read_text())
    (other / "model.json").write_text(json.dumps({**card, "system": "report_diff"}))
    _refused(tuning(other, data), ParameterError, "belongs to report_diff", tmp_path / "run")


def _with_card(folder: Path, **changes: Any) -> Path:
    card = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**card, **changes}))
    return folder


def test_an_imported_base_that_lacks_parts(tmp_path: Path, data: Path) -> None:
    part = _with_card(write_tiny_model(tmp_path / "part"), lacks=["vae", "clip"])
    _refused(tuning(part, data), ParameterError, "no vae and no clip", tmp_path / "run")


def test_an_imported_base_that_nobody_trained_may_learn_but_not_teach(tmp_path: Path, data: Path) -> None:
    fresh = _with_card(write_tiny_model(tmp_path / "fresh"), not_trained=["denoiser: conditions.* (8 tensors)"])
    check_run(recipe_from(tuning(fresh, data)), FOLDER, resume=False)
    with pytest.raises(ParameterError, match="never trained"):
        check_run(load_recipe("distil/na-diff", {"base": str(fresh)}), FOLDER, resume=False)


def test_a_base_whose_weights_were_changed(tmp_path: Path, data: Path) -> None:
    broken = write_tiny_model(tmp_path / "broken")
    with (broken / "denoiser" / "model.safetensors").open("ab") as file:
        file.write(b"x")
    _refused(tuning(broken, data), DigestMismatch, "denoiser", tmp_path / "run")


def test_a_system_that_nobody_trains(tmp_path: Path, base: Path, data: Path) -> None:
    _refused(tuning(base, data, system="na_dif"), ParameterError, "'na_dif'", tmp_path / "run")


def test_a_layer_that_is_none(tmp_path: Path, base: Path, data: Path) -> None:
    recipe = tuning(base, data, adapt={"targets": ["attn.qvk"]})
    _refused(recipe, ParameterError, r"attn\.qvk", tmp_path / "run")


def test_a_data_set_that_is_none(tmp_path: Path, base: Path) -> None:
    _refused(tuning(base, tmp_path / "nothing"), InputError, "not a prepared data set", tmp_path / "run")
    (tmp_path / "dataset.json").write_text("{")
    _refused(tuning(base, tmp_path), InputError, "cannot be read", tmp_path / "run")


def test_a_patient_on_both_sides(tmp_path: Path, base: Path) -> None:
    leak = tmp_path / "leak"
    cases = [write_case(leak, "a", "train", patient="P1"), write_case(leak, "b", "validation", patient="P1")]
    _refused(tuning(base, write_dataset(leak, *cases)), InputError, "P1", tmp_path / "run")


def test_a_batch_that_the_parts_cannot_share(tmp_path: Path, base: Path, data: Path) -> None:
    recipe = tuning(base, data)
    recipe["denoiser"]["accumulate"] = 3
    _refused(recipe, ParameterError, "2 cannot be shared by 3", tmp_path / "run")
    with pytest.raises(ParameterError, match="12 cannot be shared by 5"):
        check_run(load_recipe("demo/na-diff"), FOLDER, resume=False, processes=5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"network.hidden": "many"}, r"network\.hidden"),
        ({"network.label_groups.liver": '["lever"]'}, "lever"),
        ({"network.image_size": "130"}, "130 is no multiple of 4"),
        ({"network.heads": "5"}, "multiple of 5 heads"),
        ({"network.patch": "7"}, r"network\.patch"),
        ({"vae.block_out_channels": "[4, 4]"}, "shrinks by 2"),
        ({"vae.crop": "30"}, r"vae\.crop"),
        ({"data.first_seed": "8999"}, "judged on"),
    ],
)
def test_networks_and_phantoms_that_do_not_fit(tmp_path: Path, changes: dict[str, str], words: str) -> None:
    recipe = load_recipe("demo/na-diff", {**CHANGES, **changes}).model_dump(mode="json")
    _refused(recipe, InputError, words, tmp_path / "run")


def test_a_network_with_an_unknown_key(tmp_path: Path) -> None:
    recipe = load_recipe("demo/na-diff", CHANGES).model_dump(mode="json")
    recipe["network"]["hiddn"] = 3
    _refused(recipe, ParameterError, r"network\.hiddn", tmp_path / "run")


def test_a_folder_that_holds_a_run(tmp_path: Path, base: Path, data: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(ParameterError, match="already holds a training run") as caught:
        run_recipe(recipe_from(tuning(base, data)), tmp_path)
    assert "--resume" in caught.value.remedy
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoints"]


def test_a_place_where_a_file_stands_in_the_way(tmp_path: Path, base: Path, data: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StorageError, match="cannot be written") as caught:
        run_recipe(recipe_from(tuning(base, data)), tmp_path / "file" / "run")
    assert caught.value.exit_code == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path, base: Path, data: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(StorageError, match="cannot be written"):
        run_recipe(recipe_from(tuning(base, data)), tmp_path / "locked" / "run")
