"""The organs of a scan, named by TotalSegmentator: written for it, read back, and joined to what was painted."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np

from ctstudio.core.errors import IntensityError, MaskError
from ctstudio.core.labels import LESIONS, LabelMap, standard_table
from ctstudio.core.volume import Volume
from ctstudio.jobs.total_segmentator import TotalSegmentator, segment
from ctstudio.jobs.watched_process import Told
from ctstudio.session.mask_import import ImportedMask, onto_scan


def check_scan(volume: Volume) -> None:
    """Whether organs can be found in a scan.

    Raises:
        IntensityError: It is not in HU, or has voxels without a number.
    """
    if not volume.is_hu:
        raise IntensityError(
            f"This scan holds {volume.unit} values, not Hounsfield units.", "Open a CT in Hounsfield units."
        )
    if not volume.finite():
        raise IntensityError(
            "The scan has voxels that are NaN or infinite.", "Replace them with numbers, for example -1024 HU for air."
        )


def organs_of(
    volume: Volume, found: TotalSegmentator, home: Path, fast: bool, told: Told, cancelled: threading.Event
) -> LabelMap:
    """The organs of a scan on the scan's own grid, with the values of the standard table.

    Takes seconds to many minutes: not for the window's thread.

    Args:
        volume: A CT in HU.
        found: The TotalSegmentator to ask.
        home: Folder for its settings.
        fast: The network of 3 mm instead of those of 1.5 mm.
        told: Hears how far it is; called from another thread.
        cancelled: Ends it when set.

    Raises:
        IntensityError: Not a CT in HU, or voxels without a number.
        MaskError: No organ was found.
        ModelNotFound, StorageError, EngineError, UnreadableFile, Cancelled: See `segment` and `read_labels`.
    """
    from ctstudio.io.reading import read_labels
    from ctstudio.io.writing import write_volume

    check_scan(volume)
    with tempfile.TemporaryDirectory(prefix="ctstudio-organs-") as folder:
        scan, labels = Path(folder, "ct.nii.gz"), Path(folder, "organs.nii.gz")
        write_volume(volume, scan)
        segment(found, (scan, labels), home, fast, told, cancelled)
        read = read_labels(labels)
    if not read.present():
        raise MaskError("No organ was found in this scan.", "Is it a CT of a body? Try the full network.")
    placed = onto_scan(read, volume.grid, standard_table()).labels
    return replace(placed, synthetic=volume.synthetic, name=volume.name)


def joined(organs: LabelMap, mask: LabelMap) -> ImportedMask:
    """Organs in place of a mask whose lesions stay where they are.

    Args:
        organs: With the values of the standard table.
        mask: The mask on the same grid.
    """
    placed = onto_scan(organs, mask.grid, mask.table)
    array = placed.labels.array.copy()
    lesions = [label.value for label in mask.table if label.name in LESIONS]
    stays = np.isin(mask.array, lesions)
    array[stays] = mask.array[stays]
    kept = tuple(mask.table.by_value(int(v)).title for v in np.unique(mask.array[stays]))
    notes = (f"Kept from the mask: {', '.join(kept)}.",) if kept else ()
    return ImportedMask(replace(placed.labels, array=array), notes, ())


def own_home() -> Path:
    """Where TotalSegmentator's settings lie that CT Studio gives it."""
    from platformdirs import user_data_path

    return user_data_path("ctstudio", appauthor=False) / "totalsegmentator"
