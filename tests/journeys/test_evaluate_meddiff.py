"""A person evaluates a model of MedDiff-FM on the command line, stops, and goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import ctstudio_here
from tiny_meddiff import write_tiny_meddiff

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny-meddiff"
    return write_tiny_meddiff(folder, changes={"spacing_mm": 12.0}, reader=True)


def words(model: Path, out: Path, metrics: str) -> tuple[object, ...]:
    steps = ("--set", "steps=2", "--set", "resamples=1", "--set", "detect.draws=1")
    what = ("evaluate", "--paper", "meddiff-fm", "--model", model, "--volumes", 2, "--metrics", metrics, "--out", out)
    return (*what, *steps)


def test_tables_are_written_and_kept_volumes_are_not_made_again(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "meddiff"
    facts = ctstudio_here(capsys, *words(model, out, "detection"), "--json").facts
    made = {path: path.stat().st_mtime_ns for path in (out / "volumes" / "tiny-meddiff").rglob("*.npz")}
    assert {row["region"] for row in facts["rows"]} == {"liver", "lung"}
    more = ctstudio_here(capsys, *words(model, out, "detection,removal,inpainting"), "--json").facts
    assert {path: path.stat().st_mtime_ns for path in made} == made
    assert more["rows"][: len(facts["rows"])] == facts["rows"]
    unchanged = [row["value"] for row in more["rows"] if row["title"] == "scans unchanged outside"]
    assert unchanged == [100.0, 100.0]
    assert "table 5" in (out / "meddiff-fm.md").read_text()
    assert len((out / "meddiff-fm.csv").read_text().splitlines()) == 1 + len(more["rows"])


def test_what_cannot_be_done_is_said_in_one_line(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ctstudio_here(capsys, *words(model, tmp_path / "a", "synthesys")).complains_of("synthesys", "synthesis")
    ctstudio_here(capsys, *words(model, tmp_path / "a", "removal"), "--set", "seed=3").complains_of("seed=3")
    ctstudio_here(capsys, *words(model, tmp_path / "a", "removal"), "--data", tmp_path).complains_of("--data")
    ctstudio_here(capsys, *words(model, tmp_path / "a", "removal"), "--model", model).complains_of("same name")
