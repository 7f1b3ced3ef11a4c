"""Take the anatomy that a sample completed as the mask of its case."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ctstudio.core.labels import LabelMap
from ctstudio.session.document import Case
from ctstudio.session.mask_import import ImportedMask, onto_scan
from ctstudio.session.results import SampleView

if TYPE_CHECKING:
    from ctstudio.ui.main_window import MainWindow

TITLE = "Use completed anatomy as mask"


def completed_labels(view: SampleView) -> LabelMap | None:
    """The labels that a sample's image follows where they are more than the mask said; None when they are not."""
    labels = view.sample.outputs.get("labels")
    told = view.sample.provenance.system
    return labels if isinstance(labels, LabelMap) and told != "meddiff_fm" else None  # its labels are what it was given


def use_as_mask(window: MainWindow, view: SampleView | None = None) -> None:
    """Put a sample's completed anatomy, by default the chosen one's, in place of the mask, as one step of undo."""
    case = window.document.active
    view = view or (case.results.chosen if case is not None else None)
    if case is None or view is None:
        window.notices.say("No sample is chosen.", "Generate one, then click it in the strip.", "warning")
        return
    labels = completed_labels(view)
    if labels is None:
        window.notices.say(
            f"The sample of seed {view.sample.seed} has no completed anatomy: its mask left nothing open.",
            "Leave organs out of the mask, and generate with 'Complete the anatomy' on.",
            "warning",
        )
        return
    work = partial(onto_scan, labels, case.volume.grid, case.mask.table)
    read = view.sample.provenance.task == "segment"
    what = "What was read from the CT" if read else f"The anatomy completed by seed {view.sample.seed}"
    window.background.run(work, partial(_apply, window, case, what), window.notices.report)


def _apply(window: MainWindow, case: Case, what: str, anatomy: ImportedMask) -> None:
    if case not in window.document.cases:
        return
    before = case.mask.present()
    window.document.apply_mask(case, anatomy, step="Use completed anatomy")
    now = case.mask.present()
    more = len(set(now) - set(before))
    window.notices.say(
        f"{what} is now the mask of {case.name}: {len(now)} labels, {more} of them new.",
        "Undo (Ctrl+Z) brings your mask back.",
    )
