"""Tables of reports, good and bad."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ctstudio.core.errors import InputError
from ctstudio.io.report_table import ReportRow, ReportTable, read_report_table


def _table(tmp_path: Path, text: str, seed: int = 7) -> ReportTable:
    path = tmp_path / "reports.csv"
    path.write_text(text, encoding="utf-8")
    return read_report_table(path, seed)


def test_rows_are_read_with_their_names_and_seeds(tmp_path: Path) -> None:
    table = _table(tmp_path, 'Name,Findings,Impression,Seed\np1,"Large effusion, left.",Effusion.,3\n,No effusion.,,\n')
    assert table.rows == (
        ReportRow(2, "p1", "Large effusion, left.", "Effusion.", 3),
        ReportRow(3, "0003", "No effusion.", "", 7),
    )
    assert (table.bad, table.notes) == ((), ())
    table.check(leave_out=False)


@pytest.mark.parametrize("sign", [";", "\t", ","])
def test_separators_and_a_byte_order_mark_are_understood(tmp_path: Path, sign: str) -> None:
    table = _table(tmp_path, f"\ufefffindings{sign}seed\nEffusion.{sign}4\n")
    assert table.rows == (ReportRow(2, "0002", "Effusion.", "", 4),)


def test_a_report_may_have_several_lines(tmp_path: Path) -> None:
    table = _table(tmp_path, 'findings\n"One.\nTwo."\nThree.\n\n')
    assert [(row.line, row.findings) for row in table.rows] == [(2, "One.\nTwo."), (4, "Three.")]


def test_columns_that_are_not_read_are_named(tmp_path: Path) -> None:
    table = _table(tmp_path, "id,text,age\n1,Effusion.,60\n")
    assert table.rows[0].findings == "Effusion."
    assert table.notes == ("Columns that are not read: id, age.",)


def test_each_bad_row_is_named_with_its_fault(tmp_path: Path) -> None:
    text = (
        "name,findings,seed\na,Effusion.,1\nb,,2\nA,Nodule.,3\n../c,Nodule.,4\nd,Nodule.,-1\ne,x,5,more\nf,Clear.,x²\n"
    )
    table = _table(tmp_path, text)
    assert [row.name for row in table.rows] == ["a"]
    for bad, words in zip(
        table.bad,
        (
            "Row 3.*neither",
            "Row 4.*name A of row 2",
            "Row 5.*folder",
            "Row 6.*seed '-1'",
            "Row 7.*4 cells",
            "Row 8.*x²",
        ),
        strict=True,
    ):
        assert re.search(words, bad), bad
    with pytest.raises(InputError, match=r"Row 3.*Row 4.*Row 5.*And 3 more") as caught:
        table.check(leave_out=False)
    assert "--leave-out" in caught.value.remedy
    assert "Row 8" in caught.value.detail
    table.check(leave_out=True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column of reports"),
        ("name,seed\na,1\n", "name, seed"),
        ("findings,text\na,b\n", "two columns of findings"),
        ('findings\n"never closed\n', "Row 2 cannot be read"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        _table(tmp_path, text)


def test_a_heading_alone_holds_no_report(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no report"):
        _table(tmp_path, "findings\n").check(leave_out=True)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"findings\n\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read_report_table(tmp_path / "t.csv", 0)
    with pytest.raises(InputError, match="cannot be read"):
        read_report_table(tmp_path / "missing.csv", 0)
