"""A new model's folder is there whole or not at all, and takes nobody's name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ctstudio.catalog.model_card import ModelInfo, Range, Ranges
from ctstudio.catalog.new_model import adopt, free_place, new_model_folder
from ctstudio.catalog.shelf import check, file_digest, find_model
from ctstudio.core.errors import DigestMismatch, ParameterError, StorageError

ANY = Range(low=0, high=1)
RANGES = Ranges(region="x", fov_mm=ANY, spacing_mm=ANY, dose=ANY, labels=[])


def _model(folder: Path, name: str, content: bytes = b"weights", **changes: object) -> Path:
    (folder / "net").mkdir(parents=True)
    (folder / "net" / "model.safetensors").write_bytes(content)
    files = {"net/model.safetensors": file_digest(folder / "net" / "model.safetensors")}
    info = {"name": name, "size": "paper", "title": "T", "system": "na_diff", "ranges": RANGES, "files": files}
    ModelInfo.model_validate({**info, **changes}).write(folder)
    return folder


def _fail_in_the_middle(shelf: Path, error: type[BaseException]) -> None:
    with new_model_folder(shelf, "old", replace=True) as folder:
        (folder / "half").write_text("x")
        raise error


def test_a_folder_appears_when_all_is_in_it(tmp_path: Path) -> None:
    with new_model_folder(tmp_path / "shelf", "new") as folder:
        (folder / "file").write_text("x")
        assert not (tmp_path / "shelf" / "new").exists()
    assert (tmp_path / "shelf" / "new" / "file").read_text() == "x"
    assert [p.name for p in (tmp_path / "shelf").iterdir()] == ["new"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_is_left_after_an_error_and_an_old_model_stays(tmp_path: Path, error: type[BaseException]) -> None:
    _model(tmp_path / "old", "old")
    with pytest.raises(error):
        _fail_in_the_middle(tmp_path, error)
    assert [p.name for p in tmp_path.iterdir()] == ["old"]
    check(find_model(tmp_path / "old"))


def test_a_taken_name_is_refused_unless_it_may_be_replaced(tmp_path: Path) -> None:
    _model(tmp_path / "mine", "mine")
    with pytest.raises(ParameterError, match="mine already"):
        free_place(tmp_path, "mine")
    with new_model_folder(tmp_path, "mine", replace=True) as folder:
        (folder / "other").write_text("x")
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["other"]


def test_the_name_of_a_model_elsewhere_on_the_shelf_is_refused_even_then(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="na-diff-demo already"):
        free_place(tmp_path, "na-diff-demo", replace=True)
    _model(tmp_path / "folder", "inside")
    with pytest.raises(ParameterError, match="inside already"):
        free_place(tmp_path, "inside", replace=True)


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "a\\b", "a:b", "a\nb", "what?"])
def test_what_cannot_be_a_folder_cannot_be_a_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ParameterError, match="cannot be the name"):
        free_place(tmp_path, name)


def test_a_shelf_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="cannot be written"), new_model_folder(tmp_path / "file" / "shelf", "a"):
        pass


def test_a_models_folder_is_copied_with_its_digests(tmp_path: Path) -> None:
    source = _model(tmp_path / "download", "theirs")
    (source / "notes.txt").write_text("not listed, not copied")
    folder, files = adopt(source, "mine", "na_diff", tmp_path / "shelf")
    assert (folder, files) == (tmp_path / "shelf" / "mine", 1)
    model = find_model(folder)
    check(model)
    assert model.info.name == "mine"
    assert not (folder / "notes.txt").exists()
    assert find_model(source).info.name == "theirs"


def test_a_models_folder_that_changed_or_belongs_elsewhere_is_refused(tmp_path: Path) -> None:
    source = _model(tmp_path / "a", "a")
    with pytest.raises(ParameterError, match="belongs to na_diff, not to med_dit"):
        adopt(source, "x", "med_dit", tmp_path / "shelf")
    (source / "net" / "model.safetensors").write_bytes(b"changed")
    with pytest.raises(DigestMismatch, match=r"model\.safetensors"):
        adopt(source, "x", "na_diff", tmp_path / "shelf")
    assert not (tmp_path / "shelf").exists() or not os.listdir(tmp_path / "shelf")


def test_only_looking_copies_nothing(tmp_path: Path) -> None:
    source = _model(tmp_path / "a", "a")
    adopt(source, "x", "na_diff", tmp_path / "shelf", dry_run=True)
    assert not (tmp_path / "shelf").exists()


def test_a_model_says_why_it_is_not_ready(tmp_path: Path) -> None:
    assert find_model(_model(tmp_path / "a", "a")).info.not_ready == ""
    fresh = find_model(_model(tmp_path / "b", "b", not_trained=["denoiser: conditions.* (10 tensors)"])).info
    assert "conditions.*" in fresh.not_ready
    assert "never trained" in fresh.not_ready
    part = find_model(_model(tmp_path / "c", "c", lacks=["vae", "clip"])).info
    assert "no vae and no clip" in part.not_ready
