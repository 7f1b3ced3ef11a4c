"""Following a request to its end."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from ctstudio.cli.progress import late_bar, result_of
from ctstudio.core.errors import Cancelled, CtStudioError, EngineError
from ctstudio.protocol.events import Event, Failed, Finished, Loading, Stepped, Stopped
from ctstudio.protocol.result import Result


def _events(*events: Event, closed: list[bool] | None = None) -> Generator[Event, None, None]:
    try:
        yield from events
    finally:
        if closed is not None:
            closed.append(True)


def test_the_result_comes_back_and_stdout_stays_empty(capsys: pytest.CaptureFixture[str]) -> None:
    result = Result("a", ())
    steps = [Stepped("a", n, 3, 1, 1) for n in (1, 2, 3)]
    assert result_of(_events(Loading("a", "Loading"), *steps, Finished("a", result)), "Work") is result
    assert capsys.readouterr() == ("", "")


def test_a_failure_keeps_its_words_and_its_code() -> None:
    with pytest.raises(CtStudioError, match="Bad mask") as caught:
        result_of(_events(Failed("a", "Bad mask.", "Paint.", "detail", 2)), "Work")
    assert (caught.value.remedy, caught.value.detail, caught.value.exit_code) == ("Paint.", "detail", 2)


def test_stopping_is_cancelled_and_closes_the_pipeline() -> None:
    closed: list[bool] = []
    with pytest.raises(Cancelled):
        result_of(_events(Stopped("a"), Loading("a", "never"), closed=closed), "Work")
    assert closed == [True]


def test_an_end_without_a_result_is_our_fault() -> None:
    with pytest.raises(EngineError):
        result_of(_events(), "Work")


def test_a_bar_shows_only_what_takes_long(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # what rich takes for a terminal
    now = [0.0]
    monkeypatch.setattr("ctstudio.cli.progress.time.monotonic", lambda: now[0])
    with late_bar("Slow work") as bar:
        bar.at(1, 10)
        assert capsys.readouterr().err == ""
        now[0] = 5.0
        bar.at(2, 10)
    said = capsys.readouterr()
    assert "Slow work" in said.err
    assert said.out == ""


def test_a_file_or_a_pipe_gets_no_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    monkeypatch.setattr("ctstudio.cli.progress.time.monotonic", lambda: now[0])
    with late_bar("Slow work") as bar:
        now[0] = 5.0
        bar.at(2, 10)
    assert capsys.readouterr() == ("", "")


def test_what_is_told_at_the_beginning_waits_until_nothing_stands_against_the_request() -> None:
    told: list[str] = []
    steps = [Stepped("a", n, 2, 1, 1) for n in (1, 2)]
    result_of(_events(Loading("a", "…"), *steps, Finished("a", Result("a", ()))), "Work", lambda: told.append("fit"))
    assert told == ["fit"]
    with pytest.raises(CtStudioError):
        result_of(_events(Loading("b", "…"), Failed("b", "No.", "", "", 2)), "Work", lambda: told.append("again"))
    assert told == ["fit"]
