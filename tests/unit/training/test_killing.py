"""Killed at random, again and again: nothing is lost, nothing comes twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import tiny_training
from ctstudio.protocol.training_run import RunFiles, RunInfo, StepLine, read_record, read_records

STEPS, KILLS = 300, 10


@pytest.fixture(scope="module")
def tormented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tormented")
    words = [sys.executable, str(Path(tiny_training.__file__)), "torment", str(folder), str(STEPS), str(KILLS)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout.splitlines()[-1])
    assert facts["killed"] >= KILLS
    assert 0 < facts["reached"] < STEPS
    return folder


@pytest.mark.parametrize("name", ["module", "average", "optimiser"])
def test_every_weight_and_moment_is_bit_for_bit_what_it_would_have_been(tormented: Path, name: str) -> None:
    ends = [
        tormented / which / "checkpoints" / "tiny" / f"step_{STEPS:08d}" / f"{name}.safetensors"
        for which in ("whole", "torn")
    ]
    assert ends[0].read_bytes() == ends[1].read_bytes()


def test_the_record_holds_every_step_once_with_the_same_numbers(tormented: Path) -> None:
    both = [read_records(RunFiles(tormented / which).steps, StepLine)[0] for which in ("whole", "torn")]
    for lines in both:
        assert [line.step for line in lines] == list(range(1, STEPS + 1))
    told = [[(line.loss, line.learning_rate, line.gradient_norm) for line in lines] for lines in both]
    assert told[0] == told[1]


def test_the_event_files_show_every_step_once(tormented: Path) -> None:
    shown = EventAccumulator(str(tormented / "torn" / "events" / "tiny"), size_guidance={"scalars": 0})
    shown.Reload()
    assert {"loss", "learning_rate", "gradient_norm", "samples_per_s"} <= set(shown.Tags()["scalars"])
    losses = shown.Scalars("loss")
    lines, _ = read_records(RunFiles(tormented / "torn").steps, StepLine)
    steps = [event.step for event in losses]
    assert len(steps) == len(set(steps))
    assert steps[-1] == STEPS
    by_step = {line.step: line.loss for line in lines}
    assert all(event.value == pytest.approx(by_step[event.step], rel=1e-6) for event in losses)


def test_nothing_is_left_of_the_dead(tormented: Path) -> None:
    folder = tormented / "torn" / "checkpoints" / "tiny"
    assert all(not path.name.startswith(".") for path in folder.iterdir())
    assert len(list(folder.iterdir())) <= 2
    found = read_record(RunFiles(tormented / "torn").info, RunInfo)
    assert found is not None
    assert (found.state, found.step) == ("finished", STEPS)
