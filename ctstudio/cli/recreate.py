"""`ctstudio recreate`: the same result again, or what differs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctstudio.cli.answer import answer
from ctstudio.cli.options import AsJson, OutFolder
from ctstudio.core.errors import UnreadableFile

if TYPE_CHECKING:
    from ctstudio.core.provenance import Provenance
    from ctstudio.protocol.request import Request


def recreate(
    provenance: Annotated[Path, typer.Argument(metavar="PROVENANCE.json", help="Lies beside every sample.")],
    out: OutFolder,
    model: Annotated[str, typer.Option(help="The model's folder, when it is no longer on the shelf.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make the same sample again. Says whether it is identical, and if not, what differs."""
    from ctstudio.catalog.cards import card
    from ctstudio.cli.running import done, written
    from ctstudio.io.samples import read_provenance
    from ctstudio.io.storage import check_place

    told = read_provenance(provenance)
    check_place(out)
    request = _request_again(told, model)
    differences = _before(told, request)
    result = done(request, card(told.system, told.task).title)
    [folder] = written(result, out)
    now = result.samples[0].provenance
    differences += _after(told, now)
    changed = [name for name, digest in told.outputs.items() if now.outputs.get(name) != digest]
    facts = {"folder": str(folder), "identical": not changed, "changed": changed, "differences": differences}
    answer(as_json, facts, [str(folder), _verdict(changed), *differences])


def _request_again(told: Provenance, model: str) -> Request:
    """The request of this very sample: its own seed, one sample."""
    from ctstudio.catalog.cards import card
    from ctstudio.cli.running import request_of
    from ctstudio.protocol.recorded import for_one

    missing = [name for name, facts in told.inputs.items() if not facts.get("file")]
    if missing:
        raise UnreadableFile(
            f"The record does not say where its {missing[0]} came from: it was never saved to a file.",
            "Run the task again with the input saved beside the sample.",
        )
    files = {name: Path(facts["file"]) for name, facts in told.inputs.items()}
    wanted = card(told.system, told.task)
    parameters = wanted.validated(for_one(told.parameters, told.seed))
    return request_of(wanted, parameters, files, model or told.model, _device(told), told.dtype or "auto")


def _device(told: Provenance) -> str:
    import torch

    if told.device.startswith("cuda") and not torch.cuda.is_available():
        return "cpu"
    return "cuda" if told.device.startswith("cuda") else "cpu"


def _before(told: Provenance, request: Request) -> list[str]:
    """What is no longer as it was: inputs and model."""
    from ctstudio.catalog.shelf import find_model
    from ctstudio.core.provenance import digest

    found = []
    for name, image in request.inputs.items():
        if digest(image.array) != told.inputs[name].get("sha256"):
            found.append(f"The {name} has other voxels than then: {request.input_files[name]}.")
    files = find_model(request.model).info.files
    other = sorted(name for name, digest in told.model_digests.items() if files.get(name) != digest)
    if other:
        found.append(f"The model {told.model} has changed: {', '.join(other)}.")
    return found


def _after(told: Provenance, now: Provenance) -> list[str]:
    """What the machine does differently."""
    found = [
        f"{name} was {then}, now it is {now.versions.get(name, 'missing')}."
        for name, then in told.versions.items()
        if now.versions.get(name) != then
    ]
    for what, then, here in (("device", told.device, now.device), ("dtype", told.dtype, now.dtype)):
        if then != here:
            found.append(f"The {what} was {then}, now it is {here}.")
    return found


def _verdict(changed: list[str]) -> str:
    return f"Not identical: {', '.join(changed)}." if changed else "Identical: every voxel is as it was."
