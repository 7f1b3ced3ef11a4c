"""Chests from the command line: from a report, from anatomy, read back, made again, refused, and many at once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from command_line import Said, ctstudio, ctstudio_here
from ctstudio.core.labels import LUNG_LOBES, values_of
from ctstudio.io.reading import read_labels, read_volume
from ctstudio.io.writing import write_labels, write_volume
from tiny_medsyn import write_tiny_medsyn

BRONCHI, VESSEL = values_of(["bronchi", "lung_vessels"])
TEXT = "Large left pleural effusion."


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model."""
    place = tmp_path_factory.mktemp("medsyn")
    write_tiny_medsyn(place / "tiny")
    return place


@pytest.fixture(scope="module")
def chest(place: Path) -> Path:
    """The folder of a chest made of a report, by the real command."""
    facts = ctstudio(*_asked(place, place / "out"), "--text", TEXT, "--seed", 5, "--json").facts
    assert [sample["folder"] for sample in facts["samples"]] == [str(place / "out" / "0001")]
    assert isinstance(facts["samples"][0]["measures"], dict)
    return place / "out" / "0001"


def _asked(place: Path, out: Path, task: str = "generate") -> tuple[object, ...]:
    fixed = ("--model", place / "tiny", "--steps", 4, "--upscale-steps", 3, "--device", "cpu", "--out", out)
    return ("run", "medsyn", task, *fixed)


def _refused(said: Said, *words: str) -> None:
    """Exit code 2, and the last line on stderr tells; nothing was made."""
    assert said.code == 2, (said.out, said.err)
    assert said.out == ""
    last = [line for line in said.err.splitlines() if line.strip()][-1]
    for word in words:
        assert word in last


def test_a_report_gives_a_folder_with_ct_and_labels(chest: Path) -> None:
    assert {p.name for p in chest.iterdir()} == {"ct.nii.gz", "labels.nii.gz", "provenance.json", "preview.png"}
    ct, labels = read_volume(chest / "ct.nii.gz"), read_labels(chest / "labels.nii.gz")
    assert ct.synthetic
    assert ct.is_hu
    assert ct.grid.extent_mm == pytest.approx((316, 316, 292), abs=0.01)
    assert ct.grid.orientation == ("L", "P", "S")
    assert labels.grid.matches(ct.grid)
    assert set(labels.present()) <= {*values_of(LUNG_LOBES), BRONCHI, VESSEL}
    told = json.loads((chest / "provenance.json").read_text())
    assert (told["system"], told["task"], told["seed"], told["parameters"]["text"]) == ("medsyn", "generate", 5, TEXT)


