"""What an image is when its name does not say: its voxels tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ctstudio.catalog.dataset import Kind, Skipped
from ctstudio.core.errors import Cancelled, InputError
from ctstudio.core.volume import Volume
from ctstudio.io.dataset_pieces import Pieces
from ctstudio.io.reading import looks_like_labels, read_volume

_RENAME = "Put what it is into its name: ct, mr, pet or labels."
_BY_MODALITY: dict[str, Kind] = {"CT": "ct", "PT": "pet", "MR": "mr"}


def tell_kinds(found: Pieces, progress: Callable[[int, int, str], None], cancelled: Callable[[], bool]) -> None:
    """Read every image of unknown kind and give it one; those that stay unknown are skipped.

    Raises:
        Cancelled: `cancelled` said so.
    """
    unknown = [piece for piece in found.pieces if piece.kind is None]
    for number, piece in enumerate(unknown):
        if cancelled():
            raise Cancelled("The data set was not built: it was stopped.")
        progress(number, len(unknown), "Looking at images")
        found.pieces.remove(piece)
        try:
            kind = kind_of(read_volume(piece.path))
        except InputError as error:
            found.skipped.append(Skipped(path=piece.place, why=error.message, remedy=error.remedy))
            continue
        if kind is None:
            why = "Neither its name nor its voxels say what it is: they are no HU and no labels."
            found.skipped.append(Skipped(path=piece.place, why=why, remedy=_RENAME))
        else:
            found.pieces.append(replace(piece, kind=kind))
    found.pieces.sort(key=lambda piece: (piece.place, piece.series.uid if piece.series else ""))


def kind_of(volume: Volume) -> Kind | None:
    """What an image is by its marks and voxels; None when they do not say."""
    if volume.unit == "HU_SD":
        return None
    if volume.modality in _BY_MODALITY:
        return _BY_MODALITY[volume.modality]
    return "labels" if looks_like_labels(volume) else None
