"""Where a volume lies in the patient, and what is given of it, brought onto its voxels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.lobe_places import lobe_places
from ctstudio.core.errors import GeometryError, IntensityError, MaskError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LUNG_LOBES, LabelMap
from ctstudio.core.resample import labels_onto, volume_onto
from ctstudio.core.volume import Volume
from ctstudio.systems.medsyn.channels import AIRWAY, CT, LOBES, LOWEST_HU, VESSELS, Chest
from ctstudio.systems.medsyn.config import FIELD_OF_VIEW_MM, MedsynConfig
from ctstudio.systems.medsyn.lungs_in_scan import middle_of_lungs_mm
from ctstudio.systems.medsyn.structures import READERS, Structure

_AIRWAY_BELOW_MM = 37.0
"""How far the middle of the lungs lies below that of trachea and bronchi. Source: ours, procedural chests."""
_CHANNELS = {"lobes": LOBES, "airway": AIRWAY, "vessels": VESSELS}


@dataclass(frozen=True)
class Placement:
    """A volume's voxels, and what is given on them.

    Attributes:
        fine, coarse: Grids of the volume and of the coarse volume that it is made from; they cover the same place.
        chest: What is given, on `fine`; empty elsewhere.
        channels: Numbers of the channels that are given.
        notes: What the user must be told.
    """

    fine: Grid
    coarse: Grid
    chest: Chest
    channels: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def place_freely(config: MedsynConfig) -> Placement:
    """A volume that follows nothing given: its middle is the world's origin."""
    fine = field_grid(config.upscaler.side)
    return Placement(fine, coarser(fine, config.factor), _empty(fine))


def place_anatomy(anatomy: Mapping[str, LabelMap], config: MedsynConfig) -> Placement:
    """A volume around given anatomy.

    Args:
        anatomy: "lobes", "airway", "vessels", one of them at least.
        config: Of the model.

    Raises:
        MaskError: Something given is empty, or shows nothing of what it is given as.
        GeometryError: Parts that lie in different places.
    """
    for name, labels in anatomy.items():
        if not labels.array.any():
            raise MaskError(f"The label map given as {name} is empty.", f"Give one that shows {name}, or none.")
    first = next(anatomy[name] for name in ("lobes", "vessels", "airway") if name in anatomy)
    fine = _own_voxels(first.grid, config.upscaler.side)
    notes = [] if fine is not None else [_resampled(first, config)]
    fine = fine or field_grid(config.upscaler.side, _middle_mm(anatomy))
    read = {name: _read(name, labels, fine) for name, labels in anatomy.items()}
    parts = {name: structure.array for name, structure in read.items()}
    notes += [note for structure in read.values() for note in structure.notes]
    if "lobes" in anatomy:
        notes += [f"{fit.what} given: {fit.reason}" for fit in lobe_places(anatomy["lobes"])]
    channels = tuple(sorted(_CHANNELS[name] for name in read))
    return Placement(fine, coarser(fine, config.factor), _with(_empty(fine), parts), channels, tuple(notes))


def place_scan(scan: Volume, config: MedsynConfig) -> Placement:
    """A volume around the lungs of a scan, with the scan as its CT.

    Raises:
        IntensityError: No HU, or voxels without a number.
        MaskError: No lungs are seen.
    """
    if not scan.is_hu:
        raise IntensityError(f"The scan holds {scan.unit} values, not Hounsfield units.", "Give a CT in HU.")
    if not scan.finite():
        raise IntensityError("The scan has voxels without a number (NaN or infinite).", "Repair the file.")
    fine = _own_voxels(scan.grid, config.upscaler.side)
    notes = []
    if fine is None:
        fine = field_grid(config.upscaler.side, middle_of_lungs_mm(scan))
        notes = [f"The scan was resampled to the model's voxels of {_voxel(fine)}; the labels lie on the scan again."]
        if not _covers(fine, scan.grid):
            notes.append("The scan reaches beyond the model's field of view: there is no label outside it.")
    hu = volume_onto(scan, fine, LOWEST_HU).array
    chest = _empty(fine)
    given = Chest(hu, chest.lobes, chest.airway, chest.vessels)
    return Placement(fine, coarser(fine, config.factor), given, (CT,), tuple(notes))


