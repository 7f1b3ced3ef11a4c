"""Whether anatomy, a scan and a lesion lie within what a model of MedDiff-FM can make something of."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from ctstudio.catalog.anatomy_plausibility import implausible
from ctstudio.catalog.anatomy_vocabulary import meaning_of
from ctstudio.catalog.fit import WINDOWS, Fit, listed, readiness
from ctstudio.catalog.label_meanings import meanings
from ctstudio.catalog.meddiff_memory import window_bytes
from ctstudio.catalog.meddiff_organs import classes_of
from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.shelf import Model
from ctstudio.catalog.window_plan import plan
from ctstudio.core.errors import InputError, ParameterError
from ctstudio.core.grid import Grid
from ctstudio.core.isotropic_grid import isotropic_grid
from ctstudio.core.labels import LabelMap
from ctstudio.core.lattices import lattices, strides
from ctstudio.core.resample import labels_onto
from ctstudio.core.spoken import amount
from ctstudio.core.volume import Volume

FINER, COARSER = 0.5, 2.0
"""Voxels smaller or larger than so many of the model's are told of. Source: ours."""
_UNEVEN = 6.0
"""Longest edge of a voxel over its shortest."""


def assess(
    model: Model, parameters: Mapping[str, Any], inputs: Mapping[str, Volume | LabelMap], free_bytes: int | None = None
) -> list[Fit]:
    """Compare a request with what the model has seen.

    Args:
        model: That is asked.
        parameters: As validated by the task's card.
        inputs: `scan`, `anatomy` and `lesion`, as far as there are.
        free_bytes: Memory of the device that is free, where it is known.

    Returns:
        One finding for each thing that was looked at, in the order they are shown.
    """
    scan, anatomy, lesion = (inputs.get(name) for name in ("scan", "anatomy", "lesion"))
    found = readiness(model.info)
    grid = next((one.grid for one in (scan, anatomy) if one is not None), None)
    if grid is None:
        return found
    if isinstance(scan, Volume):
        found += _scan(scan)
    found += [
        *_origin(model.info, inputs),
        *_voxels(model.info, grid, parameters.get("detail") == "scan"),
        _size(model.info, grid),
    ]
    if isinstance(anatomy, LabelMap):
        found += _anatomy(anatomy, parameters, grid)
    if isinstance(lesion, LabelMap):
        found += _lesion(lesion, grid)
        found += _kind(model.info, str(parameters.get("kind", "")))
    return [*found, _plan(model.info, parameters, grid, lesion is not None, free_bytes)]


def _scan(scan: Volume) -> list[Fit]:
    if not scan.is_hu:
        return [Fit("red", "Scan", f"The scan holds {scan.unit} values, not Hounsfield units.")]
    if not scan.finite():
        return [Fit("red", "Scan", "The scan has voxels without a number.")]
    return []


def _origin(info: ModelInfo, inputs: Mapping[str, Volume | LabelMap]) -> list[Fit]:
    """A model that learned from phantoms knows no patient."""
    real = [name for name, image in inputs.items() if name != "lesion" and not image.synthetic]
    if info.size != "demo" or not real:
        return []
    return [
        Fit(
            "amber",
            "Origin",
            f"Outside what the model knows: it has seen phantoms only, and this {real[0]} is not marked as one. It "
            "runs, but what it draws is no patient's tissue.",
        )
    ]


def _voxels(info: ModelInfo, grid: Grid, by_lattice: bool) -> list[Fit]:
    own = float(info.config.get("spacing_mm", 1.0))
    size = " × ".join(f"{mm:.3g}" for mm in grid.spacing_mm)
    found = []
    if max(grid.spacing_mm) / min(grid.spacing_mm) > _UNEVEN:
        found.append(Fit("amber", "Voxels", f"{size} mm: very uneven. Between its slices the model has to guess."))
    elif max(grid.spacing_mm) > COARSER * own:
        found.append(Fit("amber", "Voxels", f"{size} mm, coarser than the model's {own:g} mm."))
    elif min(grid.spacing_mm) < FINER * own and not by_lattice:
        found.append(
            Fit("amber", "Voxels", f"{size} mm, finer than the model's {own:g} mm: what it draws has its voxels.")
        )
    return found or [Fit("green", "Voxels", f"{size} mm; the model works at {own:g} mm.")]


