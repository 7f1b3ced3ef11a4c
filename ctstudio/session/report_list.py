"""A list of reports from a table: what there is to make, what is made already, and what each row asks for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ctstudio.core.errors import InputError
from ctstudio.protocol.request import Request
from ctstudio.session.report_form import FINDINGS, IMPRESSION, ReportForm

if TYPE_CHECKING:
    from ctstudio.io.report_table import ReportRow

_NAMED = 3


@dataclass(frozen=True)
class Wanted:
    """What is asked: the table, the folder, and whether rows that cannot be used are left out."""

    table: str = ""
    out: str = ""
    leave_out: bool = False

    def check(self) -> None:
        """Whether both places are chosen.

        Raises:
            InputError: One is not.
        """
        for place, what in ((self.table, "The table of reports"), (self.out, "The folder for the chests")):
            if not place.strip():
                raise InputError(f"{what} is not chosen yet.", "Choose it.")


@dataclass(frozen=True)
class ReportList:
    """A table that can be worked through.

    Attributes:
        folder: Where each chest gets a folder of its own.
        asked: Row and request of every chest, in order.
        done: Names of the chests that are there.
        bad: Rows that are left out, a sentence each.
        notes: What should be said of the table.
    """

    folder: Path
    asked: tuple[tuple[ReportRow, Request], ...]
    done: frozenset[str]
    bad: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def missing(self) -> tuple[tuple[ReportRow, Request], ...]:
        """What there is to make."""
        return tuple((row, request) for row, request in self.asked if row.name not in self.done)


def read_list(wanted: Wanted, form: ReportForm) -> ReportList:
    """Read the table and look which of its chests are there; may run in any thread.

    Model and settings are the form's; each row brings its words, and its seed unless it is left to the form.

    Raises:
        InputError: The table cannot be used, or a folder holds something else than its row asks for.
        ModelNotFound: No model is chosen.
        ParameterError: A setting cannot be used.
    """
    from ctstudio.io.report_table import read_report_table
    from ctstudio.io.samples import is_made

    wanted.check()
    form.check_model()
    folder = Path(wanted.out.strip()).expanduser().absolute()
    table = read_report_table(Path(wanted.table.strip()).expanduser(), int(form.values["seed"]))
    if table.bad and not wanted.leave_out:
        more = f" And {len(table.bad) - _NAMED} more." if len(table.bad) > _NAMED else ""
        raise InputError(" ".join(table.bad[:_NAMED]) + more, "Repair such rows, or leave them out.")
    table.check(leave_out=True)
    asked = tuple((row, _request(form, row)) for row in table.rows)
    done = frozenset(row.name for row, request in asked if is_made(folder / row.name, request.parameters))
    return ReportList(folder, asked, done, table.bad, table.notes)


def _request(form: ReportForm, row: ReportRow) -> Request:
    words = {FINDINGS: row.findings, IMPRESSION: row.impression}
    return form.request({}, {}, **words, seed=row.seed, count=1)
