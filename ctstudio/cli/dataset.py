"""`ctstudio dataset`: cases made ready for training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ctstudio.cli.answer import answer
from ctstudio.cli.options import AsJson, Seed
from ctstudio.cli.progress import late_bar

if TYPE_CHECKING:
    from ctstudio.catalog.dataset import DatasetInfo

_MOST_LINES = 10


def build() -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(help="Data sets for training: build, show.", no_args_is_help=True)
    group.command("build")(build_one)
    group.command("show")(show)
    return group


def build_one(
    source: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder with scans, label maps and reports.")],
    out: Annotated[Path, typer.Option("--out", help="New folder for the data set.", show_default=False)],
    patient_pattern: Annotated[
        str, typer.Option(metavar="REGEX", help="Finds the patient in a case's path: its first group.")
    ] = "",
    split: Annotated[str, typer.Option(help="Shares of patients: training, validation, test.")] = "0.8,0.1,0.1",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Find cases, check them, split them by patient, and write them as plain arrays."""
    from ctstudio.io.dataset_building import build_dataset
    from ctstudio.io.dataset_options import DatasetOptions, split_from_text
    from ctstudio.io.dataset_report import FILE_NAME

    options = DatasetOptions(split_from_text(split), seed, patient_pattern)
    with late_bar("Looking for cases") as bar:
        info = build_dataset(source, out, options, bar.at)
    report = out / FILE_NAME
    facts = {"out": str(out), "report": str(report), **_facts(info)}
    answer(as_json, facts, [*_lines(info, out), f"Everything is in {report}."])


def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A prepared data set.")], as_json: AsJson = False
) -> None:
    """Show what a data set holds and what was left out; check that it is whole and does not leak."""
    from ctstudio.catalog.dataset import read_dataset

    info = read_dataset(folder)
    facts = {"folder": str(folder), **_facts(info), "dataset": info.model_dump(mode="json")}
    answer(as_json, facts, _lines(info, folder))


def _facts(info: DatasetInfo) -> dict[str, Any]:
    from ctstudio.catalog.dataset import PARTS

    return {
        "name": info.name,
        "cases": len(info.cases),
        "patients": len({case.patient for case in info.cases}),
        "parts": {part: [case.name for case in info.of(part)] for part in PARTS},
        "skipped": [one.model_dump() for one in info.skipped],
        "warnings": list(info.warnings),
    }


def _lines(info: DatasetInfo, folder: Path) -> list[str]:
    """What people read: the data set, what to mind, what was left out."""
    from ctstudio.io.dataset_report import left_out, summary

    skipped = left_out(info)
    more = [f"  and {len(skipped) - _MOST_LINES} more"] if len(skipped) > _MOST_LINES else []
    lines = [*summary(info), f"  folder      {folder}"]
    lines += [f"Mind: {warning}" for warning in info.warnings]
    if skipped:
        lines += [f"Left out, {len(skipped)}:", *(f"  {line}" for line in skipped[:_MOST_LINES]), *more]
    return lines
