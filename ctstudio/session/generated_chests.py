"""What was made of reports: samples that belong to no scan, and the cases they are opened as."""

from __future__ import annotations

from ctstudio.core.errors import MaskError
from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume
from ctstudio.core.windows import PRESETS
from ctstudio.protocol.result import Sample
from ctstudio.session.document import Case, Document
from ctstudio.session.mask_import import onto_scan
from ctstudio.session.report_text import ReportText
from ctstudio.session.results import Results, SampleView

_OPACITY = 0.3


class GeneratedChests:
    """The samples, as the strip shows them; each is opened as a case when it is looked at.

    Attributes:
        results: The samples, oldest first.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._cases: dict[SampleView, Case] = {}
        self.results = Results(document.notices)
        self.results.removed.connect(self._forget)
        document.case_removed.connect(self._closed)

    def case_of(self, view: SampleView) -> Case | None:
        """The open case of a sample."""
        return self._cases.get(view)

    def view_of(self, case: Case | None) -> SampleView | None:
        """The sample that a case shows."""
        return next((view for view, shown in self._cases.items() if shown is case), None)

    def open(self, view: SampleView) -> Case | None:
        """Look at a sample: its CT as a case with its structures as labels; None when it has no CT.

        A new case is looked at as the sample before it was: same window, place and overlay.
        """
        ct = view.sample.outputs.get("ct")
        if not isinstance(ct, Volume):
            return None
        case = self._cases.get(view)
        if case is None:
            before = self._document.active if self._document.active in self._cases.values() else None
            named = Volume(ct.array, ct.grid, ct.modality, ct.unit, True, name_of(view.sample))
            case = self._document.open_volume(named)
            self._cases[view] = case
            self._draw_labels(case, view.sample)
            _look_alike(case, before)
        self._document.active = case
        return case

    def _draw_labels(self, case: Case, sample: Sample) -> None:
        labels = sample.outputs.get("labels")
        if not isinstance(labels, LabelMap):
            return
        try:
            drawn = onto_scan(labels, case.volume.grid, case.mask.table)
        except MaskError:  # a sample without structures is looked at as it is
            return
        self._document.apply_mask(case, drawn, step="Generated structures")
        case.mask.history.clear()
        case.mask.mark_saved()

    def _forget(self, view: SampleView) -> None:
        self._cases.pop(view, None)

    def _closed(self, case: Case) -> None:
        view = self.view_of(case)
        if view is not None:
            del self._cases[view]


def report_of(sample: Sample) -> ReportText:
    """The report that a sample was made of; empty for one made of anatomy alone."""
    told = sample.provenance.parameters
    return ReportText(str(told.get("text") or ""), str(told.get("impression") or ""))


def name_of(sample: Sample) -> str:
    """What a sample is called: the first words of its report, and its seed."""
    return f"{report_of(sample).first_words() or 'Anatomy alone'} · seed {sample.seed}"


def _look_alike(case: Case, before: Case | None) -> None:
    viewing = case.viewing
    if before is None:
        viewing.window, viewing.mask_opacity = PRESETS["Lung"], _OPACITY
        return
    viewing.window, viewing.mask_opacity = before.viewing.window, before.viewing.mask_opacity
    viewing.overlay_visible = before.viewing.overlay_visible
    if before.viewing.shape == viewing.shape:
        viewing.crosshair = before.viewing.crosshair
