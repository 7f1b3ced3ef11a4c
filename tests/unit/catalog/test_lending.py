"""A model may share a part with another: it is found, checked, and refused when it has changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ctstudio.catalog import shelf
from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.shelf import Model, check, file_digest, find_model, lend, part_folder
from ctstudio.core.errors import DigestMismatch, ModelNotFound


@pytest.fixture(autouse=True)
def own_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shelf, "bundled_models_dir", lambda: tmp_path / "models")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def _write(folder: Path, parts: dict[str, bytes], **changes: object) -> Model:
    for part, content in parts.items():
        (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / part / "model.safetensors").write_bytes(content)
    files = {f"{part}/model.safetensors": file_digest(folder / part / "model.safetensors") for part in parts}
    ranges = {"region": "abdomen", "labels": ["liver"]} | {
        key: {"low": 0.1, "high": 1} for key in ("fov_mm", "spacing_mm", "dose")
    }
    card = {"name": folder.name, "size": "demo", "title": "T", "system": "na_diff", "ranges": ranges, "files": files}
    ModelInfo.model_validate({**card, **changes}).write(folder)
    return find_model(folder)


@pytest.fixture
def lender(tmp_path: Path) -> Model:
    return _write(tmp_path / "models" / "lender", {"vae": b"vae", "clip": b"clip"})


@pytest.fixture
def borrower(tmp_path: Path, lender: Model) -> Model:
    return _write(tmp_path / "models" / "borrower", {"denoiser": b"own"}, borrows={"vae": lend(lender, "vae")})


def test_a_part_lies_with_its_owner(borrower: Model, lender: Model) -> None:
    assert part_folder(borrower, "vae") == lender.folder / "vae"
    assert part_folder(borrower, "denoiser") == borrower.folder / "denoiser"
    check(borrower)


def test_what_is_borrowed_is_lent_on_by_its_owner(tmp_path: Path, borrower: Model, lender: Model) -> None:
    third = _write(tmp_path / "models" / "third", {"denoiser": b"x"}, borrows={"vae": lend(borrower, "vae")})
    assert third.info.borrows["vae"].model == lender.info.name
    assert part_folder(third, "vae") == lender.folder / "vae"


def test_a_lender_beside_the_model_is_used_before_one_on_the_shelf(tmp_path: Path, borrower: Model) -> None:
    elsewhere = tmp_path / "elsewhere"
    near = _write(elsewhere / "lender", {"vae": b"vae", "clip": b"clip"})
    moved = _write(elsewhere / "borrower", {"denoiser": b"own"}, borrows=dict(borrower.info.borrows))
    assert part_folder(moved, "vae") == near.folder / "vae"


def test_a_lender_that_is_gone_is_named(borrower: Model, lender: Model) -> None:
    (lender.folder / "model.json").unlink()
    with pytest.raises(ModelNotFound, match="lender"):
        part_folder(borrower, "vae")


def test_a_lender_with_another_part_is_refused(borrower: Model, lender: Model) -> None:
    _write(lender.folder, {"vae": b"other", "clip": b"clip"})
    with pytest.raises(DigestMismatch, match="shares its vae with lender"):
        part_folder(borrower, "vae")


def test_a_lent_file_that_was_changed_is_caught(borrower: Model, lender: Model) -> None:
    (lender.folder / "vae" / "model.safetensors").write_bytes(b"tampered")
    with pytest.raises(DigestMismatch, match="which lender lends, has changed"):
        check(borrower)


def test_a_part_that_is_not_there_cannot_be_lent(lender: Model) -> None:
    with pytest.raises(ModelNotFound, match="no segmenter to lend"):
        lend(lender, "segmenter")


def test_a_change_of_other_parts_of_the_lender_does_not_matter(borrower: Model, lender: Model) -> None:
    _write(lender.folder, {"vae": b"vae", "clip": b"another"})
    check(borrower)
    assert json.loads((borrower.folder / "model.json").read_text())["borrows"]["vae"]["model"] == "lender"
