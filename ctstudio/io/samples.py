"""A generated sample as a folder of its own: volumes, provenance, preview; whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import InputError, StorageError, UnreadableFile
from ctstudio.core.labels import LabelMap
from ctstudio.core.provenance import Provenance
from ctstudio.core.volume import Volume
from ctstudio.core.windows import PRESETS
from ctstudio.io.beside import texts_beside
from ctstudio.io.image_files import check_readable, open_image
from ctstudio.io.marks import KEY
from ctstudio.io.pictures import write_png
from ctstudio.io.storage import check_free_space, free_space_needed, storage_error, storage_errors, write_text
from ctstudio.io.writing import write_labels, write_volume
from ctstudio.protocol.result import Sample

PROVENANCE = "provenance.json"
_PREVIEW = "preview.png"
_TRIES = 100


def write_sample(folder: Path, sample: Sample, name: str = "") -> Path:
    """Write a sample into a folder of its own.

    Args:
        folder: Where the folders of samples lie; made when missing.
        sample: Each output becomes `<name>.nii.gz`.
        name: Of the new folder, which replaces an older one; the next free number when empty.

    Returns:
        The new folder, for example `folder/0001`, with the outputs, `provenance.json` and `preview.png`, and with a
        list of findings or a receipt where there is one.

    Raises:
        StorageError: Disk full or no permission; nothing is left behind.
    """
    folder = Path(folder)
    check_free_space(folder, free_space_needed(*(output.array.nbytes for output in sample.outputs.values())))
    hidden = folder / f".sample.{secrets.token_hex(4)}.part"
    with storage_errors(folder):
        hidden.mkdir(parents=True)
    try:
        _fill(hidden, sample)
        return _named(hidden, folder / name) if name else _placed(hidden, folder)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def read_provenance(path: Path) -> Provenance:
    """Read how something came to be.

    Args:
        path: A provenance.json, the folder of a sample, or a picture or volume that we wrote.
            Inside pictures and volumes the start time and the duration are not kept.

    Raises:
        UnreadableFile: There is none.
    """
    path = Path(path)
    if path.is_dir():
        path = path / PROVENANCE
    check_readable(path)
    if path.suffix.lower() == ".json":
        return _from_text(path)
    found = _in_picture(path) if path.suffix.lower() == ".png" else _in_volume(path)
    if found is None:
        raise UnreadableFile(
            f"{path.name} does not say how it came to be.", "Give a provenance.json, or a result that CT Studio wrote."
        )
    return found


def is_made(folder: Path, parameters: Mapping[str, Any], model_digests: Mapping[str, str] | None = None) -> bool:
    """Whether a sample is in its folder already, made as it is asked for now.

    Args:
        folder: Of the sample.
        parameters: That are asked for.
        model_digests: Of the model's files, where the model must be the same too.

    Raises:
        InputError: The folder holds something else.
    """
    if not folder.exists():
        return False
    try:
        told = read_provenance(folder / PROVENANCE)
    except UnreadableFile as error:
        raise InputError(f"{folder} is there already and holds no sample.", "Choose another folder.") from error
    changed = [name for name, value in parameters.items() if told.parameters.get(name) != value]
    if changed:
        raise InputError(f"{folder} holds a sample made with other {', '.join(changed)}.", "Choose another folder.")
    if model_digests is not None and told.model_digests != dict(model_digests):
        raise InputError(f"{folder} holds a sample of another model.", "Choose another folder.")
    return True


def preview(sample: Sample) -> NDArray[np.uint8]:
    """The middle generated slice of a sample's CT in the soft-tissue window.

    Returns:
        (y, x) grey, 0 to 255. Volumes that are not HU are spread from their least to their greatest value.
    """
    volumes = {name: output for name, output in sample.outputs.items() if isinstance(output, Volume)}
    shown = volumes.get("ct") or next(iter(volumes.values()), None)
    if shown is None:
        maps = [output for output in sample.outputs.values() if isinstance(output, LabelMap)]
        return _spread(_middle(maps[0].array)) if maps else np.zeros((64, 64), np.uint8)
    plane = np.nan_to_num(_middle(shown.array).astype(np.float32))
    return PRESETS["Soft tissue"].to_grey(plane) if shown.is_hu else _spread(plane)


def _fill(folder: Path, sample: Sample) -> None:
    for name, output in sample.outputs.items():
        path = folder / f"{name}.nii.gz"
        if isinstance(output, Volume):
            write_volume(output, path, sample.provenance)
        else:
            write_labels(output, path, sample.provenance)
    for name, text in texts_beside(sample).items():
        write_text(text, folder / name)
    write_text(sample.provenance.to_json() + "\n", folder / PROVENANCE)
    write_png(preview(sample), folder / _PREVIEW, sample.provenance)


def _named(hidden: Path, target: Path) -> Path:
    """Put the finished folder in the place of an older one."""
    with storage_errors(target):
        if target.exists():
            shutil.rmtree(target)
        os.rename(hidden, target)
    return target


def _placed(hidden: Path, folder: Path) -> Path:
    """Give the finished folder its number; another process may take the same one first."""
    for _ in range(_TRIES):
        numbers = [int(p.name) for p in folder.iterdir() if p.name.isdigit()]
        target = folder / f"{max(numbers, default=0) + 1:04d}"
        try:
            os.rename(hidden, target)
            return target
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise storage_error(error, target) from error
    raise StorageError(f"No free number was found in {folder}.", "Choose another folder.")


def _middle(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """The middle one of the slices that are not all one value; the middle slice when all are."""
    filled = [z for z, plane in enumerate(array) if (plane != plane.flat[0]).any()]
    chosen: NDArray[np.generic] = array[filled[len(filled) // 2] if filled else array.shape[0] // 2]
    return chosen


def _spread(plane: NDArray[np.generic]) -> NDArray[np.uint8]:
    values = plane.astype(np.float32)
    low, high = float(values.min()), float(values.max())
    return np.round((values - low) * (255.0 / max(high - low, 1e-6))).astype(np.uint8)


def _from_text(path: Path) -> Provenance:
    try:
        return Provenance.from_json(path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{path.name} is not a text file.", "Give a provenance.json.", str(error)) from error


def _in_picture(path: Path) -> Provenance | None:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            text = picture.info.get(KEY)
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise UnreadableFile(
            f"{path.name} is not a picture.", "Give a PNG that CT Studio wrote.", str(error)
        ) from error
    return Provenance.from_json(text) if text else None


def _in_volume(path: Path) -> Provenance | None:
    marks = open_image(path).marks
    return None if marks is None else marks.provenance
