"""Where the lobes of a lung meet: the oblique fissure of each side and the horizontal one of the right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctstudio.phantom.patient import Patient, body_of
from ctstudio.phantom.shapes import Float
from ctstudio.phantom.texture import Waves, waves

_OBLIQUE_START_MM = {"left": 50.0, "right": 44.0}


def oblique_wave(seed: int, side: str) -> Waves:
    """Unevenness of an oblique fissure, mm."""
    return waves(seed, f"oblique {side}", wavelength_mm=90, sd=4.0, count=20)


def horizontal_wave(seed: int) -> Waves:
    """Unevenness of the horizontal fissure, mm."""
    return waves(seed, "horizontal", wavelength_mm=80, sd=4.0, count=20)


def oblique(x: Float, y: Float, z: Float, wave: Float, side: str) -> Float:
    """Distance to the oblique fissure: positive in the upper (and middle) lobe, mm."""
    bow = 0.0018 * (np.abs(x) - 70.0) ** 2
    result: Float = (z - _OBLIQUE_START_MM[side] - 0.95 * y + bow) * 0.72 + wave
    return result


def horizontal(y: Float, z: Float, wave: Float) -> Float:
    """Distance to the horizontal fissure: positive in the upper lobe, mm; it counts above the oblique one only."""
    result: Float = z - 46.0 - 0.06 * y + wave
    return result


def depth_in_lobe(patient: Patient, points: NDArray[np.float64], side: str, lobe: str) -> Float:
    """How far points of a lung lie inside one lobe, as far as its fissures go: (n,) mm, negative outside.

    Args:
        patient: Whose lung.
        points: (n, 3) patient coordinates (x, y, z), mm, in the lung of that side.
        side: "left" or "right".
        lobe: "upper", "middle" (right only) or "lower".
    """
    x, y, z = points.T
    world = points * np.asarray(body_of(patient).scale)
    cut = oblique(x, y, z, oblique_wave(patient.seed, side).at(*world.T), side)
    if lobe == "lower":
        return -cut
    if side == "left":
        return cut
    flat = horizontal(y, z, horizontal_wave(patient.seed).at(*world.T))
    return np.minimum(cut, flat if lobe == "upper" else -flat)
