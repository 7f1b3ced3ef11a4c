"""A person evaluates synthetic images on the command line, with the real command in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

import small_cases as small
from command_line import ctstudio
from tiny_na_diff import SMALL, write_tiny_model

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny", changes=SMALL)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Real cases, and what a run made of the same masks."""
    for number in (1, 2):
        for kind, seed in (("real", number), ("synthetic", 10 + number)):
            small.put_ct(tmp_path / kind / f"{number:04d}" / "ct.nii.gz", seed)
            small.put_labels(tmp_path / kind / f"{number:04d}" / "mask.nii.gz")
    return tmp_path / "real", tmp_path / "synthetic"


def test_two_folders_are_compared_and_written_as_asked(tmp_path: Path, folders: tuple[Path, Path], model: Path) -> None:
    words = ("evaluate", "--real", folders[0], "--synthetic", folders[1], "--judge", model)
    out = tmp_path / "figures.json"
    facts = ctstudio(*words, "--metrics", "kid,clean-fid,cmmd,ssim,mae,iqa,dice", "--out", out, "--json").facts
    written = json.loads(out.read_text())
    assert written["figures"] == facts["figures"]
    figures = {figure["metric"]: figure for figure in facts["figures"]}
    assert figures["mae"]["count"] == 16
    assert 0 < figures["mae"]["value"] < 40
    assert figures["clean-fid"]["value"] >= 0
    assert not figures["clean-fid"]["published"]
    assert any(figure["title"] == "Dice, liver" for figure in facts["figures"])


def test_an_unknown_metric_is_said_in_one_line(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    words = ("--real", folders[0], "--synthetic", folders[1], "--out", tmp_path / "figures.csv")
    ctstudio("evaluate", *words, "--metrics", "kid,ipsnr").complains_of("'ipsnr'", "Did you mean psnr", "clean-fid")


def test_the_papers_tables_are_written(tmp_path: Path, model: Path) -> None:
    out = tmp_path / "paper"
    words = ("--paper", "na-diff", "--model", model, "--judge", model, "--slices", 2, "--no-downstream", "--out", out)
    facts = ctstudio("evaluate", *words, "--json").facts
    assert [Path(file).name for file in facts["files"]] == ["na-diff.json", "na-diff.md", "dose-iqa.png"]
    assert set(facts["columns"]) == {"tiny", "same patients scanned again"}
    text = (out / "na-diff.md").read_text()
    for words_of_it in ("the paper's F", "0.321", "edge-to-noise index, not LDCT-IQA", "LDCT-IQA, NA-Diff-F"):
        assert words_of_it in text
    with Image.open(out / "dose-iqa.png") as picture:
        assert picture.size == (1520, 560)
