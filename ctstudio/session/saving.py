"""Save the mask and the samples of a case. Whatever goes wrong, nothing in memory is lost.

Both functions may run in any thread, because they send no signal.
"""

from __future__ import annotations

from pathlib import Path

from ctstudio.core.errors import MaskError
from ctstudio.core.provenance import Provenance
from ctstudio.session.autosave import Autosave
from ctstudio.session.document import Case
from ctstudio.session.results import HasResults, SampleView


def save_mask(case: Case, path: Path, autosave: Autosave | None = None, provenance: Provenance | None = None) -> Path:
    """Write the mask to a file, mark it saved, and let its autosave go; strokes painted meanwhile stay unsaved.

    Raises:
        MaskError: The mask is empty.
        StorageError: The disk is full or the place cannot be written; the mask stays as it is, unsaved.
    """
    if case.mask.empty:
        raise MaskError("The mask is empty: there is nothing to save.", "Paint a label, or import a mask.")
    from ctstudio.io.storage import storage_errors
    from ctstudio.io.writing import write_labels

    revision = case.mask.revision
    with storage_errors(path):
        write_labels(case.mask.snapshot(case.name), path, provenance)
    case.mask.mark_saved(revision)
    case.mask_path = path
    if autosave is not None:
        autosave.saved(case)
    return path


def save_sample(owner: HasResults, view: SampleView, folder: Path) -> Path:
    """Write a sample with its provenance into the next free numbered folder, and note the folder in its view.

    Call `owner.results.mark_saved` with the folder afterwards, in the window's thread, to tell the views.

    Args:
        owner: What it belongs to, for example a case.
        view: The sample.
        folder: Where the numbered folders lie.

    Returns:
        The numbered folder.

    Raises:
        StorageError: The disk is full or the place cannot be written; the sample stays in memory, unsaved.
    """
    from ctstudio.io.samples import write_sample
    from ctstudio.io.storage import storage_errors

    with storage_errors(folder):
        written = write_sample(folder, view.sample)
    if view in owner.results.items:
        view.saved_path = written
    return written