def _size(info: ModelInfo, grid: Grid) -> Fit:
    edge = float(info.config.get("patch", 128)) * float(info.config.get("spacing_mm", 1.0))
    size = " × ".join(f"{mm:.0f}" for mm in grid.extent_mm)
    if min(grid.extent_mm) < edge / 2:
        return Fit("amber", "Size", f"{size} mm is much less than the {edge:.0f} mm that the model sees at once.")
    return Fit("green", "Size", f"{size} mm; the model sees {edge:.0f} mm at once.")


def _anatomy(anatomy: LabelMap, parameters: Mapping[str, Any], grid: Grid) -> list[Fit]:
    if not anatomy.array.any():
        return [Fit("red", "Anatomy", "The label map is empty.")]
    if not anatomy.grid.overlaps(grid):
        return [Fit("red", "Anatomy", "The anatomy and the scan lie in different places.")]
    try:
        meaning = meaning_of(anatomy, meanings(str(parameters.get("labels_mean", ""))))
    except InputError as error:
        return [Fit("red", "Labels", str(error))]
    if not meaning.known:
        return [Fit("red", "Labels", f"None of these labels is known: {listed(meaning.unknown)}. Say what they mean.")]
    found = []
    if meaning.unknown:
        found.append(Fit("amber", "Labels", f"Unknown, and taken for body: {listed(meaning.unknown)}."))
    found += [Fit("amber", "Labels", reason) for reason in implausible(anatomy, meaning.classes)]
    if not meaning.has_body:
        found.append(Fit("amber", "Body", "The labels have no body; its outline is made from the scan or around them."))
    if "organ" in parameters:
        found += _organ(str(parameters["organ"]), meaning.possible)
    return found or [Fit("green", "Labels", "All labels are known.")]


def _organ(name: str, there: set[int]) -> list[Fit]:
    try:
        wanted = classes_of(name)
    except InputError as error:
        return [Fit("red", "Organ", str(error))]
    if not wanted & there:
        return [Fit("red", "Organ", f"The anatomy holds no {name}.")]
    return []


def _lesion(lesion: LabelMap, grid: Grid) -> list[Fit]:
    if not lesion.array.any():
        return [Fit("red", "Lesion", "The mask is empty.")]
    if not lesion.grid.overlaps(grid) or not labels_onto(lesion, grid).array.any():
        return [Fit("red", "Lesion", "The mask lies outside the image.")]
    share = np.count_nonzero(lesion.array) * lesion.grid.voxel_volume_mm3 / (np.prod(grid.extent_mm))
    if share > 0.1:
        return [Fit("amber", "Lesion", f"The mask fills {share:.0%} of the image: no lesion does.")]
    return []


def _plan(info: ModelInfo, parameters: Mapping[str, Any], grid: Grid, lesion: bool, free_bytes: int | None) -> Fit:
    """How the whole volume will be gone through; putting a lesion in or out needs the windows around it alone."""
    patch, own = int(info.config["patch"]), float(info.config["spacing_mm"])
    parts, seen = 1, isotropic_grid(grid, own)
    if parameters.get("detail") == "scan":
        parts, seen = prod(strides(grid, own)), next(iter(lattices(grid, own))).grid
    z, y, x = (max(n, patch) for n in seen.shape)
    steered = lesion and "kind" in parameters
    needed = window_bytes(info.config, steered=steered)
    try:
        made = plan((z, y, x), patch, float(parameters.get("overlap", 0.25)), free_bytes or needed, needed)
    except ParameterError as error:
        return Fit("red", WINDOWS, str(error))
    size, each = " × ".join(map(str, made.shape[::-1])), f"{patch} × {patch} × {patch}"
    count = "a single window" if made.windows == 1 else f"{made.windows} windows, {made.overlap:.0%} overlap,"
    times = f"{parts} lattices of " if parts > 1 else ""
    reason = f"{times}{size} voxels in {count} of {each}; one takes about {amount(needed)} of memory."
    return Fit("green", WINDOWS, reason)


def _kind(info: ModelInfo, kind: str) -> list[Fit]:
    controls = tuple(info.config.get("controls", ()))
    if not kind or kind in controls or (kind == "auto" and controls):
        return []
    wanted = "lesions" if kind == "auto" else kind.replace("_", " ")
    known = listed([one.replace("_", " ") for one in controls]) if controls else "no lesion"
    return [Fit("red", "Kind of lesion", f"The model cannot draw {wanted}; it has learned {known}.")]
