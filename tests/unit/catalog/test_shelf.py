"""Models are found in order, broken ones are told, changed files are caught."""

import json

import pytest

from ctstudio.catalog import shelf
from ctstudio.catalog.model_card import ModelInfo, Range
from ctstudio.core.errors import DigestMismatch, ModelNotFound, ParameterError
from ctstudio.core.working_grid import FieldOfView


@pytest.fixture(autouse=True)
def own_places(monkeypatch, tmp_path):
    """Search only inside the test's folder."""
    monkeypatch.setattr(shelf, "bundled_models_dir", lambda: tmp_path / "bundled")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def test_a_model_in_an_extra_folder_is_found_by_name_and_by_path(make_model, tmp_path):
    folder = make_model(tmp_path / "extra")
    assert shelf.find_model("na-diff-demo", [tmp_path / "extra"]).folder == folder
    assert shelf.find_model(folder).info.name == "na-diff-demo"
    assert shelf.find_model(str(folder)).info.system == "na_diff"


def test_the_extra_folder_may_be_the_model_itself(make_model, tmp_path):
    folder = make_model(tmp_path / "extra")
    assert [m.folder for m in shelf.find_models([folder])] == [folder]


def test_the_users_data_folder_is_searched(make_model, tmp_path):
    make_model(tmp_path / "data" / "ctstudio" / "models", "mine")
    assert [m.info.name for m in shelf.find_models()] == ["mine"]


def test_the_bundled_model_wins_over_one_of_the_same_name_and_it_is_said(make_model, tmp_path):
    bundled = make_model(tmp_path / "bundled")
    make_model(tmp_path / "extra")
    found = shelf.look([tmp_path / "extra"])
    assert [m.folder for m in found.models] == [bundled]
    assert "same name" in found.notes[0]


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "x"}', "\x00"])
def test_a_broken_model_is_a_note_and_the_others_are_found(make_model, tmp_path, text):
    make_model(tmp_path / "extra", "good")
    broken = tmp_path / "extra" / "broken"
    broken.mkdir()
    (broken / "model.json").write_text(text)
    found = shelf.look([tmp_path / "extra"])
    assert [m.info.name for m in found.models] == ["good"]
    assert len(found.notes) == 1
    assert "broken" in found.notes[0]


def test_unknown_keys_and_files_outside_the_folder_are_refused(make_model, tmp_path):
    folder = make_model(tmp_path / "extra")
    data = json.loads((folder / "model.json").read_text())
    for change in ({"colour": 1}, {"files": {"../secret": "0"}}, {"files": {"/etc/passwd": "0"}}):
        (folder / "model.json").write_text(json.dumps(data | change))
        with pytest.raises(ModelNotFound, match="cannot be used"):
            shelf.find_model(folder)


def test_a_missing_model_lists_what_is_there(make_model, tmp_path):
    make_model(tmp_path / "extra", "one")
    make_model(tmp_path / "extra", "two")
    with pytest.raises(ModelNotFound, match="one, two"):
        shelf.find_model("three", [tmp_path / "extra"])
    with pytest.raises(ModelNotFound, match="none"):
        shelf.find_model("three")


def test_check_passes_an_untouched_model_and_names_every_wrong_file(make_model, tmp_path):
    folder = make_model(tmp_path)
    shelf.check(shelf.find_model(folder))
    (folder / "network.safetensors").write_bytes(b"other")
    (folder / "vae" / "weights.safetensors").unlink()
    (folder / "extra.safetensors").write_bytes(b"stowaway")
    with pytest.raises(DigestMismatch) as caught:
        shelf.check(shelf.find_model(folder))
    assert "network.safetensors is not the file" in caught.value.message
    assert "vae/weights.safetensors is missing" in caught.value.message
    assert "extra.safetensors is not listed" in caught.value.message


def test_a_demo_title_always_says_so(ranges):
    demo = ModelInfo(name="a", size="demo", title="NA-Diff", system="na_diff", ranges=ranges)
    assert demo.title == "NA-Diff demo (phantom-trained)"
    again = ModelInfo.model_validate_json(demo.model_dump_json())
    assert again == demo
    assert ModelInfo(name="a", size="paper", title="NA-Diff", system="na_diff", ranges=ranges).title == "NA-Diff"


def test_a_range_is_ordered():
    with pytest.raises(ValueError, match="above"):
        Range(low=2, high=1)


@pytest.mark.parametrize("name", ["vae/pytorch_model.bin", "old.pt", "notes.PKL"])
def test_check_finds_unlisted_weights_of_every_kind(make_model, tmp_path, name):
    folder = make_model(tmp_path)
    (folder / name).write_bytes(b"stowaway")
    with pytest.raises(DigestMismatch, match="is not listed"):
        shelf.check(shelf.find_model(folder))


def test_a_model_says_what_it_sees_of_a_slice(ranges):
    def info(**config):
        return ModelInfo(name="a", size="demo", title="A", system="na_diff", ranges=ranges, config=config)

    assert info(image_size=128, pixel_mm=3).field_of_view == FieldOfView(128, 3.0)
    assert info().field_of_view == FieldOfView()
    for wrong in ({"image_size": "large"}, {"pixel_mm": None}, {"pixel_mm": 0}):
        with pytest.raises(ParameterError, match=r"model\.json|does not say"):
            assert info(**wrong).field_of_view
