"""What was measured in a sample, as people read it: by name, with units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctstudio.core.labels import LUNG_LOBES, LabelMap
from ctstudio.protocol.result import Sample

_UNITS = {"hu": "HU", "ml": "mL", "l": "L", "mm": "mm", "cm": "cm", "percent": "%", "fraction": "fraction", "s": "s"}
_SPELLED = {"ctr": "Cardiothoracic ratio", "laa": "LAA", "sd": "SD", "hu": "HU", "ct": "CT"}
_MIDDLE_LITRE_ML = 1000.0
_LOBES = {"left": LUNG_LOBES[:2], "right": LUNG_LOBES[2:]}


@dataclass(frozen=True)
class Measured:
    """One number.

    Attributes:
        name: Its key, which ends in the unit: "left_lung_ml".
        value: In that unit.
    """

    name: str
    value: float

    @property
    def unit(self) -> str:
        """The unit, "" for a ratio."""
        return _UNITS.get(self.name.rpartition("_")[2], "")

    @property
    def title(self) -> str:
        """What people read: "Left lung"."""
        words = self.name.split("_")
        words = words[:-1] if self.unit and len(words) > 1 else words
        first, *rest = (_SPELLED.get(word, word) for word in words)
        return " ".join((first[:1].upper() + first[1:], *rest))

    @property
    def words(self) -> str:
        """Value and unit: "1.85 L"; a count without a unit has no decimals."""
        if not self.unit and float(self.value).is_integer():
            return f"{self.value:.0f}"
        return " ".join(part for part in scaled((self.value,), self.unit) if part)


def measured_by_pipeline(sample: Sample) -> tuple[Measured, ...]:
    """What the pipeline measured, and nothing more."""
    return tuple(Measured(name, value) for name, value in sample.measures.items())


def measures_of(sample: Sample) -> tuple[Measured, ...]:
    """All that is known of a sample: what its pipeline measured, and the volumes of its labels where it did not."""
    labels = sample.outputs.get("labels")
    volumes = lung_volumes_ml(labels) if isinstance(labels, LabelMap) else {}
    counted = {name: value for name, value in volumes.items() if name not in sample.measures}
    return tuple(Measured(name, value) for name, value in (sample.measures | counted).items())


def lung_volumes_ml(labels: LabelMap) -> dict[str, float]:
    """Volumes of the lungs, of airway and of vessels, mL; without what has no voxel.

    Vessels are drawn over the lobes, so each lung gets back its share of them.
    """
    known = {label.name: label.value for label in labels.table}
    counts = np.zeros(256, np.int64)
    for plane in labels.array:
        counts += np.bincount(plane.ravel(), minlength=256)
    voxel_ml = float(np.prod(labels.grid.spacing_mm)) / 1000
    lobes = {side: sum(int(counts[known[n]]) for n in names if n in known) for side, names in _LOBES.items()}
    vessels = int(counts[known["lung_vessels"]]) if "lung_vessels" in known else 0
    airway = sum(int(counts[known[n]]) for n in ("trachea", "bronchi") if n in known)
    whole = sum(lobes.values())
    shared = {f"{side}_lung": n + vessels * n / whole for side, n in lobes.items()} if whole else {}
    voxels = shared | {"airway": float(airway), "lung_vessels": float(vessels)}
    return {f"{name}_ml": round(count * voxel_ml, 1) for name, count in voxels.items() if count}


def scaled(values: tuple[float, ...], unit: str) -> tuple[str, ...]:
    """Values to three digits in one unit that suits them all, and that unit: litres for more than one."""
    top = max((abs(value) for value in values), default=0.0)
    if unit == "mL" and top >= _MIDDLE_LITRE_ML:
        values, unit, top = tuple(value / _MIDDLE_LITRE_ML for value in values), "L", top / _MIDDLE_LITRE_ML
    elif unit == "fraction":
        values, unit, top = tuple(value * 100 for value in values), "%", top * 100
    digits = 0 if top >= 100 else 1 if top >= 10 else 2
    return (*(f"{value:.{digits}f}" for value in values), unit)
