"""The images, label maps and reports in a folder, one by one, before they are put together to cases."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ctstudio.catalog.dataset import Kind, Skipped
from ctstudio.core.errors import Cancelled
from ctstudio.io.dataset_label_names import channel_names, content_of, standard_value
from ctstudio.io.dataset_series import Series, series_in
from ctstudio.io.dataset_words import Named, is_word_of_kind, names_labels, read_name
from ctstudio.io.image_files import suffix_of

_CHANNEL = re.compile(r"_(\d{4})$")
_HELD_BACK = frozenset(("imagesTs", "labelsTs"))
_CONVERT = "Convert it to a NIfTI label file and name it like its scan."


@dataclass(frozen=True)
class Piece:
    """One image, label map or report that was found.

    Attributes:
        path: The file; of a DICOM series one of its files.
        place: What names it: its path below the source folder; that of its folder when a DICOM series is alone there.
        named: What its name says.
        kind: What it is, None when nobody says.
        series: Its DICOM series.
        organ: The value of the one organ that a mask of its own shows.
    """

    path: Path
    place: str
    named: Named
    kind: Kind | None
    series: Series | None = None
    organ: int | None = None

    @property
    def rank(self) -> tuple[bool, bool, str]:
        """Of two pieces of one kind in a case, the lower one is taken."""
        return not self.named.sure, "suv" not in self.place.lower(), self.place


@dataclass
class Pieces:
    """What a folder holds.

    Attributes:
        pieces: In order of their places.
        skipped: What can be seen to be unusable without reading voxels.
        others: How many files are nothing of ours, such as licences.
    """

    pieces: list[Piece] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    others: int = 0


def find_pieces(source: Path, progress: Callable[[int, int, str], None], cancelled: Callable[[], bool]) -> Pieces:
    """Look at all files below a folder; hidden ones and prepared data sets are passed over.

    Args:
        source: The folder.
        progress: Told how many images were found; their number is not known before.
        cancelled: Asked before each folder.

    Raises:
        Cancelled: `cancelled` said so.
    """
    found = Pieces()
    for folder, files in _folders(source, found):
        if cancelled():
            raise Cancelled("The data set was not built: it was stopped.")
        progress(0, 0, f"Looking for cases, {len(found.pieces)} files so far")
        _add_folder(found, source, folder, files)
    found.pieces.sort(key=lambda piece: (piece.place, piece.series.uid if piece.series else ""))
    return found


def _folders(source: Path, found: Pieces) -> Iterator[tuple[Path, list[str]]]:
    """Folders with their files, in order; links are followed once."""

    def refused(error: OSError) -> None:
        where = Path(error.filename or source)
        found.skipped.append(Skipped(path=_place(where, source), why=f"It cannot be opened: {error.strerror}."))

    seen = set()
    for where, below, files in os.walk(source, onerror=refused, followlinks=True):
        real = os.path.realpath(where)
        folder = Path(where)
        if real in seen or _is_prepared(folder):
            below.clear()
            continue
        seen.add(real)
        for name in _HELD_BACK.intersection(below):
            why = "These are nnU-Net's own test cases; they stay unseen."
            found.skipped.append(Skipped(path=_place(folder / name, source), why=why))
        below[:] = sorted(name for name in below if not name.startswith(".") and name not in _HELD_BACK)
        yield folder, sorted(name for name in files if not name.startswith("."))


def _is_prepared(folder: Path) -> bool:
    return (folder / "cases").is_dir() and "cases" in content_of(folder)


def _add_folder(found: Pieces, source: Path, folder: Path, files: list[str]) -> None:
    folders = folder.relative_to(source).parts
    rest: list[Path] = []
    for path in (folder / name for name in files):
        suffix = suffix_of(path) or (".txt" if path.name.lower().endswith(".txt") else "")
        if not suffix:
            rest.append(path)
            continue
        piece = _file_piece(path, folders, path.name[: -len(suffix)], source)
        if suffix == ".txt" and piece.kind != "report":
            found.others += 1
        elif suffix != ".txt" and piece.kind == "report":
            found.skipped.append(Skipped(path=piece.place, why="Its name says report, but it is an image."))
        else:
            found.pieces.append(piece)
    _add_series(found, source, folder, rest)


def _file_piece(path: Path, folders: tuple[str, ...], stem: str, source: Path) -> Piece:
    place = _place(path, source)
    organ = standard_value(stem) if folders and names_labels(folders[-1]) else None
    if organ and not (path.parent.parent / "imagesTr").is_dir():
        named = read_name(folders, "")
        return Piece(path, place, named, "labels", organ=organ)
    channel = _CHANNEL.search(stem) if folders and folders[-1] == "imagesTr" else None
    if channel and _has_labels_without_channel(path, stem):
        named = read_name((*folders[:-1],), stem[: channel.start()])
        names = channel_names(path.parent.parent)
        said = read_name((), names.get(int(channel[1]), "" if names else "image"))
        return Piece(path, place, Named(named.folder, named.stem, said.kind, said.sure), said.kind)
    named = read_name(folders, stem)
    return Piece(path, place, named, named.kind)


def _has_labels_without_channel(image: Path, stem: str) -> bool:
    """Whether "p1_0000" is channel 0 of "p1", not a case that happens to end in four digits."""
    labels = image.parent.parent / "labelsTr"
    return not any((labels / f"{stem}{suffix}").exists() for suffix in (".nii.gz", ".nii", ".nrrd", ".mha"))


def _add_series(found: Pieces, source: Path, folder: Path, files: list[Path]) -> None:
    series, damaged = series_in(files)
    found.others += len(files) - len(damaged) - sum(one.files for one in series)
    place, folders = _place(folder, source), folder.relative_to(source).parts
    for path in damaged:
        found.skipped.append(Skipped(path=_place(path, source), why="Its DICOM header is damaged."))
    for one in series:
        if one.kind is None:
            why = f"DICOM {one.modality or 'of unknown kind'} is not read into data sets."
            remedy = _CONVERT if one.modality in ("SEG", "RTSTRUCT") else ""
            found.skipped.append(Skipped(path=_place(one.first, source), why=why, remedy=remedy))
            continue
        named = read_name(folders[:-1], folders[-1]) if folders else Named("", "", one.kind, True)
        if folders and is_word_of_kind(folders[-1]):
            named = read_name(folders, "")
        sure = Named(named.folder, named.stem, one.kind, True)
        single = sum(other.kind is not None for other in series) == 1
        found.pieces.append(Piece(one.first, place if single else _place(one.first, source), sure, one.kind, one))


def _place(path: Path, source: Path) -> str:
    return path.relative_to(source).as_posix() if path.is_relative_to(source) else path.name
