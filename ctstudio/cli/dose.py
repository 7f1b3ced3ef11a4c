"""`ctstudio dose`: a scan as it would have been at a lower dose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ctstudio.cli.answer import answer
from ctstudio.cli.options import AsJson, OutFile, Seed
from ctstudio.cli.records import record
from ctstudio.core.errors import ParameterError

if TYPE_CHECKING:
    from ctstudio.core.volume import Volume

_VOXEL_BYTES = 4
"""Of an image with noise, and of a noise map: float32."""

_ONE_SCAN_ONLY = ("kernel", "electronic_noise", "bow_tie", "tube_current_modulation", "match_noise", "photons")


def dose(
    scan: Annotated[Path, typer.Argument(metavar="SCAN", help="A CT in HU: image file or DICOM folder.")],
    fraction: Annotated[float, typer.Option("--dose", help="Wanted dose, a fraction of SCAN's own, over 0 to 1.")],
    out: OutFile,
    low_dose: Annotated[
        Path | None, typer.Option(metavar="SCAN2", help="The same slices at a low dose: scale their difference.")
    ] = None,
    low_dose_fraction: Annotated[float, typer.Option(help="Dose of SCAN2, a fraction of SCAN's.")] = 0.25,
    noise_map: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the local standard deviation of the noise, HU.")
    ] = None,
    regime: Annotated[
        str,
        typer.Option(
            metavar="auto|inserted|independent|clean",
            help="Noise of SCAN. inserted: it holds that of its dose and gets only what it lacks, and SCAN2 "
            "was made by inserting noise; independent: SCAN2 is a scan of its own; clean: SCAN holds none; "
            "auto: inserted with SCAN2, otherwise measured.",
        ),
    ] = "auto",
    kernel: Annotated[
        str,
        typer.Option(metavar="auto|hann|ramp|sharp", help="Kernel of the noise; auto: as fine as the noise of SCAN."),
    ] = "auto",
    electronic_noise: Annotated[float, typer.Option(help="SD of the detector's own noise, photons.")] = 0.0,
    bow_tie: Annotated[bool, typer.Option("--bow-tie", help="Fewer photons towards the edge of the beam.")] = False,
    tube_current_modulation: Annotated[
        bool, typer.Option("--tube-current-modulation", help="More photons where the body attenuates more.")
    ] = False,
    photons: Annotated[
        float, typer.Option(help="For each detector bin and angle at SCAN's dose; 0: found by the noise.")
    ] = 0.0,
    match_noise: Annotated[
        bool,
        typer.Option(help="Find the photons that make the noise of SCAN. Otherwise 15 HU in a body of 330 x 240 mm."),
    ] = True,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Simulate a lower dose: from one scan in the projections, or from two scans by scaling their difference."""
    from ctstudio.cli.running import tell
    from ctstudio.io.reading import read_volume_with_notes
    from ctstudio.io.storage import check_place, free_space_needed
    from ctstudio.io.writing import write_volume

    settings = {
        "dose": fraction, "seed": seed, "regime": regime, "kernel": kernel, "electronic_noise": electronic_noise,
        "bow_tie": bow_tie, "tube_current_modulation": tube_current_modulation, "photons": photons,
        "match_noise": match_noise,
    }  # fmt: skip
    parameters = _checked(settings, low_dose is not None, out, noise_map)
    full, notes = read_volume_with_notes(scan)
    for file in filter(None, (out, noise_map)):
        check_place(file.parent, free_space_needed(full.array.size * _VOXEL_BYTES))
    inputs = {"scan": (scan, full)}
    if low_dose is None:
        image, noise, facts, told = _from_one(full, parameters)
    else:
        from ctstudio.cli.dose_of_two import from_two

        low, more = read_volume_with_notes(low_dose)
        notes += more
        inputs["low_dose"] = (low_dose, low)
        parameters["low_dose_fraction"] = low_dose_fraction
        image, noise, facts, told = from_two(full, low, fraction, low_dose_fraction, parameters["regime"])
    tell(notes)
    made = {"image": image, "noise_map": noise}
    provenance = record("dose", {**parameters, **facts}, seed, inputs, made, ("numpy", "torch"))
    write_volume(image, out, provenance)
    if noise_map is not None:
        write_volume(noise, noise_map, provenance)
    middle = _median_of_body(full, noise)
    facts = {"out": str(out), "noise_map": str(noise_map) if noise_map else None, "noise_sd_hu": middle, **facts}
    lines = [f"{out}: {fraction:.0%} of the dose, noise of {middle:.0f} HU put in (median in the body). Synthetic."]
    answer(as_json, facts, [*told, *lines, *([f"{noise_map}: its noise map."] if noise_map else [])])


def _checked(settings: dict[str, Any], two: bool, *files: Path | None) -> dict[str, Any]:
    """The parameters that apply; refuses early what would be refused after minutes of work."""
    from ctstudio.catalog.low_dose import CARD
    from ctstudio.io.writing import WRITABLE

    given = dict(settings)
    if two:
        given["regime"] = "auto" if given["regime"] == "independent" else given["regime"]
    elif given["regime"] == "independent":
        raise ParameterError(
            "An independent second scan was named, but none was given.", "Give it with --low-dose, or leave --regime."
        )
    parameters = CARD.validated(given)
    for file in files:
        if file is not None and not file.name.lower().endswith(WRITABLE):
            raise ParameterError(
                f"{file.name} cannot be written: its suffix names no format that keeps a volume.",
                f"End the name in one of {', '.join(WRITABLE)}.",
            )
    if not two:
        return parameters
    defaults = CARD.defaults()
    idle = [name for name in _ONE_SCAN_ONLY if parameters[name] != defaults[name]]
    if idle:
        options = ", ".join("--" + name.replace("_", "-") for name in idle)
        raise ParameterError(
            f"{options} belong to the simulation from one scan; two scans bring their own noise.",
            "Leave them out, or leave out --low-dose.",
        )
    return {"dose": parameters["dose"], "regime": settings["regime"]}


def _from_one(full: Volume, parameters: dict[str, Any]) -> tuple[Volume, Volume, dict[str, Any], list[str]]:
    from ctstudio.cli.progress import late_bar
    from ctstudio.physics.dose_scan import simulate_scan
    from ctstudio.physics.dose_volume import run_through

    with late_bar("Simulating dose") as bar:
        made = run_through(simulate_scan(full, parameters), bar.at)
    return made.image, made.noise_map, made.facts, [made.words]


def _median_of_body(full: Volume, noise: Volume) -> float:
    """Median of the noise map over voxels that are not air, HU; over all voxels when there is only air."""
    import numpy as np

    body = full.array > -500
    return float(np.median(noise.array[body] if body.any() else noise.array))
