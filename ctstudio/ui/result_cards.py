"""Turns the samples of the session into the cards of the strip."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QImage

from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume
from ctstudio.core.windows import Window
from ctstudio.session.results import SampleView
from ctstudio.ui.results_strip import ResultCard

_SIDE = 160


def card_of(view: SampleView, window: Window) -> ResultCard:
    """What the strip says about a sample; the picture is its fullest slice."""
    sample = view.sample
    return ResultCard(
        key=key_of(view),
        picture=_picture(view, window),
        dose=float(sample.provenance.parameters.get("dose", 1.0)),
        seed=sample.seed,
        measured_hu=sample.measures.get("noise_sd_hu"),
        requested_hu=sample.measures.get("requested_noise_sd_hu"),
        starred=view.starred,
        saved=view.saved_path is not None,
    )


def key_of(view: SampleView) -> str:
    """A name no other sample has."""
    return f"{view.request_id}/{view.sample.seed}"


def _picture(view: SampleView, window: Window) -> QImage:
    ct, mask = view.sample.outputs.get("ct"), view.sample.outputs.get("mask")
    if not isinstance(ct, Volume):
        return QImage()
    z = ct.array.shape[0] // 2
    if isinstance(mask, LabelMap) and mask.array.shape == ct.array.shape:
        z = int(np.argmax([np.count_nonzero(plane) for plane in mask.array]))
    step = max(1, max(ct.array.shape[1:]) // _SIDE)
    grey = np.ascontiguousarray(window.to_grey(ct.array[z, ::step, ::step]))
    image = QImage(grey.data, grey.shape[1], grey.shape[0], grey.shape[1], QImage.Format.Format_Grayscale8)
    return image.copy()
