"""A batch of reports on its way: rows read and checked, what is missing made, and what was measured noted down."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctstudio.catalog.medsyn import volume_voxels
from ctstudio.catalog.shelf import Model, find_model
from ctstudio.cli.answer import answer
from ctstudio.cli.exits import INTERRUPTED
from ctstudio.cli.progress import late_bar
from ctstudio.cli.running import VOXEL_BYTES, default_model, fits_before, said_of_fit, tell
from ctstudio.core.errors import Cancelled, EngineError, ParameterError
from ctstudio.core.spoken import amount, duration
from ctstudio.io.report_table import ReportRow, read_report_table
from ctstudio.io.samples import is_made, write_sample
from ctstudio.io.storage import check_place, free_space_needed, storage_errors
from ctstudio.protocol.events import Finished, Loading, Stepped
from ctstudio.protocol.request import Request, new_id

if TYPE_CHECKING:
    from ctstudio.catalog.card import Card
    from ctstudio.engine.cache import ModelCache
    from ctstudio.protocol.result import Sample

RECORDS = "chests.jsonl"
"""In the batch's folder: name, seed, report and measures of each chest, a line each, in the order they were made."""


Report = Callable[[float, float, str], None]
"""Told chests done, chests of this start, and words."""


@dataclass(frozen=True)
class _Batch:
    """A table of reports and how each row is asked."""

    card: Card
    model: Model
    out: Path
    rows: tuple[ReportRow, ...]
    requests: dict[str, Request]

    def missing(self) -> list[ReportRow]:
        """Rows that have no folder yet.

        Raises:
            InputError: A folder holds something else than its row asks for.
        """
        files = self.model.info.files
        return [r for r in self.rows if not is_made(self.out / r.name, self.requests[r.name].parameters, files)]


def run(card: Card, given: Mapping[str, Any], of_rows: Collection[str]) -> None:
    """Make the chests that the command line asks for; parameters named in `of_rows` are the table's."""
    common = {f.name: given[f.name] for f in card.fields() if f.name not in of_rows and given[f.name] is not None}
    card.validated(common)
    table = read_report_table(Path(given["reports"]), int(common.get("seed", 0)))
    table.check(given["leave_out"])
    batch = _batch(card, given, common, table.rows)
    todo = batch.missing()
    tell([*table.notes, *(f"Left out: {one}" for one in table.bad), *_fits(batch)])
    room = len(todo) * volume_voxels(batch.model.info) * VOXEL_BYTES
    facts = {"folder": str(batch.out), "chests": len(batch.rows), "done": len(batch.rows) - len(todo)}
    facts |= {"left_out": list(table.bad), "disk_bytes_at_most": room}
    if given["estimate"]:
        with late_bar("Trying the first report") as bar:
            facts["seconds"] = _seconds(batch, todo, bar.at)
        answer(given["as_json"], facts, _estimate_lines(facts))
        return
    check_place(batch.out, free_space_needed(room))
    with late_bar("Chests") as bar:
        _make_all(batch, todo, bar.at)
    answer(
        given["as_json"], facts | {"done": len(batch.rows)}, [f"{len(batch.rows)} chests in {batch.out}. Synthetic."]
    )


def _batch(card: Card, given: Mapping[str, Any], common: dict[str, Any], rows: tuple[ReportRow, ...]) -> _Batch:
    model = find_model(given["model"] or default_model(card.system))
    if model.info.system != card.system:
        raise ParameterError(
            f"The model {model.info.name} belongs to {model.info.system}, not to {card.system}.",
            "See 'ctstudio models list'.",
        )
    name = given["model"] or model.info.name
    requests = {
        row.name: Request(
            new_id(),
            card.system,
            card.task,
            name,
            card.validated({**common, "text": row.findings, "impression": row.impression, "seed": row.seed}),
            {},
            given["device"],
            given["dtype"],
        )
        for row in rows
    }
    return _Batch(card, model, Path(given["out"]), rows, requests)


def _fits(batch: _Batch) -> list[str]:
    """What lies outside what the model has seen, a line for each kind."""
    found: dict[str, list[tuple[int, str]]] = {}
    for row in batch.rows:
        for line in said_of_fit(fits_before(batch.requests[row.name])):
            what, _, reason = line.partition(": ")
            found.setdefault(what, []).append((row.line, reason))
    return [
        f"{what} in {len(rows)} {'row' if len(rows) == 1 else 'rows'}, for example row {rows[0][0]}: {rows[0][1]}"
        for what, rows in found.items()
    ]


def _make_all(batch: _Batch, todo: list[ReportRow], report: Report) -> None:
    """Make what is missing, and note down what was measured.

    Raises:
        Cancelled: Somebody stopped it; says how to go on.
    """
    from ctstudio.engine.cache import ModelCache

    cache, made = ModelCache(), 0
    try:
        for row in todo:
            words = f"Chest {len(batch.rows) - len(todo) + made + 1} of {len(batch.rows)}, {row.name}"
            sample = _sample(batch, row, cache, partial(_told, report, made, len(todo), words))
            write_sample(batch.out, sample, row.name)
            _note_down(batch.out / RECORDS, row, sample)
            made += 1
    except KeyboardInterrupt as stop:
        told = f"Stopped: {len(batch.rows) - len(todo) + made} of {len(batch.rows)} chests are done."
        error = Cancelled(told, "Run the same command again to go on.")
        error.exit_code = INTERRUPTED
        raise error from stop


def _told(report: Report, made: int, total: int, words: str, share: float) -> None:
    report(made + share, total, words)


def _sample(batch: _Batch, row: ReportRow, cache: ModelCache, report: Callable[[float], None]) -> Sample:
    from ctstudio.engine import pipelines

    with closing(pipelines.run(replace(batch.requests[row.name], id=new_id()), cache)) as events:
        for event in events:
            if isinstance(event, Stepped):
                report(event.done)
            elif isinstance(event, Finished):
                return event.result.samples[0]
    raise EngineError(f"The engine ended without the chest of row {row.line}.", "Please report it.")


def _note_down(path: Path, row: ReportRow, sample: Sample) -> None:
    told = {"name": row.name, "seed": sample.seed, "findings": row.findings, "impression": row.impression}
    told |= {"measures": sample.measures, "seconds": sample.provenance.seconds}
    with storage_errors(path), path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(told, ensure_ascii=False) + "\n")


def _seconds(batch: _Batch, todo: list[ReportRow], report: Report) -> float:
    """What all missing chests will take, from the first one up to its first dear step."""
    from ctstudio.engine import pipelines
    from ctstudio.engine.cache import ModelCache

    if not todo:
        return 0.0
    request, began, stages, told = batch.requests[todo[0].name], time.monotonic(), set(), 0.0
    with closing(pipelines.run(request, ModelCache())) as events:
        for event in events:
            if isinstance(event, Loading):
                began = time.monotonic()
            elif isinstance(event, Finished):
                return (time.monotonic() - began) * len(todo)
            elif isinstance(event, Stepped) and event.seconds_left is not None:
                report(event.done, 1.0, "")
                told = time.monotonic() - began + event.seconds_left
                stages.add((event.stage, event.step))
                if len({stage for stage, _ in stages}) > 1 and event.step > 1:
                    return told * len(todo)
    return told * len(todo)


def _estimate_lines(facts: Mapping[str, Any]) -> list[str]:
    done = f", {facts['done']} of them done" if facts["done"] else ""
    return [
        f"{facts['chests']} chests{done}.",
        f"About {duration(facts['seconds'])} on this machine, at most {amount(facts['disk_bytes_at_most'])} on disk.",
    ]
