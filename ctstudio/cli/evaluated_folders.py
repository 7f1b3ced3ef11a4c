"""Folders that are evaluated, read one case at a time: samples, prepared data, nnU-Net's layout, files, pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctstudio.core.errors import InputError, IntensityError, UnreadableFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ctstudio.evaluation.cases import EvaluatedCase

VOLUMES = (".nii.gz", ".nii", ".nrrd", ".mha", ".mhd")
LABELS = ("mask", "labels", "label", "seg", "segmentation")
SCANS = ("ct", "scan", "image")
NO_SCANS = ("pet", "mr", "noise_map", "anomaly", "preview")
PICTURES = ".png"


@dataclass(frozen=True)
class Found:
    """One case in a folder: its name, its scan, and its labels if there are any."""

    name: str
    scan: Path
    labels: Path | None = None


def cases_in(folder: Path) -> Iterator[EvaluatedCase]:
    """The cases of a folder, read as they are wanted; none when it holds pictures only.

    Raises:
        InputError: There is no such folder, or nothing to evaluate in it.
        IntensityError: A volume is no CT in HU.
        CtStudioError: A file cannot be read.
    """
    from ctstudio.cli.running import tell
    from ctstudio.evaluation.cases import prepared_cases
    from ctstudio.io.dataset_label_names import content_of

    _check_folder(folder)
    if "cases" in content_of(folder):  # nnU-Net's dataset.json has none
        yield from prepared_cases(folder)
        return
    told: set[str] = set()
    for one in find_cases(folder):
        case, notes = _read(one, folder)
        tell(note for note in notes if note not in told)
        told |= set(notes)
        yield case


def pictures_in(folder: Path) -> list[tuple[str, NDArray[np.uint8]]]:
    """Grey PNG pictures of a folder by name, (y, x) 0 to 255.

    Raises:
        UnreadableFile, IntensityError: A picture is damaged, in colour, or has more than 8 bits.
    """
    _check_folder(folder)
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == PICTURES)
    return [(path.stem, _grey(path)) for path in paths]


def find_cases(folder: Path) -> list[Found]:
    """Where the cases of a folder lie, by name."""
    if (folder / "imagesTr").is_dir():
        return _nnunet(folder)
    if own := _case_folder(folder):
        return [own]
    inside = [_case_folder(each) for each in sorted(folder.iterdir()) if each.is_dir() and each.name[0] != "."]
    return [each for each in inside if each] or _flat(folder)


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder.", "Give a folder with images.")


def _case_folder(folder: Path) -> Found | None:
    """A folder that is one case, as `run` and `phantom` write it, or a DICOM series."""
    from ctstudio.io.dicom_headers import is_dicom

    files = {_stem(path): path for path in sorted(folder.iterdir()) if _is_volume(path)}
    labels = next((files[name] for name in LABELS if name in files), None)
    for name in SCANS:
        if name in files:
            return Found(folder.name, files[name], labels)
    if any(path.is_file() and not _is_volume(path) and is_dicom(path) for path in sorted(folder.iterdir())[:3]):
        return Found(folder.name, folder, labels)
    return None


def _nnunet(folder: Path) -> list[Found]:
    """imagesTr/CASE_0000.nii.gz and labelsTr/CASE.nii.gz; other channels than the first are left out."""
    found = []
    for path in sorted((folder / "imagesTr").iterdir()):
        name = _stem(path)
        if _is_volume(path) and name.endswith("_0000"):
            labels = folder / "labelsTr" / f"{name[:-5]}{path.name[len(name) :]}"
            found.append(Found(name[:-5], path, labels if labels.is_file() else None))
    return found


def _flat(folder: Path) -> list[Found]:
    """Volumes beside each other: CASE.nii.gz or CASE_ct.nii.gz, with CASE_labels.nii.gz or CASE_mask.nii.gz."""
    files = {_stem(path): path for path in sorted(folder.iterdir()) if _is_volume(path)}
    found = []
    for name, path in files.items():
        base, _, last = name.rpartition("_")
        if last in LABELS or name in LABELS or last in NO_SCANS or name in NO_SCANS:
            continue
        case = base if last in SCANS and base else name
        labels = next((files[f"{case}_{each}"] for each in LABELS if f"{case}_{each}" in files), None)
        found.append(Found(case, path, labels))
    return found


def _read(found: Found, folder: Path) -> tuple[EvaluatedCase, tuple[str, ...]]:
    """A case with its labels in the standard table's values, and what should be said of it."""
    from ctstudio.evaluation.cases import EvaluatedCase
    from ctstudio.io.dataset_label_names import names_beside
    from ctstudio.io.dataset_labels import in_standard_values
    from ctstudio.io.reading import read_labels, read_volume

    volume = read_volume(found.scan)
    if not volume.is_hu:
        raise IntensityError(
            f"{found.scan} is no CT in HU, so it cannot be compared.", "Give scans in HU, or only pictures."
        )
    if found.labels is None:
        return EvaluatedCase(found.name, volume), ()
    names = names_beside(found.labels.parent, folder)
    labels, notes, _ = in_standard_values(read_labels(found.labels), names)
    return EvaluatedCase(found.name, volume, labels), notes


def _grey(path: Path) -> Any:
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            mode, array = picture.mode, np.asarray(picture)
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise UnreadableFile(f"{path} is not a picture.", "Take it out, or write it again.", str(error)) from error
    if array.ndim == 3 and all((array[..., 0] == array[..., k]).all() for k in range(min(3, array.shape[-1]))):
        array = array[..., 0]
    if array.ndim != 2 or mode == "P":
        raise IntensityError(f"{path} is in colour.", "Give grey pictures.")
    if array.dtype != np.uint8:
        raise IntensityError(
            f"{path} has {8 * array.dtype.itemsize} bits a pixel, whose window nobody knows.",
            "Give volumes in HU, or pictures of 8 bits that were all made with the same window.",
        )
    return array


def _is_volume(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith(VOLUMES)


def _stem(path: Path) -> str:
    lower = path.name.lower()
    ending = next((each for each in VOLUMES if lower.endswith(each)), path.suffix)
    return path.name[: len(path.name) - len(ending)]