def test_it_is_made_again_to_the_byte(chest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = chest.parents[1] / "tiny"
    words = ("recreate", chest / "provenance.json", "--model", model, "--out", tmp_path, "--json")
    assert ctstudio_here(capsys, *words).facts["identical"]
    assert (tmp_path / "0001" / "ct.nii.gz").read_bytes() == (chest / "ct.nii.gz").read_bytes()


def test_anatomy_alone_is_followed_and_made_again(
    place: Path, chest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--airway", chest / "labels.nii.gz", "--vessels", chest / "labels.nii.gz", "--json")
    facts = ctstudio_here(capsys, *_asked(place, tmp_path / "a"), *words).facts
    assert not any("resampled" in note for note in facts["notes"])
    given, made = read_labels(chest / "labels.nii.gz"), read_labels(tmp_path / "a" / "0001" / "labels.nii.gz")
    np.testing.assert_array_equal(made.array == VESSEL, given.array == VESSEL)
    again = ("recreate", tmp_path / "a" / "0001", "--out", tmp_path / "b", "--json")
    assert ctstudio_here(capsys, *again).facts["identical"]


def test_anatomy_on_another_grid_is_resampled_and_mirrored_lobes_are_told(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from ctstudio.core.grid import Grid
    from ctstudio.core.labels import LabelMap, standard_table

    grid = Grid((30, 40, 40), (7.0, 7.0, 9.0), (100.0, 100.0, 100.0))
    array = np.zeros(grid.shape, np.uint8)
    for lobe, (low, high) in zip(values_of(LUNG_LOBES)[::4], ((3, 15), (25, 37)), strict=True):
        array[4:26, 8:32, low:high] = lobe  # the left lobe at low x, which is the patient's right
    write_labels(LabelMap(array, grid, standard_table()), tmp_path / "lobes.nii.gz")
    said = ctstudio_here(capsys, *_asked(place, tmp_path / "out"), "--lobes", tmp_path / "lobes.nii.gz", "--json")
    assert any("resampled from voxels of 7 x 7 x 9 mm" in note for note in said.facts["notes"])
    assert any("mirrored" in note for note in said.facts["notes"])
    assert "Left and right (red)" in said.err


def test_a_chest_is_read_back(place: Path, chest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = _asked(place, tmp_path, "segment")
    facts = ctstudio_here(capsys, *words, "--scan", chest / "ct.nii.gz", "--json").facts
    labels = read_labels(tmp_path / "0001" / "labels.nii.gz")
    assert labels.grid.matches(read_volume(chest / "ct.nii.gz").grid)
    assert [p.name for p in sorted((tmp_path / "0001").glob("*.nii.gz"))] == ["labels.nii.gz"]
    assert facts["samples"][0]["outputs"].keys() == {"labels"}


def test_what_is_said_of_the_words_comes_before_the_work(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "No pleural effusion. There is a large left pleural effusion. " + "The lung is normal. " * 3000
    facts = ctstudio_here(capsys, *_asked(place, tmp_path), "--text", text, "--json").facts
    assert any(line.startswith("Contradiction (amber)") for line in facts["fit"])
    assert any(line.startswith("Length (amber)") for line in facts["fit"])
    assert any("what follows was not read" in note for note in facts["notes"])
    foreign = ctstudio_here(capsys, *_asked(place, tmp_path), "--text", "Großer Erguss links, Herz groß", "--json")
    assert foreign.facts["fit"][0].startswith("Language (red)")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), ("nothing was given", "findings, impression, lobes, airway or vessels")),
        (("--text", "  "), ("nothing was given",)),
        (("--text", TEXT, "--guidance", 0.5), ("Guidance", "0.5")),
        (("--text", TEXT, "--steps", 1), ("Steps", "2 to 1000")),
        (("--text", TEXT, "--sampler", "ddpm"), ("Sampler 'ddpm'", "ddim-published")),
        (("--lobes", "missing.nii.gz"), ("missing.nii.gz",)),
        (("--lobes", "ct.nii.gz"), ("looks like a scan",)),
        (("--airway", "empty.nii.gz"), ("airway", "empty")),
        (("--text", TEXT, "--model", "no-such-model"), ("no-such-model",)),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(
    place: Path,
    chest: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[object, ...],
    said: tuple[str, ...],
) -> None:
    labels = read_labels(chest / "labels.nii.gz")
    write_labels(replace(labels, array=np.zeros_like(labels.array)), tmp_path / "empty.nii.gz")
    write_volume(read_volume(chest / "ct.nii.gz"), tmp_path / "ct.nii.gz")
    given = [tmp_path / word if str(word).endswith(".nii.gz") else word for word in words]
    _refused(ctstudio_here(capsys, *_asked(place, tmp_path / "out"), *given), *said)
    assert not (tmp_path / "out").exists()


def _batch(place: Path, table: Path, out: Path, *words: object) -> tuple[object, ...]:
    fixed = ("--reports", table, "--model", place / "tiny", "--steps", 4, "--upscale-steps", 2, "--device", "cpu")
    return ("batch", "medsyn", "generate", *fixed, "--out", out, *words)


def test_a_table_of_reports_becomes_a_folder_each_and_goes_on_where_it_was_killed(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, out = tmp_path / "reports.csv", tmp_path / "out"
    table.write_text("name,findings,impression,seed\na,Large effusion.,,1\nb,,Normal chest.,2\nc,No effusion.,,\n")
    estimate = ctstudio_here(capsys, *_batch(place, table, out, "--estimate", "--json")).facts
    assert (estimate["chests"], estimate["done"]) == (3, 0)
    assert estimate["seconds"] > 0
    assert estimate["disk_bytes_at_most"] >= 3 * 16**3 * 3
    assert not out.exists()

    facts = ctstudio_here(capsys, *_batch(place, table, out, "--json")).facts
    assert facts["done"] == 3
    lines = [json.loads(line) for line in (out / "chests.jsonl").read_text().splitlines()]
    assert [(line["name"], line["seed"]) for line in lines] == [("a", 1), ("b", 2), ("c", 0)]
    assert lines[1]["impression"] == "Normal chest."
    assert all(isinstance(line["measures"], dict) for line in lines)
    first = (out / "b" / "ct.nii.gz").read_bytes()

    for path in (out / "b").iterdir():
        path.unlink()
    (out / "b").rmdir()
    kept = (out / "a" / "ct.nii.gz").stat().st_mtime_ns
    ctstudio_here(capsys, *_batch(place, table, out, "--json")).facts  # noqa: B018
    assert (out / "b" / "ct.nii.gz").read_bytes() == first
    assert (out / "a" / "ct.nii.gz").stat().st_mtime_ns == kept


def test_bad_rows_are_named_and_a_folder_of_other_chests_is_refused(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, out = tmp_path / "reports.csv", tmp_path / "out"
    table.write_text("name,findings,seed\na,Large effusion.,1\nb,,2\nc,Nodule.,many\n")
    _refused(ctstudio_here(capsys, *_batch(place, table, out)), "Row 3", "neither", "Row 4", "'many'", "--leave-out")
    assert not out.exists()
    facts = ctstudio_here(capsys, *_batch(place, table, out, "--leave-out", "--json")).facts
    assert (facts["chests"], len(facts["left_out"])) == (1, 2)
    table.write_text("name,findings,seed\na,No effusion.,1\n")
    _refused(ctstudio_here(capsys, *_batch(place, table, out)), "other text", "another folder")


def test_a_model_of_chests_is_listed_shown_and_checked(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = ctstudio_here(capsys, "models", "show", place / "tiny").out
    assert "medsyn" in shown
    assert "16 x 16 x 16" in shown
    assert "dose" not in shown
    assert ctstudio_here(capsys, "models", "check", place / "tiny", "--json").facts["intact"]
