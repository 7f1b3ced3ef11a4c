"""What `ctstudio batch` does with its options: plan, check, estimate or run, and tell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ctstudio.catalog.batch import DEFAULT_NAME, BatchPlan, BatchSettings, folder_of, records_of
from ctstudio.catalog.shelf import find_model
from ctstudio.catalog.sweeps import sweeps_from, swept_parameters
from ctstudio.cli.answer import answer
from ctstudio.cli.batch_estimate import estimated
from ctstudio.cli.batching import run_batch
from ctstudio.cli.progress import late_bar
from ctstudio.cli.running import default_model, tell
from ctstudio.core.errors import InputError, ParameterError
from ctstudio.core.spoken import amount, duration
from ctstudio.io.batch_counts import missing
from ctstudio.io.batch_folder import CaseLine, check_folder, done_cases, read_plan
from ctstudio.io.batch_masks import look_at_masks
from ctstudio.io.batch_plan import most_bytes, plan_of
from ctstudio.io.storage import check_place, free_space_needed
from ctstudio.jobs.training_status import is_alive
from ctstudio.protocol.training_run import ENDED, RunFiles, RunInfo, read_record

if TYPE_CHECKING:
    from ctstudio.catalog.card import Card

_CHOICES = ("layout", "label_source")


def run(card: Card, given: Mapping[str, Any]) -> None:
    """Make a data set as the command line asks."""
    settings = _taken_up(card, given) if given["resume"] else _settings(card, given)
    out = Path(given["out"])
    folder = out if given["resume"] and read_plan(out) else folder_of(out, settings)
    settings.check()
    plan, to_mind = _planned(settings)
    done = done_cases(folder) if check_folder(folder, plan) else {}
    tell(f"Mind: {line}" for line in to_mind)
    if given["estimate"]:
        with late_bar("Trying a few slices"):
            facts = estimated(plan, folder, done) | {"mind": list(to_mind)}
        answer(given["as_json"], facts, estimate_lines(facts))
        return
    _check_alone(folder)
    check_place(folder, free_space_needed(most_bytes(plan, missing(plan, done))))
    with late_bar("Data set") as bar:
        lines = run_batch(plan, folder, bar.at)
    facts = _facts(plan, folder, lines) | {"mind": list(to_mind)}
    answer(given["as_json"], facts, _told(plan, folder, facts))


def _facts(plan: BatchPlan, folder: Path, lines: list[CaseLine]) -> dict[str, Any]:
    return {
        "folder": str(folder),
        "masks": len(plan.masks),
        "groups": len({mask.group for mask in plan.masks}),
        "samples": plan.sample_count,
        "cases": len(lines),
        "slices": plan.slice_count,
        "labels": list(plan.labels),
        "never": _never(plan, lines),
        "left_out": list(plan.left_out),
        "bytes": sum(sum(line.files.values()) for line in lines),
    }


def estimate_lines(facts: Mapping[str, Any]) -> list[str]:
    """An estimate for people."""
    done = f", {facts['samples_done']} of them done" if facts["samples_done"] else ""
    room = "" if facts["fits"] else " That is not enough."
    return [
        f"{facts['masks']} masks of {facts['groups']} patients, {facts['samples']} samples{done}, "
        f"{facts['cases']} cases, {facts['slices']} slices to generate.",
        f"About {duration(facts['seconds'])} on this machine ({facts['seconds_per_slice']:.2f} s a slice).",
        f"About {amount(facts['disk_bytes'])} on disk, at most {amount(facts['disk_bytes_at_most'])}; "
        f"{amount(facts['free_bytes'])} are free.{room}",
        f"Labels: {', '.join(facts['labels'])}.",
        *(f"Left out: {one}" for one in facts["left_out"]),
    ]


def _settings(card: Card, given: Mapping[str, Any]) -> BatchSettings:
    """What the options say.

    Raises:
        ParameterError: No folder of masks, or a value that cannot be used.
    """
    if given["masks"] is None:
        raise ParameterError("A batch needs a folder of masks: --masks DIR.", "Or go on with one: --resume --out DIR.")
    sweeps = {f.name: given[f.name] for f in swept_parameters(card) if given[f.name] is not None}
    values = {
        "system": card.system,
        "task": card.task,
        "model": given["model"] or default_model(card.system),
        "masks": str(Path(given["masks"]).expanduser().absolute()),
        "sweeps": sweeps_from(card, sweeps),
        "labels": _labels(given["labels"]),
        "name": given["name"] or _own_name(Path(given["out"]), given["layout"]),
        **{key: given[key] for key in ("layout", "label_source", "patient_pattern", "leave_out", "device", "dtype")},
    }
    try:
        return BatchSettings.model_validate(values)
    except ValidationError as error:
        wrong = error.errors()[0]
        name = str(wrong["loc"][0])
        choices = str(wrong.get("ctx", {}).get("expected", "another value")).replace("'", "")
        raise ParameterError(
            f"--{name.replace('_', '-')} {wrong['input']!r} cannot be used.", f"Give {choices}."
        ) from error


def _labels(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.replace(";", ",").split(",") if name.strip())


def _own_name(out: Path, layout: str) -> str:
    """The folder's own name where it is one of nnU-Net's or becomes the data set itself."""
    own = out.absolute().name
    return own if layout == "runs" or own.startswith("Dataset") else DEFAULT_NAME


def _taken_up(card: Card, given: Mapping[str, Any]) -> BatchSettings:
    """The settings of the batch in the folder.

    Raises:
        InputError: There is none, or options are given that would change it.
    """
    named = [f.name for f in swept_parameters(card) if given[f.name] is not None]
    named += [name for name in ("masks", "labels", "patient_pattern", "model") if given[name]]
    if named:
        raise ParameterError(
            f"--resume takes the batch's own settings; --{named[0].replace('_', '-')} cannot be given with it.",
            "Give --resume and --out alone, or the same command as at first without --resume.",
        )
    out = Path(given["out"])
    places = [out, out / (given["name"] or DEFAULT_NAME)]
    plan = next((found for place in places if (found := read_plan(place))), None)
    if plan is None:
        raise InputError(f"There is no batch in {out}.", "Give the folder of its data set, which holds 'batch'.")
    if (plan.settings.system, plan.settings.task) != (card.system, card.task):
        told = f"{plan.settings.system} {plan.settings.task}".replace("_", "-")
        raise InputError(f"The batch in {out} is one of {told}.", f"ctstudio batch {told} --resume --out {out}")
    return plan.settings


def _planned(settings: BatchSettings) -> tuple[BatchPlan, tuple[str, ...]]:
    model = find_model(settings.model)
    if model.info.system != settings.system:
        raise ParameterError(
            f"The model {model.info.name} belongs to {model.info.system}, not to {settings.system}.",
            "See 'ctstudio models list'.",
        )
    with late_bar("Looking at the masks") as bar:
        found = look_at_masks(Path(settings.masks), model.info, bar.at)
    return plan_of(settings, found, model.info)


def _check_alone(folder: Path) -> None:
    """Refuse to work where another process is at work.

    Raises:
        InputError: It is.
    """
    import os
    import socket

    info = read_record(RunFiles(records_of(folder)).info, RunInfo)
    if info is None or info.state in ENDED or info.pid == os.getpid():
        return
    if info.host == socket.gethostname() and is_alive(info.pid, info.process_started):
        raise InputError(
            f"A batch is at work in {folder} (process {info.pid}).", "Wait for it, or stop it, then go on here."
        )


def _never(plan: BatchPlan, lines: list[CaseLine]) -> list[str]:
    """Labels of the data set that no case holds."""
    if plan.settings.layout == "runs":
        return []
    return [name for name in plan.labels if not any(line.voxels.get(name) for line in lines)]


def _told(plan: BatchPlan, folder: Path, facts: Mapping[str, Any]) -> list[str]:
    lines = [f"{facts['cases']} cases from {facts['masks']} masks in {folder}. Synthetic."]
    lines += [f"No case holds {name}." for name in facts["never"]]
    if plan.settings.layout == "nnunet":
        lines.append(f"For nnU-Net: nnUNetv2_plan_and_preprocess -d {plan.settings.number}; see README.txt there.")
    return lines
