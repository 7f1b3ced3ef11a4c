"""A person evaluates a model of MedSyn on the command line, stops, and goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import ctstudio_here
from ctstudio.catalog import shelf
from tiny_medsyn import write_tiny_medsyn

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_medsyn(tmp_path_factory.mktemp("models") / "tiny-medsyn", segmenter=True)


def words(model: Path, out: Path, metrics: str) -> tuple[object, ...]:
    steps = ("--set", "steps=2", "--set", "upscale_steps=2", "--set", "guidance=1")
    return (
        "evaluate",
        "--paper",
        "medsyn",
        "--model",
        model,
        "--volumes",
        2,
        "--metrics",
        metrics,
        "--out",
        out,
        *steps,
    )


def test_tables_are_written_and_kept_volumes_are_not_made_again(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "medsyn"
    facts = ctstudio_here(capsys, *words(model, out, "reports"), "--json").facts
    made = {path: path.stat().st_mtime_ns for path in (out / "volumes" / "model").rglob("*.npz")}
    assert len(made) == 2
    assert facts["distances"]["count"] == 2
    more = ctstudio_here(capsys, *words(model, out, "reports,segmentation"), "--json").facts
    assert {path: path.stat().st_mtime_ns for path in made} == made
    assert more["arms"] == facts["arms"]
    assert set(more["segmentation"]) == {"with text", "without text"}
    text = (out / "medsyn.md").read_text()
    for said in ("real 45.8", "0.77 ± 0.12", "not comparable"):
        assert said in text


def test_what_cannot_be_done_is_said_in_one_line(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "bundled_models_dir", lambda: tmp_path / "none")  # whose reader would step in
    ctstudio_here(capsys, *words(model, tmp_path / "a", "bulae")).complains_of("bulae", "bullae")
    ctstudio_here(capsys, *words(model, tmp_path / "a", "bullae"), "--set", "steps=0").complains_of("steps")
    bare = write_tiny_medsyn(tmp_path / "bare", name="bare")
    ctstudio_here(capsys, *words(bare, tmp_path / "b", "bullae")).complains_of("reader", "--judge")
    ctstudio_here(capsys, *words(bare, tmp_path / "b", "bullae"), "--data", tmp_path).complains_of("--data")
