"""What a person does on the command line, with the real command in a process of its own."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import numpy as np
import pytest

from command_line import ctstudio, ctstudio_here
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.volume import Volume
from ctstudio.io.reading import read_labels, read_volume
from ctstudio.io.writing import write_labels, write_volume
from tiny_na_diff import SMALL, write_tiny_model

pytestmark = pytest.mark.timeout(600)  # a dozen processes, also on a busy machine
GRID = Grid.centred((2, 64, 64), (6.0, 6.0, 5.0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CT of a water cylinder, a mask with body and liver, and a tiny model."""
    place = tmp_path_factory.mktemp("command_line")
    y, x = np.mgrid[:64, :64] - 31.5
    body = (x / 26) ** 2 + (y / 20) ** 2 < 1
    liver = ((x + 10) / 9) ** 2 + ((y + 2) / 9) ** 2 < 1
    ct = np.where(body, 40, -1000).astype(np.int16)
    labels = np.where(liver, 5, np.where(body, 118, 0)).astype(np.uint8)
    write_volume(Volume(np.stack([ct, ct]), GRID), place / "ct.nii.gz")
    write_labels(LabelMap(np.stack([labels, labels]), GRID, standard_table()), place / "mask.nii.gz")
    write_labels(LabelMap(np.zeros(GRID.shape, np.uint8), GRID, standard_table()), place / "empty.nii.gz")
    bad = np.stack([ct, ct]).astype(np.float32)
    bad[0, 30, 30] = np.nan
    write_volume(Volume(bad, GRID), place / "nan.nii.gz")
    (place / "notes.txt").write_text("not an image")
    (place / "broken.nii.gz").write_bytes((place / "ct.nii.gz").read_bytes()[:200])
    write_tiny_model(place / "tiny", changes=SMALL)
    return place


def test_help_comes_at_once_and_names_every_command() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    said = ctstudio("--help")
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 0.6  # seconds of processor, not of patience
    for name in ("demo", "doctor", "phantom", "dose", "run", "recreate", "models", "dataset", "train"):
        assert name in said.out


def test_doctor_says_what_the_machine_has() -> None:
    facts = ctstudio("doctor", "--json").facts
    assert facts["memory"]["total_bytes"] > 0
    assert facts["program"]["versions"]["torch"] != "missing"
    assert set(facts["works"]) == {"window", "3D view", "generate"}
    assert all(one["reason"] for one in facts["works"].values())


@pytest.mark.parametrize("region", ["chest", "abdomen", "head"])
def test_phantom_writes_a_patient_whose_truth_is_true(tmp_path: Path, region: str) -> None:
    said = ctstudio("phantom", "--region", region, "--seed", 3, "--size", 48, "--spacing", 6, "--out", tmp_path)
    assert said.code == 0, said.err
    ct, labels = read_volume(tmp_path / "ct.nii.gz"), read_labels(tmp_path / "labels.nii.gz")
    assert ct.is_hu
    assert ct.synthetic
    assert ct.grid.shape == (48, 48, 48)
    assert ct.grid.matches(labels.grid)
    for name in ("pet", "mr"):
        assert read_volume(tmp_path / f"{name}.nii.gz").grid.matches(ct.grid)
    assert json.loads((tmp_path / "truth.json").read_text())["seed"] == 3
    assert "impression" in (tmp_path / "report.txt").read_text().lower()


def test_phantom_refuses_what_it_cannot_make(tmp_path: Path) -> None:
    ctstudio("phantom", "--region", "foot", "--out", tmp_path).complains_of("foot", "chest")
    ctstudio("phantom", "--finding", "effusion", "--out", tmp_path).complains_of("effusion")
    ctstudio("phantom", "--finding", "toothache=large", "--out", tmp_path).complains_of("toothache")


def test_dose_adds_the_noise_it_says(folder: Path, tmp_path: Path) -> None:
    out, spread = tmp_path / "low.nii.gz", tmp_path / "noise.nii.gz"
    words = ("dose", folder / "ct.nii.gz", "--dose", 0.1, "--out", out, "--noise-map", spread, "--seed", 4, "--json")
    facts = ctstudio(*words).facts
    clean, low = read_volume(folder / "ct.nii.gz"), read_volume(out)
    inside = clean.array > 0
    noise = low.array[inside] - clean.array[inside]
    assert low.synthetic
    assert noise.std() == pytest.approx(facts["noise_sd_hu"], rel=0.4)
    assert read_volume(spread).unit == "HU_SD"
    assert ctstudio(*words).code == 0
    np.testing.assert_array_equal(read_volume(out).array, low.array)


def test_dose_from_two_scans_gives_the_low_scan_at_its_own_dose(folder: Path, tmp_path: Path) -> None:
    low, again = tmp_path / "low.nii.gz", tmp_path / "again.nii.gz"
    assert ctstudio("dose", folder / "ct.nii.gz", "--dose", 0.25, "--out", low).code == 0
    words = ("--dose", 0.25, "--low-dose", low, "--low-dose-fraction", 0.25, "--out", again)
    assert ctstudio("dose", folder / "ct.nii.gz", *words).code == 0
    np.testing.assert_allclose(read_volume(again).array, read_volume(low).array, atol=1e-2)


