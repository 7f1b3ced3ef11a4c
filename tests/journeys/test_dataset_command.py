"""A person makes a data set on the command line, with the real command in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import small_cases as small
from command_line import ROOT, ctstudio

pytestmark = pytest.mark.timeout(300)


def test_phantoms_become_a_data_set_that_is_shown(tmp_path: Path) -> None:
    for seed in (1, 2, 3):
        words = ("--seed", seed, "--size", 32, "--spacing", 8, "--out", tmp_path / "source" / f"seed_{seed}")
        assert ctstudio("phantom", *words).code == 0
    out = tmp_path / "out"
    facts = ctstudio("dataset", "build", tmp_path / "source", "--out", out, "--seed", 4, "--json").facts
    assert facts["cases"] == 3
    assert [len(facts["parts"][part]) for part in ("train", "validation", "test")] == [1, 1, 1]
    assert facts["skipped"] == []
    info = json.loads((out / "dataset.json").read_text())
    ct = np.load(out / info["cases"][0]["files"]["ct"], mmap_mode="r")
    assert ct.shape == (32, 32, 32)
    said = ctstudio("dataset", "show", out)
    assert said.code == 0
    for words in ("3 cases of 3 patients", "train       1 case of 1 patient", "HU", "labels"):
        assert words in said.out
    shown = ctstudio("dataset", "show", out, "--json").facts
    assert shown["dataset"] == info
    report = (out / "report.md").read_text()
    for heading in ("## Parts", "## Patients", "## Leakage", "## Left out", "## Labels"):
        assert heading in report


def test_what_cannot_be_used_is_said_in_one_line(tmp_path: Path) -> None:
    source = tmp_path / "source"
    small.put_cases(source, 2)
    (tmp_path / "empty").mkdir()

    def build(*words: object) -> None:
        ctstudio("dataset", "build", *words, "--out", tmp_path / "out").complains_of()
        assert not (tmp_path / "out").exists()

    build(tmp_path / "missing")
    build(tmp_path / "empty")
    build(source, "--split", "0.9,0.9,0.9")
    build(source, "--split", "much")
    build(source, "--patient-pattern", "(")
    build(source, "--patient-pattern", "nobody")
    ctstudio("dataset", "build", source, "--out", source).complains_of("exists already")
    ctstudio("dataset", "show", source).complains_of("not a prepared data set")
    assert {path.name for path in tmp_path.iterdir()} == {"source", "empty"}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def _heed_ctrl_c() -> None:
    """A suite that runs in the background hands down an ignored Ctrl+C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_leaves_nothing_half(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "place" / "out"
    small.put_cases(source, 300)
    command = [sys.executable, "-m", "ctstudio", "dataset", "build", str(source), "--out", str(out)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=_heed_ctrl_c
    )
    until = time.monotonic() + 60
    while not list(tmp_path.glob("place/.out.*.part/cases/*/ct.npy")) and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Stopped." in said
    assert list((tmp_path / "place").iterdir()) == []
