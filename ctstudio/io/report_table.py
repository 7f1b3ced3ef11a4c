"""A table of reports: a CSV file with a row for each chest that shall be made."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ctstudio.catalog.medsyn import LONGEST_TEXT
from ctstudio.catalog.usual_fields import MAX_SEED
from ctstudio.core.errors import InputError

COLUMNS = {"findings": "findings", "text": "findings", "impression": "impression", "seed": "seed", "name": "name"}
"""Names of columns, in any case, and what they hold."""
_SIGNS = ",;\t"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_MOST_NAMED = 3


@dataclass(frozen=True)
class ReportRow:
    """One chest.

    Attributes:
        line: Of the file, counted from 1; the heading is line 1.
        name: Of its folder.
        findings, impression: The report; one of them may be empty.
        seed: Of the sample.
    """

    line: int
    name: str
    findings: str
    impression: str
    seed: int


@dataclass(frozen=True)
class ReportTable:
    """What a file of reports holds.

    Attributes:
        rows: Those that can be used, in order.
        bad: The others, a sentence each that names the row.
        notes: What should be said of the file.
    """

    rows: tuple[ReportRow, ...]
    bad: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def check(self, leave_out: bool) -> None:
        """Refuse bad rows, unless they are to be left out.

        Raises:
            InputError: There are some, or no good one.
        """
        if self.bad and not leave_out:
            more = len(self.bad) - _MOST_NAMED
            told = " ".join(self.bad[:_MOST_NAMED]) + (f" And {more} more." if more > 0 else "")
            raise InputError(told, "Repair them, or have such rows left out (--leave-out).", "\n".join(self.bad))
        if not self.rows:
            raise InputError("The file holds no report.", "Give a row for each chest, below a heading.")


def read_report_table(path: Path, seed: int) -> ReportTable:
    """Read reports.

    Args:
        path: CSV in UTF-8; comma, semicolon or tab between cells. A heading names the columns: findings (or text),
            impression, seed, name; others are not read.
        seed: Of rows that name none.

    Raises:
        InputError: No such file, no text, or no column of reports.
    """
    text = _text(path)
    first = text.splitlines()[0] if text.strip() else ""
    sign = max(_SIGNS, key=first.count)
    cells = _cells(io.StringIO(text), sign)
    heading = next(cells, (1, []))[1]
    columns = [COLUMNS.get(name.strip().lower(), "") for name in heading]
    if not {"findings", "impression"} & set(columns):
        raise InputError(
            f"{path.name} has no column of reports; its heading is: {', '.join(heading) or 'empty'}.",
            "Name a column 'findings' or 'impression' in the first line.",
        )
    twice = {name for name in columns if name and columns.count(name) > 1}
    if twice:
        raise InputError(f"{path.name} has two columns of {min(twice)}.", "Leave one of them out.")
    ignored = [name.strip() for name, column in zip(heading, columns, strict=True) if not column and name.strip()]
    notes = (f"Columns that are not read: {', '.join(ignored)}.",) if ignored else ()
    rows, bad = _rows(cells, columns, seed)
    return ReportTable(tuple(rows), tuple(bad), notes)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name} is no text in UTF-8.", "Save the table as CSV in UTF-8.", str(error)) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error


def _cells(lines: io.StringIO, sign: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line that it begins at.

    Raises:
        InputError: Quotation marks that are never closed, or a cell too long for any report.
    """
    reader, begins = csv.reader(lines, delimiter=sign, strict=True), 1
    while True:
        try:
            record = next(reader, None)
        except csv.Error as error:
            raise InputError(f"Row {begins} cannot be read: {error}.", "Look at its quotation marks.") from error
        if record is None:
            return
        yield begins, record
        begins = reader.line_num + 1


def _rows(cells: Iterator[tuple[int, list[str]]], columns: list[str], seed: int) -> tuple[list[ReportRow], list[str]]:
    rows: list[ReportRow] = []
    bad: list[str] = []
    taken: dict[str, int] = {}
    for line, record in cells:
        if not any(cell.strip() for cell in record):
            continue
        found = _row(line, record, columns, seed)
        if isinstance(found, ReportRow) and found.name.casefold() in taken:
            found = f"it has the name {found.name} of row {taken[found.name.casefold()]}"
        if isinstance(found, str):
            bad.append(f"Row {line} cannot be used: {found}.")
        else:
            rows.append(found)
            taken[found.name.casefold()] = line
    return rows, bad


def _row(line: int, record: list[str], columns: list[str], seed: int) -> ReportRow | str:
    """The row, or what is wrong with it."""
    if any(cell.strip() for cell in record[len(columns) :]):
        return f"it has {len(record)} cells under {len(columns)} headings; quote cells that hold the separator"
    told = {column: cell.strip() for column, cell in zip(columns, record, strict=False) if column}
    findings, impression = told.get("findings", ""), told.get("impression", "")
    name, given = told.get("name") or f"{line:04d}", told.get("seed", "")
    if not findings and not impression:
        return "it has neither findings nor an impression"
    if max(len(findings), len(impression)) > LONGEST_TEXT:
        return f"its report has more than {LONGEST_TEXT} characters"
    if not _NAME.fullmatch(name):
        return f"the name {name[:40]!r} is no name for a folder (letters, digits, '.', '_', '-')"
    if given and not (given.isascii() and given.isdigit() and int(given) <= MAX_SEED):
        return f"the seed {given[:40]!r} is not a whole number from 0 to {MAX_SEED}"
    return ReportRow(line, name, findings, impression, int(given or seed))
