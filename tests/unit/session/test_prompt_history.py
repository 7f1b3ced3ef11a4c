"""The last fifty reports, newest first, each once, for the user's eyes alone."""

import os
import stat

import pytest

from ctstudio.core.errors import UnreadableFile
from ctstudio.session.prompt_history import MOST, PromptHistory, found, own_history_file
from ctstudio.session.report_text import ReportText, count_words


@pytest.fixture
def history(tmp_path):
    return PromptHistory(tmp_path / "new" / "history.json")


def test_it_is_kept_between_sittings_newest_first_and_each_once(history):
    assert history.entries() == ()
    for findings in ("first", "second", "first"):
        history.add(ReportText(findings, "sum"))
    again = PromptHistory(history.path).entries()
    assert [entry.text.findings for entry in again] == ["first", "second"]
    assert all(entry.day for entry in again)
    assert stat.S_IMODE(os.stat(history.path).st_mode) == 0o600


def test_only_the_last_fifty_stay_and_nothing_empty(history):
    for number in range(MOST + 3):
        history.add(ReportText(f"report {number}"))
    history.add(ReportText("  \n"))
    assert [e.text.findings for e in history.entries()] == [f"report {n}" for n in range(MOST + 2, 2, -1)]


def test_it_is_searched_by_words_in_any_order(history):
    history.add(ReportText("Large LEFT pleural effusion", "Effusion."))
    history.add(ReportText("Large right nodule", ""))
    assert [e.text.findings for e in found(history.entries(), "effusion large")] == ["Large LEFT pleural effusion"]
    assert len(found(history.entries(), "")) == 2
    assert found(history.entries(), "left nodule") == ()


def test_threads_do_not_lose_each_others_reports(history):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: history.add(ReportText(f"report {number}")), range(24)))
    assert {e.text.findings for e in history.entries()} == {f"report {n}" for n in range(24)}


def test_a_report_and_all_of_them_can_be_forgotten(history):
    for findings in ("one", "two"):
        history.add(ReportText(findings))
    history.forget(ReportText("one"))
    assert [e.text.findings for e in history.entries()] == ["two"]
    history.clear()
    assert history.entries() == ()
    assert "two" not in history.path.read_text()


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"reports": [1]}', '{"reports": [{"findings": 3}]}', "\x00"])
def test_a_damaged_file_is_told_of_and_left_alone_until_it_is_cleared(history, content):
    history.path.parent.mkdir()
    history.path.write_text(content)
    with pytest.raises(UnreadableFile, match="history"):
        history.add(ReportText("new"))
    assert history.path.read_text() == content
    assert history.clear() == ()
    assert history.add(ReportText("new"))[0].text.findings == "new"


def test_it_lies_in_the_users_data_folder(own_home):
    assert own_home in own_history_file().parents


def test_first_words_are_the_impressions():
    text = ReportText("The lungs are clear. There is no pleural effusion.", "Normal CT of the chest today, all in all.")
    assert text.first_words() == "Normal CT of the chest today, …"
    assert ReportText("Two words").first_words() == "Two words"
    assert ReportText(" ", "\n").empty
    assert count_words(" two\nwords ") == 2