def test_dose_says_what_is_wrong_with_its_input(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def dose(scan: str, *words: object) -> None:
        given = words or ("--dose", 0.25)
        said = ctstudio_here(capsys, "dose", folder / scan, *given, "--out", tmp_path / "x.nii.gz")
        said.complains_of()
        assert not (tmp_path / "x.nii.gz").exists()

    for scan in ("missing.nii.gz", "notes.txt", "broken.nii.gz", "nan.nii.gz", "mask.nii.gz"):
        dose(scan)
    for value in (0, 1.5, -1, "much"):
        dose("ct.nii.gz", "--dose", value)
    said = ctstudio("dose", folder / "ct.nii.gz", "--dose", 0.25, "--out", tmp_path / "x.png")
    said.complains_of("x.png", ".nii.gz")


def test_run_and_recreate_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    said = ctstudio(
        *("run", "na-diff", "generate", "--mask", folder / "mask.nii.gz", "--model", folder / "tiny"),
        *("--dose", 0.25, "--steps", 4, "--seed", 7, "--count", 2, "--out", tmp_path / "a", "--json"),
    )
    samples = said.facts["samples"]
    assert [Path(sample["folder"]).name for sample in samples] == ["0001", "0002"]
    assert [sample["seed"] for sample in samples] == [7, 8]
    second = tmp_path / "a" / "0002"
    assert {p.name for p in second.iterdir()} >= {"ct.nii.gz", "noise_map.nii.gz", "provenance.json", "preview.png"}
    ct = read_volume(second / "ct.nii.gz")
    assert ct.synthetic
    assert ct.grid.matches(GRID)
    facts = ctstudio("recreate", second / "provenance.json", "--out", tmp_path / "b", "--json").facts
    assert facts["identical"]
    assert facts["differences"] == []
    for name in ("ct.nii.gz", "noise_map.nii.gz"):
        assert (second / name).read_bytes() == (tmp_path / "b" / "0001" / name).read_bytes()


def test_recreate_says_what_has_changed(folder: Path, tmp_path: Path) -> None:
    mask = tmp_path / "mask.nii.gz"
    mask.write_bytes((folder / "mask.nii.gz").read_bytes())
    model = write_tiny_model(tmp_path / "tiny", changes=SMALL)
    run = ("run", "na-diff", "generate", "--mask", mask, "--model", model, "--steps", 4, "--out", tmp_path / "a")
    assert ctstudio(*run).code == 0
    labels = read_labels(mask)
    changed = labels.array.copy()
    changed[0, 30:34, 30:34] = 5
    write_labels(LabelMap(changed, labels.grid, labels.table), mask)
    facts = ctstudio("recreate", tmp_path / "a" / "0001" / "provenance.json", "--out", tmp_path / "b", "--json").facts
    assert not facts["identical"]
    assert "ct" in facts["changed"]
    assert any("mask" in line for line in facts["differences"])
    mask.unlink()
    again = ctstudio("recreate", tmp_path / "a" / "0001" / "provenance.json", "--out", tmp_path / "b")
    again.complains_of("mask.nii.gz", "does not exist")


def test_run_says_what_is_wrong_with_its_input(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: object) -> tuple[object, ...]:
        return ("run", "na-diff", "generate", *words, "--model", folder / "tiny", "--out", tmp_path)

    mask = folder / "mask.nii.gz"
    ctstudio(*run()).complains_of("--mask")
    ctstudio_here(capsys, *run("--mask", mask, "--dose", 0)).complains_of("Dose", "0.05")
    ctstudio_here(capsys, *run("--mask", mask, "--dose", 1.5)).complains_of("Dose", "0.05")
    ctstudio_here(capsys, *run("--mask", mask, "--sampler", "magic")).complains_of("magic", "ddim")
    ctstudio_here(capsys, *run("--mask", folder / "notes.txt")).complains_of("notes.txt")
    ctstudio_here(capsys, *run("--mask", folder / "ct.nii.gz")).complains_of("looks like a scan")
    said = ctstudio_here(capsys, *run("--mask", folder / "empty.nii.gz"))
    assert said.code == 2
    assert "empty" in said.err
    assert list(tmp_path.iterdir()) == []


def test_models_are_listed_shown_and_checked(folder: Path) -> None:
    assert isinstance(ctstudio("models", "list", "--json").facts["models"], list)
    assert "demo (phantom-trained)" in ctstudio("models", "show", folder / "tiny").out
    assert ctstudio("models", "check", folder / "tiny", "--json").facts["intact"]
    ctstudio("models", "show", "no-such-model").complains_of("no-such-model")


def test_a_changed_weight_file_is_found(tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path / "tiny", changes=SMALL)
    weights = model / "denoiser" / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    ctstudio("models", "check", model).complains_of("denoiser/model.safetensors")


def test_words_that_are_nothing_get_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    ctstudio("doctr").complains_of("doctr", "doctor")
    ctstudio_here(capsys, "models", "list", "--bogus").complains_of("--bogus")
    ctstudio_here(capsys, "train", "no/such-recipe", "--out", "x").complains_of("no/such-recipe")
    ctstudio_here(capsys, "train").complains_of("recipe")


def test_the_engine_is_not_for_hands() -> None:
    said = ctstudio("engine")
    assert said.code == 1
    assert "ctstudio" in said.err
