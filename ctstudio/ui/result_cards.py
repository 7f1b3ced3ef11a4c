"""Turns the samples of the session into the cards of the strip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtGui import QImage

from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume
from ctstudio.core.windows import PRESETS, Window
from ctstudio.protocol.result import Sample
from ctstudio.session.generated_chests import report_of
from ctstudio.session.measured import measured_by_pipeline, measures_of
from ctstudio.session.results import SampleView
from ctstudio.ui.completed_anatomy import completed_labels
from ctstudio.ui.results_strip import ResultCard

_SIDE = 160
_WORDS = {
    "synthesize": "CT from anatomy",
    "denoise": "Denoised",
    "detect": "Anomalies",
    "add-lesion": "CT with a lesion",
    "inpaint-lesion": "Lesion put in",
    "remove-lesion": "Lesion taken out",
}
"""What a sample is, by its task."""


class Cards:
    """Makes cards, and remembers what takes a walk through a whole mask: fullest slices, measures of chests."""

    def __init__(self) -> None:
        self._slices: dict[str, int] = {}
        self._facts: dict[str, tuple[str, ...]] = {}

    def of(self, views: Sequence[SampleView], window: Window) -> list[ResultCard]:
        """What the strip says about samples."""
        known = self._slices
        self._slices = {key: known[key] if key in known else _fullest(view) for view in views for key in [key_of(view)]}
        counted = self._facts
        self._facts = {key: counted.get(key) or _facts(view) for view in views for key in [key_of(view)]}
        return [_card(view, window, self._slices[key_of(view)], self._facts[key_of(view)]) for view in views]


def _facts(view: SampleView) -> tuple[str, ...]:
    """What was measured in a sample, in words; noise stands there for those of a mask."""
    measured = {"medsyn": measures_of, "meddiff_fm": measured_by_pipeline}.get(view.sample.provenance.system)
    return () if measured is None else tuple(f"{one.title} {one.words}" for one in measured(view.sample))


def _card(view: SampleView, window: Window, z: int, facts: tuple[str, ...]) -> ResultCard:
    sample, told = view.sample, view.sample.provenance
    report = (told.system, told.task) == ("medsyn", "generate")
    read = told.task == "segment"
    words = _WORDS.get(told.task, "Structures of the CT" if read else "")
    if report:
        words = report_of(sample).first_words(9) or "Anatomy alone"
    return ResultCard(
        key=key_of(view),
        picture=_upright(sample) if report or read else _picture(view, window, z),
        dose=float(sample.provenance.parameters.get("dose", 1.0)),
        seed=sample.seed,
        measured_hu=sample.measures.get("noise_sd_hu"),
        requested_hu=sample.measures.get("requested_noise_sd_hu"),
        starred=view.starred,
        saved=view.saved_path is not None,
        completed=completed_labels(view) is not None and not report,
        words=words,
        facts=facts,
        about=report_of(sample).whole,
        alone=report,
        synthetic=any(output.synthetic for output in sample.outputs.values()),
    )


def key_of(view: SampleView) -> str:
    """A name no other sample has."""
    return f"{view.request_id}/{view.sample.seed}"


def _fullest(view: SampleView) -> int:
    """The axial slice with most mask; the middle one without a mask."""
    outputs = view.sample.outputs
    ct, mask = outputs.get("ct", outputs.get("anomaly")), outputs.get("mask", outputs.get("labels"))
    if not isinstance(ct, Volume):
        return 0
    if isinstance(mask, LabelMap) and mask.array.shape == ct.array.shape:
        return int(np.argmax([np.count_nonzero(plane) for plane in mask.array]))
    return int(ct.array.shape[0] // 2)


def _picture(view: SampleView, window: Window, z: int) -> QImage:
    outputs = view.sample.outputs
    ct = outputs.get("ct", outputs.get("anomaly"))
    if not isinstance(ct, Volume):
        return QImage()
    window = Window(0, window.width_hu) if "anomaly" in outputs else window
    step = max(1, max(ct.array.shape[1:]) // _SIDE)
    grey = np.ascontiguousarray(window.to_grey(ct.array[z, ::step, ::step]))
    image = QImage(grey.data, grey.shape[1], grey.shape[0], grey.shape[1], QImage.Format.Format_Grayscale8)
    return image.copy()


def _upright(sample: Sample) -> QImage:
    """The middle coronal slice, head up: of a chest in the lung window, or of structures in their colours."""
    ct, labels = sample.outputs.get("ct"), sample.outputs.get("labels")
    shown = ct if isinstance(ct, Volume) else labels
    if shown is None:
        return QImage()
    step = max(1, max(shown.array.shape) // _SIDE)
    plane = shown.array[::-step, shown.array.shape[1] // 2, ::step]
    if isinstance(shown, Volume):
        rgb = np.repeat(PRESETS["Lung"].to_grey(plane)[..., None], 3, axis=2)
    else:
        rgb = np.ascontiguousarray(shown.table.colours()[plane])
    image = QImage(rgb.data, rgb.shape[1], rgb.shape[0], 3 * rgb.shape[1], QImage.Format.Format_RGB888)
    across, up = shown.grid.spacing_mm[0] * rgb.shape[1], shown.grid.spacing_mm[2] * rgb.shape[0]
    return image.scaled(rgb.shape[1], max(1, round(rgb.shape[1] * up / across)))
