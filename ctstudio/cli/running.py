"""A task from its inputs to the folders of its samples; `run`, `demo` and `recreate` all go this way."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctstudio.cli.answer import answer
from ctstudio.cli.progress import result_of
from ctstudio.core.errors import ModelNotFound

if TYPE_CHECKING:
    from ctstudio.catalog.card import Card
    from ctstudio.catalog.fit import Fit
    from ctstudio.core.labels import LabelMap
    from ctstudio.core.volume import Volume
    from ctstudio.engine.cache import ModelCache
    from ctstudio.protocol.request import Request
    from ctstudio.protocol.result import Result, Sample

VOXEL_BYTES = 8
"""Of a sample: CT int16, noise map float32, mask and labels uint8."""
_NOT_PARAMETERS = ("out", "model", "device", "dtype", "as_json")


def run_task(card: Card, given: Mapping[str, Any]) -> None:
    """Run a task as the command line gave it, write its samples, and say where they are."""
    from ctstudio.catalog.fit import WINDOWS

    values = {name: value for name, value in given.items() if name not in _NOT_PARAMETERS and value is not None}
    files = {one.name: values.pop(one.name) for one in card.inputs if one.name in values}
    parameters = card.validated(values)
    card.check_given(parameters, files)
    model = given["model"] or default_model(card.system)
    request = request_of(card, parameters, files, model, given["device"], given["dtype"])
    _check_room(request, given["out"])
    found = fits_before(request)
    warnings, plan = said_of_fit(found), [one.reason for one in found if one.what == WINDOWS and one.level == "green"]
    result = done(request, card.title, begun=lambda: tell([*plan, *warnings]))
    folders = written(result, given["out"])
    facts = {
        "samples": [_facts(s, f) for s, f in zip(result.samples, folders, strict=True)],
        "model": model,
        "notes": list(result.notes),
        "fit": warnings,
    }
    answer(given["as_json"], facts, [*_lines(result.samples, folders), *result.notes])


def request_of(
    card: Card, parameters: dict[str, Any], files: Mapping[str, Path], model: str, device: str, dtype: str
) -> Request:
    """A request with its inputs read from files.

    Raises:
        CtStudioError: A file cannot be read as what the card wants.
    """
    from ctstudio.io.reading import read_labels_with_notes, read_volume_with_notes
    from ctstudio.protocol.request import Request, new_id

    kinds = {one.name: one.kind for one in card.inputs}
    inputs: dict[str, Volume | LabelMap] = {}
    for name, path in files.items():
        inputs[name], notes = read_labels_with_notes(path) if kinds[name] == "mask" else read_volume_with_notes(path)
        tell(notes)
    places = {name: str(Path(path).resolve()) for name, path in files.items()}
    return Request(new_id(), card.system, card.task, model, parameters, inputs, device, dtype, places)


def default_model(system: str) -> str:
    """The first model of a system on the shelf that can generate.

    Raises:
        ModelNotFound: The shelf has none.
    """
    from ctstudio.catalog.shelf import look

    shelf = look()
    for model in shelf.models:
        if model.info.system == system and not model.info.not_ready:
            return model.info.name
    raise ModelNotFound(
        f"There is no model of {system} on this machine.",
        "Give a model's folder with --model, or train one: see 'ctstudio train --list'.",
        "\n".join(shelf.notes),
    )


def fits_before(request: Request) -> list[Fit]:
    """How well a request fits its model, and how it will be gone through."""
    from ctstudio.catalog.fits import fits_of
    from ctstudio.catalog.shelf import find_model

    return fits_of(find_model(request.model), request.parameters, request.inputs, _free_bytes(request))


def said_of_fit(found: Iterable[Fit]) -> list[str]:
    """What lies outside the ranges that the model has seen, a line each."""
    return [f"{fit.what} ({fit.level}): {fit.reason}" for fit in found if fit.level != "green"]


def _free_bytes(request: Request) -> int | None:
    """Free memory, where the processor is sure to do the work."""
    import psutil

    return int(psutil.virtual_memory().available) if request.device == "cpu" else None


def tell(lines: Iterable[str]) -> None:
    """Say on stderr what the user should know besides the answer."""
    for line in lines:
        sys.stderr.write(f"ctstudio: {line}\n")


def done(
    request: Request, title: str, cache: ModelCache | None = None, begun: Callable[[], object] | None = None
) -> Result:
    """Run a request here, in this process; `begun` is called at its first step."""
    from ctstudio.engine import pipelines
    from ctstudio.engine.cache import ModelCache

    return result_of(pipelines.run(request, cache or ModelCache()), title, begun)


def written(result: Result, out: Path) -> list[Path]:
    """Write the samples of a result to numbered folders; return the folders."""
    from ctstudio.io.samples import write_sample

    return [write_sample(out, sample) for sample in result.samples]


def _check_room(request: Request, out: Path) -> None:
    """Refuse before the work what could not be written after it."""
    from ctstudio.catalog.medsyn import volume_voxels
    from ctstudio.catalog.shelf import find_model
    from ctstudio.io.storage import check_place, free_space_needed

    sizes = [image.array.size for image in request.inputs.values()]
    voxels = max([*sizes, volume_voxels(find_model(request.model).info)])
    check_place(out, free_space_needed(int(request.parameters.get("count", 1)) * voxels * VOXEL_BYTES))


def _facts(sample: Sample, folder: Path) -> dict[str, Any]:
    return {
        "folder": str(folder),
        "seed": sample.seed,
        "measures": sample.measures,
        "outputs": sample.provenance.outputs,
        "seconds": round(sample.provenance.seconds, 2),
    }


def _lines(samples: tuple[Sample, ...], folders: list[Path]) -> list[str]:
    lines = []
    for sample, folder in zip(samples, folders, strict=True):
        measured = ", ".join(f"{name} {value:.1f}" for name, value in sample.measures.items())
        lines.append(f"{folder}  seed {sample.seed}  {measured}")
    return lines
