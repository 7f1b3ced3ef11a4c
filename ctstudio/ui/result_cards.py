"""Turns the samples of the session into the cards of the strip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtGui import QImage

from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume
from ctstudio.core.windows import Window
from ctstudio.session.results import SampleView
from ctstudio.ui.completed_anatomy import completed_labels
from ctstudio.ui.results_strip import ResultCard

_SIDE = 160


class Cards:
    """Makes cards, and remembers which slice of each sample is the fullest, because finding it walks the whole mask."""

    def __init__(self) -> None:
        self._slices: dict[str, int] = {}

    def of(self, views: Sequence[SampleView], window: Window) -> list[ResultCard]:
        """What the strip says about samples."""
        known = self._slices
        self._slices = {key: known[key] if key in known else _fullest(view) for view in views for key in [key_of(view)]}
        return [_card(view, window, self._slices[key_of(view)]) for view in views]


def _card(view: SampleView, window: Window, z: int) -> ResultCard:
    sample = view.sample
    return ResultCard(
        key=key_of(view),
        picture=_picture(view, window, z),
        dose=float(sample.provenance.parameters.get("dose", 1.0)),
        seed=sample.seed,
        measured_hu=sample.measures.get("noise_sd_hu"),
        requested_hu=sample.measures.get("requested_noise_sd_hu"),
        starred=view.starred,
        saved=view.saved_path is not None,
        completed=completed_labels(view) is not None,
    )


def key_of(view: SampleView) -> str:
    """A name no other sample has."""
    return f"{view.request_id}/{view.sample.seed}"


def _fullest(view: SampleView) -> int:
    """The axial slice with most mask; the middle one without a mask."""
    ct, mask = view.sample.outputs.get("ct"), view.sample.outputs.get("mask")
    if not isinstance(ct, Volume):
        return 0
    if isinstance(mask, LabelMap) and mask.array.shape == ct.array.shape:
        return int(np.argmax([np.count_nonzero(plane) for plane in mask.array]))
    return int(ct.array.shape[0] // 2)


def _picture(view: SampleView, window: Window, z: int) -> QImage:
    ct = view.sample.outputs.get("ct")
    if not isinstance(ct, Volume):
        return QImage()
    step = max(1, max(ct.array.shape[1:]) // _SIDE)
    grey = np.ascontiguousarray(window.to_grey(ct.array[z, ::step, ::step]))
    image = QImage(grey.data, grey.shape[1], grey.shape[0], grey.shape[1], QImage.Format.Format_Grayscale8)
    return image.copy()
