"""A DICOM series as one volume: gather, choose, check, stack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError, UnreadableFile
from ctstudio.core.volume import Modality, Unit, Volume
from ctstudio.io.compact import compacted
from ctstudio.io.dicom_geometry import stack
from ctstudio.io.dicom_headers import Slice, headers_in, read_header
from ctstudio.io.image_files import read_image
from ctstudio.io.placing import image_of, placed


def read_series(folder: Path, chosen: Path | None = None) -> tuple[Volume, tuple[str, ...]]:
    """Read the largest image series of a folder, or the series of one file in it.

    Args:
        folder: Its DICOM files are looked at; when it holds none, those in the folders below it.
        chosen: A DICOM file whose series is wanted.

    Returns:
        The volume in LPS orientation, HU for CT, and notes on what was left out.

    Raises:
        UnreadableFile: No images, or pixels that cannot be decoded.
        GeometryError: Slices that do not form one regular volume.
    """
    picked = read_header(chosen) if chosen else None
    series, notes = _series_of(picked, folder) if picked else _largest(folder)
    name = series[0].description or folder.name
    kept, more = _without_copies(_without_localizers(series, name), picked)
    ordered, grid = stack(kept, f"The series {name!r}")
    voxels = np.stack([_pixels(one) for one in ordered])
    array, turned = placed(image_of(voxels, grid), name)
    modality, unit, told = _meaning(ordered)
    synthetic = any(one.synthetic for one in ordered)
    left_out = _localizer_note(series, name)
    volume = Volume(compacted(array), turned, modality, unit, synthetic, name)
    return volume, (*notes, *left_out, *more, *told)


def _series_of(picked: Slice, folder: Path) -> tuple[list[Slice], tuple[str, ...]]:
    _check_is_scan(picked)
    if picked.frames > 1 or picked.position_mm is None:
        return [picked], ()
    found, damaged = headers_in(folder)
    return [one for one in found if one.series == picked.series and one.is_image], _damaged_note(damaged)


def _largest(folder: Path) -> tuple[list[Slice], tuple[str, ...]]:
    found, damaged = headers_in(folder)
    groups: dict[str, list[Slice]] = {}
    for one in found:
        if one.is_image:
            groups.setdefault(one.series, []).append(one)
    if not groups:
        what = f"only {found[0].modality} objects" if found else "no DICOM images"
        raise UnreadableFile(
            f"The folder {folder.name} holds {what}.",
            "Choose the folder with the slices, or open an image file itself.",
        )
    ranked = sorted(groups.values(), key=lambda g: (sum(not s.localizer for s in g), len(g)), reverse=True)
    others = ", ".join(f"{g[0].description or 'unnamed'} ({g[0].modality}, {len(g)})" for g in ranked[1:])
    note = f"Opened the largest of {len(ranked)} series; left out: {others}."
    return ranked[0], ((note,) if others else ()) + _damaged_note(damaged)


def _damaged_note(damaged: Sequence[str]) -> tuple[str, ...]:
    return (f"Left out {len(damaged)} damaged DICOM file(s): {', '.join(damaged[:3])}.",) if damaged else ()


def _check_is_scan(one: Slice) -> None:
    if not one.is_image:
        raise UnreadableFile(
            f"{one.path.name} is a DICOM file without an image (kind {one.modality}).", "Choose an image of the scan."
        )


def _without_localizers(series: Sequence[Slice], name: str) -> list[Slice]:
    kept = [one for one in series if not one.localizer]
    if not kept:
        raise GeometryError(
            f"The series {name!r} is a localizer (planning image), not a volume.",
            "Choose the series of the scan itself.",
        )
    several = [one for one in kept if one.frames > 1]
    if several:
        raise UnreadableFile(
            f"{several[0].path.name} is a multi-frame DICOM file, which this program does not read yet.",
            "Export it as one file a slice, or convert it to NIfTI.",
        )
    return kept


def _localizer_note(series: Sequence[Slice], name: str) -> tuple[str, ...]:
    count = sum(one.localizer for one in series)
    return (f"Left out {count} localizer image(s) of {name}.",) if count else ()


def _without_copies(series: Sequence[Slice], picked: Slice | None) -> tuple[list[Slice], tuple[str, ...]]:
    """One file of each image; where all images lie at one place, the file that was asked for."""
    first = [] if picked is None else [one for one in series if one.path == picked.path]
    single: dict[str, Slice] = {}
    for one in (*first, *series):
        single.setdefault(one.instance or str(one.path), one)
    kept = list(single.values())
    places = {tuple(one.position_mm) for one in kept if one.position_mm is not None}
    if first and len(series) > 1 and len(places) == 1:
        return first, (f"All {len(series)} files of this series show one place; opened {first[0].path.name} alone.",)
    copies = len(series) - len(kept)
    return kept, (f"Left out {copies} copies of the same images.",) if copies else ()


def _pixels(one: Slice) -> NDArray[Any]:
    """(rows, columns) of one file, rescaled as its own header says."""
    import SimpleITK

    image = read_image(one.path, "GDCMImageIO")
    if image.GetNumberOfComponentsPerPixel() != 1 or image.GetSize()[:2] != one.size[::-1]:
        raise UnreadableFile(
            f"{one.path.name} is not a grey image of {one.size[1]} x {one.size[0]} pixels.",
            "Export the original series.",
        )
    pixels: NDArray[Any] = SimpleITK.GetArrayFromImage(image).reshape(one.size)
    return pixels if pixels.dtype.kind == "f" else pixels.astype(np.int32)


def _meaning(ordered: Sequence[Slice]) -> tuple[Modality, Unit, tuple[str, ...]]:
    first = ordered[0]
    if first.modality == "CT":
        if first.rescaled and first.units in ("", "HU", "US"):
            return "CT", "HU", ()
        return "CT", "arbitrary", ("This CT does not say that its values are HU.",)
    if first.modality == "PT":
        if first.units == "GML":
            return "PT", "SUV", ()
        return "PT", "arbitrary", (f"PET in {first.units or 'unknown units'}, not in SUV.",)
    return ("MR" if first.modality == "MR" else "OT"), "arbitrary", ()
