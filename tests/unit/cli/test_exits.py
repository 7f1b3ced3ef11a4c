"""How commands end."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from ctstudio.cli.exits import exit_code_of
from ctstudio.core.errors import Cancelled, CtStudioError, EngineError, MaskError, StorageError


def _raising(error: BaseException) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MaskError("The mask is empty.", "Paint a label."), 2),
        (StorageError("The disk is full.", "Free some space."), 2),
        (Cancelled("Stopped."), 2),
        (typer.BadParameter("no such thing"), 2),
        (OSError(errno.ENOSPC, "No space left on device", "/tmp/a"), 2),
        (KeyboardInterrupt(), 130),
        (EngineError("The engine died."), 1),
        (CtStudioError("Something broke."), 1),
        (MemoryError(), 1),
        (ZeroDivisionError("division by zero"), 1),
    ],
)
def test_each_error_has_its_code_and_one_line(
    error: BaseException, code: int, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(_raising(error)) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("ctstudio: ")
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err


def test_message_and_remedy_are_both_said(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code_of(_raising(MaskError("The mask\nis empty.", "Paint a label.", "secret detail")))
    assert capsys.readouterr().err == "ctstudio: The mask is empty. Paint a label.\n"


def test_our_fault_leaves_a_log_with_traceback_and_detail(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code_of(_raising(EngineError("It died.", detail="the detail")))
    place = Path(capsys.readouterr().err.strip().rpartition(" ")[2])
    assert own_home in place.parents
    story = place.read_text(encoding="utf-8")
    assert "the detail" in story
    assert "Traceback" in story


def test_work_that_ends_well_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(lambda: None) == 0
    assert capsys.readouterr() == ("", "")
