"""`ctstudio dose`: a scan as it would have been at a lower dose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctstudio.cli.answer import answer
from ctstudio.cli.options import AsJson, OutFile, Seed
from ctstudio.cli.progress import late_bar
from ctstudio.cli.records import record
from ctstudio.core.errors import GeometryError, IntensityError, ParameterError

if TYPE_CHECKING:
    from ctstudio.core.volume import Volume

_VOXEL_BYTES = 4
"""Of an image with noise, and of a noise map: float32."""


def dose(
    scan: Annotated[Path, typer.Argument(metavar="SCAN", help="A CT in HU: image file or DICOM folder.")],
    fraction: Annotated[float, typer.Option("--dose", help="Wanted dose, a fraction of the full dose, over 0 to 1.")],
    out: OutFile,
    low_dose: Annotated[
        Path | None, typer.Option(metavar="SCAN2", help="The same slices at a low dose: scale their difference.")
    ] = None,
    low_dose_fraction: Annotated[float, typer.Option(help="Dose of SCAN2, a fraction of the full dose.")] = 0.25,
    noise_map: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the local standard deviation of the noise, HU.")
    ] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Simulate a lower dose: from one scan in the projections, or from two scans by scaling their difference."""
    from ctstudio.cli.running import tell
    from ctstudio.io.reading import read_volume_with_notes
    from ctstudio.io.storage import check_place, free_space_needed
    from ctstudio.io.writing import write_volume

    _check(fraction, out, noise_map)
    full, notes = read_volume_with_notes(scan)
    for file in filter(None, (out, noise_map)):
        check_place(file.parent, free_space_needed(full.array.size * _VOXEL_BYTES))
    inputs = {"scan": (scan, full)}
    if low_dose is None:
        image, noise = _from_one(full, fraction, seed)
    else:
        low, more = read_volume_with_notes(low_dose)
        notes += more
        inputs["low_dose"] = (low_dose, low)
        image, noise = _from_two(full, low, fraction, low_dose_fraction)
    tell(notes)
    parameters = {"dose": fraction, "low_dose_fraction": low_dose_fraction if low_dose else None}
    made = {"image": image, "noise_map": noise}
    provenance = record("dose", parameters, seed, inputs, made, ("numpy", "torch"))
    write_volume(image, out, provenance)
    if noise_map is not None:
        write_volume(noise, noise_map, provenance)
    middle = _median_of_body(full, noise)
    facts = {"out": str(out), "noise_map": str(noise_map) if noise_map else None, "noise_sd_hu": middle}
    lines = [f"{out}: {fraction:.0%} of the full dose, noise SD {middle:.0f} HU (median in the body). Synthetic."]
    answer(as_json, facts, [*lines, *([f"{noise_map}: its noise map."] if noise_map else [])])


def _check(fraction: float, *files: Path | None) -> None:
    """Refuse early what would be refused after minutes of work."""
    from ctstudio.io.writing import WRITABLE

    if not 0 < fraction <= 1:
        raise ParameterError(
            f"The dose {fraction:g} is not a fraction of the full dose.",
            "Give a number over 0 and up to 1, such as 0.25 for 25 %.",
        )
    for file in files:
        if file is not None and not file.name.lower().endswith(WRITABLE):
            raise ParameterError(
                f"{file.name} cannot be written: its suffix names no format that keeps a volume.",
                f"End the name in one of {', '.join(WRITABLE)}.",
            )


def _from_one(full: Volume, fraction: float, seed: int) -> tuple[Volume, Volume]:
    from ctstudio.physics.dose_volume import low_dose_volume

    with late_bar("Simulating dose") as bar:
        return low_dose_volume(full, fraction, seed, bar.at)


def _from_two(full: Volume, low: Volume, fraction: float, low_fraction: float) -> tuple[Volume, Volume]:
    from dataclasses import replace

    import torch

    from ctstudio.physics.noise_map import noise_map
    from ctstudio.physics.two_scans import simulate_dose

    if not full.grid.matches(low.grid):
        raise GeometryError(
            "The two scans do not have the same voxels.", "Give two scans of the same slices on the same grid."
        )
    _usable(full)
    _usable(low)
    arrays = [torch.from_numpy(one.array.astype("float32")) for one in (full, low)]
    made = simulate_dose(arrays[0], arrays[1], fraction, low_fraction)
    spread = noise_map(made.noise_hu[:, None])[:, 0]
    name = f"{full.name} at {fraction:.0%} dose".strip()
    image = replace(full, array=made.image_hu.numpy(), synthetic=True, name=name)
    return image, replace(image, array=spread.numpy(), unit="HU_SD", name=f"Noise map of {name}")


def _usable(scan: Volume) -> None:
    if not scan.is_hu:
        raise IntensityError(f"{scan.name} holds {scan.unit} values, not Hounsfield units.", "Give a CT in HU.")
    if not scan.finite():
        raise IntensityError(f"{scan.name} has voxels that are NaN or infinite.", "Replace them by air (-1000 HU).")


def _median_of_body(full: Volume, noise: Volume) -> float:
    """Median of the noise map over voxels that are not air, HU; over all voxels when there is only air."""
    import numpy as np

    body = full.array > -500
    return float(np.median(noise.array[body] if body.any() else noise.array))
