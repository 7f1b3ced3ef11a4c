"""`ctstudio evaluate` in this process: what it writes, and what it refuses before it works."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import small_cases as small
from ctstudio.cli.main import run_command
from ctstudio.core.errors import CtStudioError
from tiny_na_diff import SMALL, write_tiny_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny", changes=SMALL)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real")
    small.put_ct(folder / "p1.nii.gz", 1)
    return folder


def evaluate(*words: object) -> int:
    return run_command(["evaluate", *map(str, words)])


def test_the_suffix_decides_what_is_written(
    tmp_path: Path, real: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small.put_ct(tmp_path / "synthetic" / "p1.nii.gz", 2)
    pair = ("--real", real, "--synthetic", tmp_path / "synthetic", "--judge", model)
    words = (*pair, "--metrics", "cmmd,psnr", "--slices", 3)
    for suffix, begin in ((".md", "| metric | value |"), (".csv", "metric,title,value"), (".json", "{")):
        assert evaluate(*words, "--out", tmp_path / f"figures{suffix}") == 0
        assert (tmp_path / f"figures{suffix}").read_text().startswith(begin)
    said = capsys.readouterr().out
    assert "Mean discrepancy (for CMMD), phantom encoder (tiny); not comparable with published figures:" in said
    assert "PSNR:" in said


def test_what_cannot_be_evaluated_is_refused_in_time(tmp_path: Path, real: Path, model: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "pictures").mkdir()
    Image.new("L", (64, 64)).save(tmp_path / "pictures" / "a.png")
    out = ("--out", tmp_path / "figures.csv")
    same = ("--synthetic", real, "--judge", model)
    for words, complaint in (
        (("--real", real, *same, "--out", tmp_path / "figures.xls"), r"\.json, \.csv, \.md"),
        (("--real", real, *same), "a file: --out FILE"),
        (("--real", real, *out), "nothing to compare"),
        (("--real", tmp_path / "empty", *same, *out), "no image in"),
        (("--real", tmp_path / "nowhere", *same, *out), "not a folder"),
        (("--real", tmp_path / "pictures", *same, *out), "unknown window"),
        (("--real", real, *same, *out, "--weights", tmp_path / "empty"), r"inception-2015-12-05\.pt"),
        (("--real", real, *same, *out, "--model", "other"), "--model is for --paper"),
        (("--real", real, *out, "--synthetic", real, "--judge", "nobody"), "'nobody'"),
        (("--paper", "med-dit", *out), "Known are: na-diff, medsyn"),
        (("--paper", "na-diff", "--real", real, *out), "makes its own"),
        (("--paper", "na-diff", "--model", model, "--slices", 1, "--out", tmp_path / "paper"), "at least 2"),
        (("--paper", "na-diff", "--model", model, "--mask", "lung", "--out", tmp_path / "paper"), "--mask"),
    ):
        with pytest.raises(CtStudioError, match=complaint) as raised:
            evaluate(*words)
        assert raised.value.exit_code == 2
        assert raised.value.remedy
    assert not (tmp_path / "figures.csv").exists()
    assert not (tmp_path / "paper").exists()
