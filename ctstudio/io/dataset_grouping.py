"""Pieces put together to cases: by name, and DICOM by patient and space."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path

from ctstudio.catalog.dataset import Kind, Skipped
from ctstudio.io.dataset_pieces import Piece

_IMAGES: tuple[Kind, ...] = ("ct", "mr", "pet")
_MOST_LETTERS = 60
Key = tuple[str, str]


@dataclass
class FoundCase:
    """Pieces that belong together.

    Attributes:
        name: Unique, and fit to be a folder's name.
        key: Folder and stem that its files share.
        pieces: One for each kind, except that labels may be several masks of single organs.
        folder: The source folder.
    """

    name: str
    key: Key
    pieces: list[Piece] = field(default_factory=list)
    folder: Path = field(default_factory=Path)

    def of(self, kind: Kind) -> list[Piece]:
        """Its pieces of a kind."""
        return [piece for piece in self.pieces if piece.kind == kind]

    @property
    def place(self) -> str:
        """What names it: the place of its first image, else of its first piece."""
        images = [piece for kind in _IMAGES for piece in self.of(kind)]
        return (images or self.pieces)[0].place

    @property
    def patient_id(self) -> str:
        """DICOM Patient ID, "" when there is none. Never written anywhere."""
        return next((piece.series.patient for piece in self.pieces if piece.series and piece.series.patient), "")


def group(pieces: Iterable[Piece], source: Path, clean: Callable[[str], str]) -> tuple[list[FoundCase], list[Skipped]]:
    """Cases, in order of their names, and what no case has a place for.

    Args:
        pieces: All of a known kind.
        source: The folder they were found in.
        clean: Takes patients' names and IDs out of a text.
    """
    skipped: list[Skipped] = []
    dicom, files = _split(pieces)
    cases = _dicom_cases(dicom)
    _add_files(cases, files)
    _join_lone_labels(cases)
    kept = []
    for case in cases:
        skipped += _one_of_each(case)
        if any(piece.kind in _IMAGES for piece in case.pieces):
            kept.append(case)
        else:
            skipped += [_lone(piece) for piece in case.pieces]
    return _named(kept, source, clean), skipped


def _split(pieces: Iterable[Piece]) -> tuple[list[Piece], list[Piece]]:
    given = list(pieces)
    return [one for one in given if one.series], [one for one in given if not one.series]


def _dicom_cases(pieces: list[Piece]) -> list[FoundCase]:
    """A case for each CT series; PET and MR go to a CT in the same space, else stand alone."""
    cases = [FoundCase("", one.named.key, [one]) for one in pieces if one.kind == "ct"]
    for one in (piece for piece in pieces if piece.kind != "ct"):
        homes = [case for case in cases if _same_space(case.pieces[0], one) and not case.of(one.kind or "ct")]
        near = [case for case in homes if case.key == one.named.key]
        if homes:
            (near or homes)[0].pieces.append(one)
        else:
            cases.append(FoundCase("", one.named.key, [one]))
    return cases


def _same_space(ct: Piece, other: Piece) -> bool:
    a, b = ct.series, other.series
    return bool(a and b and a.kind == "ct" and a.frame and a.frame == b.frame and a.patient == b.patient)


def _add_files(cases: list[FoundCase], files: list[Piece]) -> None:
    """Each file to the DICOM case of its key with most slices, when it is no further image, else to a case of files."""
    largest: dict[Key, FoundCase] = {}
    for case in sorted(cases, key=lambda case: -(case.pieces[0].series.voxels if case.pieces[0].series else 0)):
        for piece in case.pieces:
            largest.setdefault(piece.named.key, case)
    by_key: dict[Key, FoundCase] = {}
    for piece in files:
        home = largest.get(piece.named.key)
        if home is None or (piece.kind in _IMAGES and home.of(piece.kind)):
            home = by_key.setdefault(piece.named.key, FoundCase("", piece.named.key))
        home.pieces.append(piece)
    cases += by_key.values()


def _join_lone_labels(cases: list[FoundCase]) -> None:
    """Labels and reports whose name fits no scan go to the scan of their folder, when it holds one only."""
    folders: dict[str, list[FoundCase]] = {}
    for case in cases:
        folders.setdefault(case.key[0], []).append(case)
    for together in folders.values():
        scans = [case for case in together if any(piece.kind in _IMAGES for piece in case.pieces)]
        if len(scans) != 1:
            continue
        for lone in (case for case in together if case is not scans[0]):
            kinds = {piece.kind for piece in lone.pieces}
            if not any(scans[0].of(kind) for kind in kinds if kind):
                scans[0].pieces += lone.pieces
                lone.pieces = []


def _one_of_each(case: FoundCase) -> list[Skipped]:
    """Keep the best piece of each kind; the others are told."""
    skipped = []
    of_scan = next((kind for kind in _IMAGES if case.of(kind)), None)
    for kind in (*_IMAGES, "labels", "report"):
        several = sorted(case.of(kind), key=lambda one: (one.named.of not in (None, of_scan), *one.rank))
        whole = [one for one in several if one.organ is None]
        kept = whole[:1] or several
        for one in several:
            if one not in kept:
                case.pieces.remove(one)
                why = f"A case holds one {_word(kind)}, and {kept[0].place} was taken."
                skipped.append(Skipped(path=one.place, why=why))
    return skipped


def _lone(piece: Piece) -> Skipped:
    why = f"There is no scan that this {_word(piece.kind)} belongs to."
    return Skipped(path=piece.place, why=why, remedy="Name it like its scan, for example p1_ct and p1_labels.")


def _word(kind: Kind | None) -> str:
    words: dict[Kind, str] = {"ct": "CT", "pet": "PET", "mr": "MR", "labels": "label map", "report": "report"}
    return words[kind] if kind else "image"


def _named(cases: list[FoundCase], source: Path, clean: Callable[[str], str]) -> list[FoundCase]:
    """Give each case a name of its own. DICOM cases get numbers, since their folders often bear patients' names."""
    used: set[str] = set()
    dicom = 0
    for case in sorted(cases, key=lambda case: (case.place, case.key, case.pieces[0].path.as_posix())):
        if any(piece.series for piece in case.pieces):
            dicom += 1
            wanted = f"dicom_{dicom:04d}"
        else:
            said = "_".join(part for part in (case.key[0].replace("/", "_"), case.key[1]) if part)
            wanted = _fit(clean(said).replace("***", "x")) or "case"
        numbers = (f"{wanted}__{number}" for number in count(2))
        case.name = next(name for name in chain([wanted], numbers) if name.lower() not in used)
        used.add(case.name.lower())
        case.folder = source
    return sorted(cases, key=lambda case: case.name)


def _fit(name: str) -> str:
    """A name that every file system takes."""
    return re.sub(r"[^A-Za-z0-9_.\-]+", "_", name)[:_MOST_LETTERS].strip("._")
