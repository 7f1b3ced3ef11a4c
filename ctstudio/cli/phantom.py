"""`ctstudio phantom`: a procedural patient as files."""

from __future__ import annotations

from typing import Annotated

import typer

from ctstudio.cli.answer import answer
from ctstudio.cli.options import AsJson, OutFolder, Seed
from ctstudio.core.errors import ParameterError


def phantom(
    out: OutFolder,
    region: Annotated[str, typer.Option(metavar="chest|abdomen|head", help="Part of the body.")] = "abdomen",
    seed: Seed = 0,
    size: Annotated[int, typer.Option(min=16, max=1024, help="Voxels along each axis.")] = 128,
    spacing: Annotated[float, typer.Option(min=0.2, max=20.0, help="Voxel size, mm.")] = 2.0,
    finding: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A finding, such as effusion=large; repeatable; 'none' for healthy."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a procedural patient: CT, labels, PET, MR, report and exact truth."""
    from ctstudio.io.phantom_files import write_phantom
    from ctstudio.phantom.grids import default_grid
    from ctstudio.phantom.patient import REGIONS, make_patient
    from ctstudio.phantom.render import render
    from ctstudio.phantom.report import report
    from ctstudio.phantom.truth import truth

    known = next((name for name in REGIONS if name == region), None)
    if known is None:
        raise ParameterError(f"There is no region {region!r}.", f"Choose one of {', '.join(REGIONS)}.")
    patient = make_patient(seed, known, _findings(finding))
    made = render(patient, default_grid(patient, size, spacing))
    facts = truth(patient, made)
    write_phantom(out, made, report(patient), facts)
    names = ", ".join(f.name for f in patient.findings) or "none"
    answer(as_json, {"out": str(out), "truth": facts}, [f"{out}: {known}, seed {seed}, findings: {names}. Synthetic."])


def _findings(given: list[str] | None) -> dict[str, str] | None:
    """Finding to value; None lets the seed decide."""
    if not given:
        return None
    if given == ["none"]:
        return {}
    pairs = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not sign:
            raise ParameterError(f"--finding {one!r} is not NAME=VALUE.", "For example: --finding effusion=large.")
        pairs[name.strip()] = value.strip()
    return pairs
