"""A phantom patient as files: volumes, labels, report and truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctstudio.io.storage import check_free_space, free_space_needed, write_text
from ctstudio.io.writing import write_labels, write_volume

if TYPE_CHECKING:
    from ctstudio.phantom.render import Phantom


def write_phantom(folder: Path, phantom: Phantom, report_text: str, truth: dict[str, Any]) -> None:
    """Write `ct.nii.gz labels.nii.gz pet.nii.gz mr.nii.gz report.txt truth.json`; older files are replaced.

    Args:
        folder: Made when missing.
        phantom: Its volumes; PET and MR may be None and are then not written.
        report_text: Findings and impression.
        truth: Every number of the phantom, JSON values.

    Raises:
        StorageError: Disk full or no permission; older files stay whole.
    """
    folder = Path(folder)
    volumes = {"ct": phantom.ct, "pet": phantom.pet, "mr": phantom.mr}
    present = {name: volume for name, volume in volumes.items() if volume is not None}
    sizes = [volume.array.nbytes for volume in present.values()]
    check_free_space(folder, free_space_needed(phantom.labels.array.nbytes, *sizes))
    for name, volume in present.items():
        write_volume(volume, folder / f"{name}.nii.gz")
    write_labels(phantom.labels, folder / "labels.nii.gz")
    write_text(report_text.rstrip("\n") + "\n", folder / "report.txt")
    write_text(json.dumps(truth, indent=2, sort_keys=True) + "\n", folder / "truth.json")
