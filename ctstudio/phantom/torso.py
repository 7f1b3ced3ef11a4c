"""The frame in which the torso's organs lie: trunk outline, body cavity, spine and diaphragm.

Patient coordinates, mm: x to the left, y to the back, z to the head; z = 0 at the top of an average right diaphragm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctstudio.phantom.patient import Patient
from ctstudio.phantom.shapes import Float, ring, smooth_table

Table = NDArray[np.float64]
_Z0, _Z1, _STEP = -480.0, 340.0, 2.0

TRUNK = {  # half-width, half-depth and middle (y) of the trunk inside its fat, by z
    -480: (150, 84, 6), -400: (160, 92, 4), -340: (160, 98, 2), -270: (146, 92, 0), -200: (131, 91, 0),
    -130: (133, 94, 0), -60: (137, 101, 0), 0: (143, 107, 0), 60: (146, 106, 0), 110: (147, 99, 3),
    150: (150, 90, 8), 178: (142, 78, 14), 196: (112, 68, 18), 212: (76, 62, 19), 235: (59, 60, 18), 340: (56, 58, 16),
}  # fmt: skip
CAVITY = {  # half-width, half-depth and middle (y) of what ribs and abdominal wall enclose
    -480: (60, 45, 0), -400: (82, 62, -4), -340: (104, 72, -6), -270: (114, 66, -10), -200: (108, 66, -13),
    -130: (112, 74, -12), -60: (119, 82, -10), 0: (125, 87, -8), 60: (125, 86, -6), 100: (119, 78, -2),
    140: (103, 65, 6), 165: (84, 53, 14), 185: (62, 40, 20), 198: (40, 26, 24), 207: (16, 12, 26), 340: (12, 10, 26),
}  # fmt: skip
SPINE_Y = {-400: 70, -350: 78, -300: 62, -262: 42, -225: 30, -180: 28, -120: 33, -60: 42, 0: 50, 60: 54, 110: 53,
           150: 49, 190: 43, 220: 37, 260: 30, 340: 26}  # fmt: skip


@dataclass(frozen=True)
class Torso:
    """Curves of one patient's trunk, tabulated along z."""

    patient: Patient
    axis: Table
    trunk: Table
    cavity_table: Table
    spine_table: Table
    fat_mm: float

    def _at(self, table: Table, z: Float) -> list[Float]:
        return [np.interp(z, self.axis, row).astype(np.float32) for row in table]

    def muscle(self, x: Float, y: Float, z: Float) -> Float:
        """Distance to the trunk inside its fat: muscles, bones and all they hold."""
        width, depth, middle = self._at(self.trunk, z)
        return ring(x, y - middle, width, depth, 2.4)

    def cavity(self, x: Float, y: Float, z: Float) -> Float:
        """Distance to the space inside ribs and abdominal wall."""
        width, depth, middle = self._at(self.cavity_table, z)
        return ring(x, y - middle, width, depth, 2.4)

    def fat(self, x: Float, y: Float, z: Float) -> Float:
        """Thickness of the subcutaneous fat around the trunk, mm."""
        radius = np.sqrt(x * x + y * y) + 1.0
        side, back = x / radius, y / radius
        waist = np.exp(-(((z + 190.0) / 90.0) ** 2))
        chest = np.exp(-(((z - 60.0) / 110.0) ** 2))
        round_ = 0.82 + waist * (0.42 * np.maximum(back, 0) * np.abs(side) * 2 + 0.35 * np.maximum(-back, 0))
        breast: Float = np.zeros_like(side)
        if self.patient.habitus.sex == "female":
            around = ((np.abs(side) - 0.5) / 0.27) ** 2 + ((z - 62.0) / 42.0) ** 2
            breast = np.where(back < 0, np.exp(-around), 0.0) * (14.0 + 1.1 * self.fat_mm) / self.fat_mm
        total: Float = self.fat_mm * (round_ - 0.2 * chest + breast)
        return np.asarray(total, np.float32)

    def spine(self, z: float) -> tuple[float, float]:
        """Middle (x, y) of the vertebral bodies at a height."""
        return float(np.interp(z, self.axis, self.spine_table[0])), float(np.interp(z, self.axis, self.spine_table[1]))

    def spine_at(self, z: Float) -> tuple[Float, Float]:
        """The same for arrays."""
        x, y = self._at(self.spine_table, z)
        return x, y

    def dome(self, x: Float, y: Float) -> Float:
        """Height of the diaphragm over each (x, y), mm: a high right dome, a lower left one, deep gutters behind."""
        low = -self.patient.habitus.breath_mm
        right = ((x + 62.0) / 74.0) ** 2 + ((y + 8.0) / 82.0) ** 2
        left = ((x - 64.0) / 72.0) ** 2 + ((y + 6.0) / 80.0) ** 2
        deeper = 1.0 + 0.0045 * np.clip(y, -60, 80)
        domes = np.maximum(low - 46.0 * deeper * right**1.15, low - 13.0 - 44.0 * deeper * left**1.15)
        middle = low - 17.0 - 0.0065 * (y + 20.0) ** 2
        part = np.exp(-((x / 34.0) ** 2))
        height: Float = np.maximum(domes, part * middle + (1 - part) * domes)
        return np.maximum(height, -150.0)


def torso_of(patient: Patient) -> Torso:
    """The frame of a patient."""
    axis = np.arange(_Z0, _Z1 + _STEP, _STEP)
    trunk = np.stack([_curve(axis, TRUNK, i) for i in range(3)])
    cavity = np.stack([_curve(axis, CAVITY, i) for i in range(3)])
    thick = 3.0 * (patient.habitus.muscle - 1.0)
    trunk[:2] += thick
    spine_y = smooth_table(axis, [(float(z), float(v)) for z, v in sorted(SPINE_Y.items())], 60.0)
    bowed = np.where(axis > -60, 50.0 + patient.habitus.kyphosis * (spine_y - 50.0), spine_y)
    spine_y = np.convolve(np.pad(bowed, 10, mode="edge"), np.ones(21) / 21, mode="valid")
    return Torso(patient, axis, trunk, cavity, np.stack([0 * axis, spine_y]), patient.habitus.fat_mm)


def _curve(axis: Table, knots: dict[int, tuple[int, int, int]], column: int) -> Table:
    return smooth_table(axis, [(float(z), float(v[column])) for z, v in sorted(knots.items())], 24.0)
