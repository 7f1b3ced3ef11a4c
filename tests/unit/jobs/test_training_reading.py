"""Following what a run writes: a piece at a time, past damage, and again from the top."""

from __future__ import annotations

from pathlib import Path

import scripted_trainer
from ctstudio.jobs.training_reading import PIECE_BYTES, RunReader
from ctstudio.protocol.training_run import RunFiles, append_record


def _all(reader: RunReader) -> list[int]:
    steps = []
    while True:
        fresh = reader.read()
        steps += [line.step for line in fresh.steps]
        if not fresh.more:
            return steps


def test_only_what_is_new_comes(tmp_path: Path) -> None:
    files, reader = RunFiles(tmp_path), RunReader(tmp_path)
    assert reader.read().empty
    for step in (1, 2, 3):
        append_record(files.steps, scripted_trainer.step_line(step))
    assert _all(reader) == [1, 2, 3]
    assert reader.read().empty
    append_record(files.steps, scripted_trainer.step_line(4))
    scripted_trainer.write_validation(files, 4)
    scripted_trainer.write_sample(files, 4, 1)
    fresh = reader.read()
    assert ([s.step for s in fresh.steps], len(fresh.validations), len(fresh.samples)) == ([4], 1, 1)


def test_damaged_and_half_lines_are_passed_over(tmp_path: Path) -> None:
    files, reader = RunFiles(tmp_path), RunReader(tmp_path)
    append_record(files.steps, scripted_trainer.step_line(1))
    with files.steps.open("ab") as file:
        file.write(b"\xff\xfe not json\n{}\n\n" + b'{"stage": "denoiser", "step": 2, "lo')
    assert _all(reader) == [1]
    with files.steps.open("ab") as file:
        file.write(b"\n")
    append_record(files.steps, scripted_trainer.step_line(3))
    assert _all(reader) == [3]


def test_a_long_file_comes_in_small_pieces(tmp_path: Path) -> None:
    files, reader = RunFiles(tmp_path), RunReader(tmp_path)
    line = scripted_trainer.step_line(1).model_dump_json().replace('"step":1', '"step":%d')
    files.steps.write_text("".join(line % step + "\n" for step in range(1, 100_001)), encoding="utf-8")
    pieces = []
    while True:
        fresh = reader.read()
        pieces.append(len(fresh.steps))
        if not fresh.more:
            break
    assert sum(pieces) == 100_000
    assert len(pieces) > 20
    assert max(pieces) < PIECE_BYTES / len(line) * 1.2


def test_a_line_longer_than_a_piece_does_not_stop_it(tmp_path: Path) -> None:
    files, reader = RunFiles(tmp_path), RunReader(tmp_path)
    files.steps.write_bytes(b"x" * 5000 + b"\n")
    append_record(files.steps, scripted_trainer.step_line(1))
    assert reader.read(1000).more
    assert [line.step for line in reader.read(1000).steps] == [1]


def test_files_written_anew_are_read_from_the_top(tmp_path: Path) -> None:
    files, reader = RunFiles(tmp_path), RunReader(tmp_path)
    for step in (1, 2, 3):
        append_record(files.steps, scripted_trainer.step_line(step))
    reader.read()
    kept = files.steps.read_bytes().splitlines(keepends=True)[:1]
    files.steps.write_bytes(b"".join(kept))
    fresh = reader.read()
    assert fresh.restarted
    assert [line.step for line in fresh.steps] == [1]
    other = tmp_path / "other"
    other.write_bytes(b"".join(kept) * 4)
    other.replace(files.steps)
    assert reader.read().restarted
