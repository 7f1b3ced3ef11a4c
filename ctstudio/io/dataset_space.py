"""How much room a data set will take, from headers alone."""

from __future__ import annotations

from pathlib import Path

from ctstudio.catalog.dataset import Kind
from ctstudio.io.dataset_grouping import FoundCase
from ctstudio.io.dataset_pieces import Piece
from ctstudio.io.image_files import SUFFIXES, suffix_of

_BYTES: dict[Kind, int] = {"ct": 2, "labels": 1, "pet": 4, "mr": 4}
_FIRST: tuple[Kind, ...] = ("ct", "mr", "pet")


def bytes_of(case: FoundCase) -> int:
    """Bytes that a case will take; 0 when its headers do not say."""
    first = next(piece for kind in _FIRST for piece in case.of(kind))
    kinds = {piece.kind for piece in case.pieces}
    return _voxels(first) * sum(size for kind, size in _BYTES.items() if kind in kinds)


def _voxels(piece: Piece) -> int:
    return piece.series.voxels if piece.series else _voxels_of_file(piece.path)


def _voxels_of_file(path: Path) -> int:
    import SimpleITK

    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    reader = SimpleITK.ImageFileReader()
    reader.SetImageIO(SUFFIXES[suffix_of(path)])
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError:  # the file is damaged; reading it will say how
        return 0
    voxels = 1
    for count in reader.GetSize():
        voxels *= int(count)
    return voxels
