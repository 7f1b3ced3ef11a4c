"""What a run's folder says while it runs, and how it hears what is wanted."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.protocol.training_run import (
    RunFiles,
    RunInfo,
    SampleLine,
    StepLine,
    ValidationLine,
    Wanted,
    Wish,
    append_record,
    read_record,
    read_records,
    replace_record,
)
from ctstudio.training.recorder import Recorder
from ctstudio.training.watcher import Stopped
from tiny_training import TinyStage, info, run_settings, stage_settings, train_in


class Judge:
    """A looker whose figure falls, then rises."""

    def __init__(self) -> None:
        self.losses = iter([0.5, 0.3, 0.4])

    def figures(self, module: nn.Module) -> tuple[dict[str, float], str]:
        return {"validation_loss": next(self.losses)}, "validation_loss"

    def samples(self, module: nn.Module) -> list[tuple[str, Volume]]:
        grid = Grid.centred((1, 4, 5), (1.5, 2.0, 5.0))
        return [("mask 1", Volume(np.arange(20, dtype=np.float32).reshape(1, 4, 5), grid, synthetic=True))]


def _line(step: int, stage: str = "tiny") -> StepLine:
    numbers = {"loss": 1.0 / step, "learning_rate": 0.1, "gradient_norm": 1.0, "samples_per_s": 5.0}
    return StepLine(stage=stage, step=step, memory_bytes=1, seconds=2.0 * step, **numbers)


def _told(recorder: Recorder) -> RunInfo:
    found = read_record(recorder.files.info, RunInfo)
    assert found is not None
    return found


def _wait(until: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_run_json_follows_a_run_from_start_to_end(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, info(), run_settings())
    first = _told(recorder)
    assert first.state == "starting"
    assert (first.pid, first.process_started) == (os.getpid(), psutil.Process().create_time())
    recorder.begin("tiny", 8)
    assert (_told(recorder).state, _told(recorder).stage, _told(recorder).steps) == ("running", "tiny", 8)
    recorder.stepped(_line(2), 8)
    recorder.end("finished")
    last = _told(recorder)
    assert (last.state, last.step, last.seconds_left) == ("finished", 2, 0.0)
    assert last.id == first.id
    assert last.updated >= first.started


def test_the_time_that_is_left_follows_from_the_steps_done(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, info(), run_settings())
    recorder.begin("tiny", 8)
    recorder._told = -1e9  # the last word was long ago
    recorder.stepped(_line(2), 8)
    assert _told(recorder).seconds_left == pytest.approx(12.0)


def test_a_failed_run_says_why(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, info(), run_settings())
    recorder.end("failed", "The disk is full.", "Make room.")
    told = _told(recorder)
    assert (told.state, told.message, told.remedy) == ("failed", "The disk is full.", "Make room.")


def test_a_run_that_goes_on_keeps_its_name_and_time_and_forgets_old_wishes(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, info(id="a" * 32), run_settings())
    recorder._seconds_before = 100.0
    replace_record(recorder.files.wanted, Wanted(wish="stop"))
    assert recorder.wants_stop()
    recorder.end("stopped", "Stopped.")
    again = Recorder(tmp_path, info(id="b" * 32), run_settings())
    told = _told(again)
    assert (told.id, told.state, told.message) == ("a" * 32, "starting", "")
    assert told.seconds >= 100.0
    assert not again.wants_stop()
    assert not again.wants_pause()


def test_lines_that_no_checkpoint_covers_are_forgotten_for_that_stage_alone(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, info(), run_settings())
    for stage in ("first", "tiny"):
        for step in range(1, 6):
            recorder.stepped(_line(step, stage), 9)
    recorder.begin("tiny", 9, None, from_step=3)
    recorder.stepped(_line(4), 9)
    lines, _ = read_records(recorder.files.steps, StepLine)
    assert [line.step for line in lines if line.stage == "first"] == [1, 2, 3, 4, 5]
    assert [line.step for line in lines if line.stage == "tiny"] == [1, 2, 3, 4]


def test_a_torn_line_does_not_spoil_the_next(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, info(), run_settings())
    recorder.stepped(_line(1), 9)
    with recorder.files.steps.open("ab") as file:
        file.write(b'{"stage": "tiny", "st')
    again = Recorder(tmp_path, info(), run_settings())
    again.begin("tiny", 9, None, from_step=1)
    again.stepped(_line(2), 9)
    lines, _ = read_records(again.files.steps, StepLine)
    assert [line.step for line in lines] == [1, 2]


def test_events_of_a_stage_show_no_step_that_was_taken_back(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, info(), run_settings())
    recorder.begin("other", 9)
    for step in range(1, 6):
        recorder.stepped(_line(step, "other"), 9)
    recorder.begin("tiny", 9)
    for step in (1, 2, 3, 4):
        recorder.stepped(_line(step), 9)
    recorder.rolled_back("tiny", 2, "The loss became NaN.")
    recorder.stepped(_line(3), 9)
    recorder.end("finished")
    steps = {}
    for stage in ("other", "tiny"):
        shown = EventAccumulator(str(recorder.files.events / stage))
        shown.Reload()
        steps[stage] = [event.step for event in shown.Scalars("loss")]
    assert steps == {"other": [1, 2, 3, 4, 5], "tiny": [1, 2, 3]}


def test_a_roll_back_is_told(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, info(), run_settings())
    recorder.begin("tiny", 9)
    recorder.stepped(_line(1), 9)
    recorder.rolled_back("tiny", 0, "The loss became NaN.")
    told = _told(recorder)
    assert (told.state, told.step) == ("running", 0)
    assert told.message == "The loss became NaN. It goes on from step 0."


def test_validations_and_samples_come_when_they_are_due(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, info(), run_settings(validate_every=4, sample_every=6))
    assert not recorder.is_due("tiny", 4)  # nobody judges
    recorder.begin("tiny", 12, Judge())
    due = [step for step in range(1, 13) if recorder.is_due("tiny", step)]
    assert due == [4, 6, 8, 12]
    answers = [recorder.looked("tiny", step, nn.Identity()) for step in due]
    assert answers == [-0.5, None, -0.3, -0.4]
    validations, _ = read_records(recorder.files.validations, ValidationLine)
    assert [(v.step, v.figures["validation_loss"], v.best) for v in validations] == [
        (4, 0.5, True),
        (8, 0.3, True),
        (12, 0.4, False),
    ]
    samples, _ = read_records(recorder.files.samples, SampleLine)
    assert [(s.step, s.number, s.title) for s in samples] == [(6, 1, "mask 1"), (12, 1, "mask 1")]
    with np.load(tmp_path / samples[0].file) as kept:
        assert kept["array"].dtype == np.float32
        assert kept["array"].shape == (1, 4, 5)
        assert kept["spacing_mm"].tolist() == [1.5, 2.0, 5.0]
        assert kept["unit"] == "HU"


def test_the_best_average_is_kept_by_the_loop(tmp_path: Path) -> None:
    from ctstudio.training.checkpoints import CheckpointStore, position_of
    from ctstudio.training.loop import Trainer
    from ctstudio.training.run import new_accelerator

    settings = run_settings(validate_every=2)
    recorder, store = Recorder(tmp_path, info(), settings), CheckpointStore(tmp_path / "checkpoints" / "tiny")
    recorder.begin("tiny", 6, Judge())
    Trainer(new_accelerator("fp32", "cpu"), settings, recorder, 4).train("tiny", TinyStage(), stage_settings(), store)
    assert position_of(store.folder / "best").step == 4
    assert store.position().best == -0.3
    assert not (store.average("best")["0.weight"] == store.average()["0.weight"]).all()


def _in_the_background(folder: Path, ended: list[BaseException | None]) -> threading.Thread:
    def work() -> None:
        try:
            train_in(folder, TinyStage(sleep=0.005), stage_settings(400), run_settings())
            ended.append(None)
        except BaseException as error:  # noqa: BLE001 - it is looked at below
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def _state(files: RunFiles) -> tuple[str, int]:
    found = read_record(files.info, RunInfo)
    return (found.state, found.step) if found else ("", 0)


def _wish(files: RunFiles, wish: Wish) -> None:
    replace_record(files.wanted, Wanted(wish=wish))


def test_a_run_pauses_goes_on_and_stops_as_is_wanted(tmp_path: Path) -> None:
    files, ended = RunFiles(tmp_path), list[BaseException | None]()
    thread = _in_the_background(tmp_path, ended)
    _wait(lambda: len(read_records(files.steps, StepLine)[0]) >= 3)
    _wish(files, "pause")
    _wait(lambda: _state(files)[0] == "paused")
    before = files.steps.read_bytes()
    at = len(before.splitlines())
    assert _state(files)[1] == at
    _wait(lambda: (files.checkpoints / "tiny" / f"step_{at:08d}").exists())  # a pause may be forever
    time.sleep(0.3)
    assert files.steps.read_bytes() == before
    _wish(files, "run")
    _wait(lambda: _state(files)[0] == "running" and len(files.steps.read_bytes().splitlines()) > at)
    _wish(files, "stop")
    thread.join(20)
    assert isinstance(ended[0], Stopped)
    done = len(files.steps.read_bytes().splitlines())
    assert (files.checkpoints / "tiny" / f"step_{done:08d}").exists()
    assert done < 400


def test_a_paused_run_can_be_stopped(tmp_path: Path) -> None:
    files, ended = RunFiles(tmp_path), list[BaseException | None]()
    thread = _in_the_background(tmp_path, ended)
    _wait(lambda: len(read_records(files.steps, StepLine)[0]) >= 2)
    _wish(files, "pause")
    _wait(lambda: _state(files)[0] == "paused")
    _wish(files, "stop")
    thread.join(20)
    assert isinstance(ended[0], Stopped)


def test_stages_that_train_nothing_pause_and_stop_too(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, info(), run_settings())
    recorder.begin("data")
    recorder.progress(1, 9)
    _wish(recorder.files, "pause")
    thread = threading.Thread(target=recorder.progress, args=(2, 9))
    thread.start()
    _wait(lambda: _told(recorder).state == "paused")
    assert thread.is_alive()
    _wish(recorder.files, "run")
    thread.join(20)
    assert (_told(recorder).state, _told(recorder).step) == ("running", 2)
    _wish(recorder.files, "stop")
    with pytest.raises(Stopped, match="stage data after 3 of 9"):
        recorder.progress(3, 9)


def test_a_wish_that_cannot_be_read_is_no_wish(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, info(), run_settings())
    recorder.files.wanted.write_text("{", encoding="utf-8")
    assert not recorder.wants_stop()
    append_record(recorder.files.wanted, Wanted(wish="stop"))
    assert not recorder.wants_stop()
