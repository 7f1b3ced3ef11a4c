"""PET and MR of a rendered slab: uptake and signal by label, shaded by what the CT shows inside a label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.labels import LabelTable
from ctstudio.core.seeds import stream
from ctstudio.phantom.brain import GREY_ABOVE_WHITE_HU, white_hu
from ctstudio.phantom.canvas import Canvas
from ctstudio.phantom.patient import Patient
from ctstudio.phantom.shapes import Float
from ctstudio.phantom.spots import spots_of
from ctstudio.phantom.texture import waves
from ctstudio.phantom.tissue import signal_of, suv_of

PET_BLUR_MM = 5.5
"""Full width at half maximum of the scanner, mm."""


def uptake(canvas: Canvas, patient: Patient, table: LabelTable) -> Float:
    """FDG uptake before the scanner's blur, SUV."""
    rng = stream(patient.seed, "uptake")
    lut = np.zeros(256, np.float32)
    for label in table:
        lut[label.value] = suv_of(label.name) * rng.uniform(0.85, 1.18)
    lut[canvas.values["heart"]] = float(rng.uniform(1.7, 7.0))
    for spot in spots_of(patient):
        if spot.suv:
            lut[canvas.values[spot.label]] = spot.suv
    suv: Float = lut[canvas.label]
    hollow = (canvas.hu < -400.0) & canvas.has(canvas.everything, "stomach", "colon", "body", "small_bowel")
    suv[hollow] = 0.2
    grey = _grey_share(canvas, patient)
    suv *= np.where(canvas.has(canvas.everything, "brain"), 0.45 + 0.75 * grey, 1.0).astype(np.float32)
    mottle = canvas.field(waves(patient.seed, "pet", wavelength_mm=13, sd=0.07, count=64), canvas.everything)
    return suv * (1.0 + mottle)


def blurred(suv: Float, spacing_mm: tuple[float, float, float]) -> Float:
    """What the scanner sees: a Gaussian of `PET_BLUR_MM`."""
    from scipy.ndimage import gaussian_filter

    sigma = PET_BLUR_MM / 2.355
    seen: Float = gaussian_filter(suv, [sigma / s for s in spacing_mm[::-1]], mode="nearest", truncate=3.0)
    return np.maximum(seen, 0.0)


def t1_signal(canvas: Canvas, patient: Patient, table: LabelTable) -> Float:
    """T1-weighted signal with texture and a smooth bias field, arbitrary units."""
    lut = np.zeros(256, np.float32)
    lut[0] = 6.0
    for label in table:
        lut[label.value] = signal_of(label.name)
    signal: Float = lut[canvas.label]
    _shade(canvas, patient, signal)
    texture = canvas.field(waves(patient.seed, "mr", wavelength_mm=6, sd=0.035, count=64), canvas.everything)
    bias = canvas.field(waves(patient.seed, "bias", wavelength_mm=320, sd=0.09, count=8), canvas.everything)
    seen: Float = signal * (1.0 + texture) * (1.0 + bias)
    return seen


def _shade(canvas: Canvas, patient: Patient, signal: Float) -> None:
    """Air is black, cortical bone dark, marrow bright, white matter brighter than grey."""
    np.copyto(signal, 12.0, where=canvas.hu < -400.0)
    spongy: NDArray[np.float32] = np.clip((620.0 - canvas.hu) / 300.0, 0.12, 1.0)
    bone = np.zeros(256, bool)
    for name, value in canvas.values.items():
        bone[value] = name.startswith(("vertebrae", "rib_", "hip", "femur", "sacrum", "scapula", "humerus", "stern"))
    signal *= np.where(bone[canvas.label], spongy, 1.0).astype(np.float32)
    grey = _grey_share(canvas, patient)
    signal *= np.where(canvas.has(canvas.everything, "brain"), 1.08 - 0.3 * grey, 1.0).astype(np.float32)


def _grey_share(canvas: Canvas, patient: Patient) -> Float:
    """0 in white and 1 in grey matter, read from the CT before texture."""
    share: Float = np.clip((canvas.hu - white_hu(patient)) / GREY_ABOVE_WHITE_HU, 0.0, 1.0)
    return share