def field_grid(side: int, centre_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Grid:
    """A cube of voxels over the field of view, its middle at a world point (x, y, z)."""
    z, y, x = (extent / side for extent in FIELD_OF_VIEW_MM)
    centred = Grid.centred((side, side, side), (x, y, z))
    origin = np.asarray(centred.origin_mm) + centre_mm
    return Grid(centred.shape, centred.spacing_mm, (float(origin[0]), float(origin[1]), float(origin[2])))


def coarser(fine: Grid, factor: int) -> Grid:
    """The grid of blocks of `factor` voxels along each axis."""
    x, y, z = fine.to_world(((factor - 1) / 2,) * 3)
    spacing = (fine.spacing_mm[0] * factor, fine.spacing_mm[1] * factor, fine.spacing_mm[2] * factor)
    depth, rows, columns = (n // factor for n in fine.shape)
    return Grid((depth, rows, columns), spacing, (float(x), float(y), float(z)), fine.direction)


def _read(name: str, labels: LabelMap, fine: Grid) -> Structure:
    seen = labels_onto(labels, fine)
    if not seen.array.any():
        raise GeometryError(
            f"The label map given as {name} shows nothing within the model's field of view.",
            "Give parts of one patient, on grids that lie in the same place.",
        )
    return READERS[name](seen)


def _own_voxels(grid: Grid, side: int) -> Grid | None:
    """The grid itself, if its voxels are the model's."""
    wanted = field_grid(side, tuple(map(float, grid.to_world([(n - 1) / 2 for n in grid.shape]))))  # type: ignore[arg-type]
    return grid if grid.matches(wanted, 0.05) else None


def _middle_mm(anatomy: Mapping[str, LabelMap]) -> tuple[float, float, float]:
    """Where the middle of the lungs lies, by the best of what is given."""
    name = next(name for name in ("lobes", "vessels", "airway") if name in anatomy)
    labels = anatomy[name]
    known = {"lobes": LUNG_LOBES, "vessels": ("lung_vessels",), "airway": ("trachea", "bronchi")}[name]
    shown = labels.of(*(label.name for label in labels.table if label.name in known))
    where = np.argwhere(shown if shown.any() else labels.array > 0)
    x, y, z = labels.grid.to_world((where.min(axis=0) + where.max(axis=0)) / 2)
    return float(x), float(y), float(z) - (_AIRWAY_BELOW_MM if name == "airway" else 0.0)


def _resampled(labels: LabelMap, config: MedsynConfig) -> str:
    grid = field_grid(config.upscaler.side)
    return f"The anatomy was resampled from voxels of {_voxel(labels.grid)} to the model's of {_voxel(grid)}."


def _voxel(grid: Grid) -> str:
    return " x ".join(f"{mm:.3g}" for mm in grid.spacing_mm) + " mm"


def _covers(fine: Grid, other: Grid) -> bool:
    """Whether all of `other` lies within `fine`."""
    (low, high), (from_mm, to_mm) = fine.bounds_mm(), other.bounds_mm()
    return bool(np.all(low <= from_mm + 1.0) and np.all(high >= to_mm - 1.0))


def _empty(grid: Grid) -> Chest:
    nothing: NDArray[np.bool_] = np.zeros(grid.shape, bool)
    return Chest(np.full(grid.shape, LOWEST_HU, np.float32), nothing.astype(np.uint8), nothing, nothing)


def _with(chest: Chest, parts: Mapping[str, NDArray[np.generic]]) -> Chest:
    lobes, airway, vessels = (parts.get(name) for name in ("lobes", "airway", "vessels"))
    return Chest(
        chest.hu,
        chest.lobes if lobes is None else lobes.astype(np.uint8),
        chest.airway if airway is None else airway.astype(bool),
        chest.vessels if vessels is None else vessels.astype(bool),
    )
