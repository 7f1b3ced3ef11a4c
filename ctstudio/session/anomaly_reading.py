"""A map of what differs from the expected, as it is looked at: the threshold, the sign, and what is found with them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume
from ctstudio.measure.anomaly import Finding, Findings, Sign, findings
from ctstudio.protocol.result import Sample

ANOMALY = "anomaly"
_LEAST_SPAN_HU = 20.0
_STEPS = 127


@dataclass(frozen=True, eq=False)
class AnomalyMap:
    """A map made ready to be looked at.

    Attributes:
        part_hu: Difference from the expected where somebody looked, cut out; 0 where nobody did.
        first: The voxel of the whole where the part begins, (z, y, x).
        codes: (z, y, x) uint8, 128 where nothing differs, one more or less for each step.
        step_hu: HU of one step.
        threshold_hu: That the task took, or was told.
        sign: Which differences count.
        smallest_ml: Smaller findings are left out.
    """

    part_hu: Volume
    first: tuple[int, int, int]
    codes: NDArray[np.uint8]
    step_hu: float
    threshold_hu: float
    sign: Sign
    smallest_ml: float

    @property
    def span_hu(self) -> float:
        """The largest difference that is told apart."""
        return _STEPS * self.step_hu

    def found(self, threshold_hu: float) -> tuple[Finding, ...]:
        """What differs by this much, the largest first; up to seconds on a large scan, any thread may ask."""
        return self._find(threshold_hu).table

    def _find(self, threshold_hu: float) -> Findings:
        looked = self.part_hu.array != 0
        return findings(self.part_hu, looked, threshold_hu, self.sign, self.smallest_ml)

    def labels(self, threshold_hu: float) -> NDArray[np.uint8]:
        """(z, y, x) of the whole, 1 where a finding is."""
        whole, part = np.zeros(self.codes.shape, np.uint8), self._find(threshold_hu).labels
        whole[tuple(slice(start, start + size) for start, size in zip(self.first, part.shape, strict=True))] = part
        return whole

    def place_of(self, finding: Finding) -> tuple[int, int, int]:
        """The voxel of a finding that differs most, (z, y, x) of the whole."""
        starts = [first for first, _ in finding.box]
        box = self.part_hu.array[tuple(slice(first, last + 1) for first, last in finding.box)]
        inside = np.unravel_index(int(np.argmin(np.abs(box - finding.peak_hu))), box.shape)
        z, y, x = (int(i) + start + first for i, start, first in zip(inside, starts, self.first, strict=True))
        return z, y, x


def anomaly_map(sample: Sample) -> AnomalyMap | None:
    """The map of a sample, ready; None when it has none. Walks through it, any thread may ask."""
    volume = sample.outputs.get(ANOMALY)
    if not isinstance(volume, Volume):
        return None
    told = sample.provenance.parameters
    part, first = _looked_at(volume)
    size = np.abs(part.array[part.array != 0])
    threshold = sample.measures.get("threshold_hu") or float(told.get("threshold_hu") or 0)
    threshold = threshold or (float(np.quantile(size, 0.99)) if size.size else _LEAST_SPAN_HU)
    top = float(np.quantile(size, 0.999)) if size.size else 0.0
    step = max(top, 2 * threshold, _LEAST_SPAN_HU) / _STEPS
    codes = np.empty(volume.array.shape, np.uint8)
    for plane, out in zip(volume.array, codes, strict=True):
        np.copyto(out, np.clip(np.rint(plane / step), -_STEPS, _STEPS) + 128, casting="unsafe")
    sign: Sign = told.get("sign", "both")
    return AnomalyMap(part, first, codes, step, threshold, sign, float(told.get("smallest_ml", 0.0)))


def _looked_at(volume: Volume) -> tuple[Volume, tuple[int, int, int]]:
    """The part of a map that holds anything, and where it begins; a small part when there is nothing."""
    ends = []
    for axis in range(3):
        held = np.flatnonzero(np.any(volume.array != 0, axis=tuple(a for a in range(3) if a != axis)))
        ends.append((int(held[0]), int(held[-1]) + 1) if held.size else (0, 1))
    array = volume.array[tuple(slice(*end) for end in ends)]
    first = ends[0][0], ends[1][0], ends[2][0]
    x, y, z = (float(mm) for mm in volume.grid.to_world(first))
    grid = Grid((array.shape[0], array.shape[1], array.shape[2]), volume.grid.spacing_mm, (x, y, z),
                volume.grid.direction)  # fmt: skip
    return replace(volume, array=array, grid=grid), first


def with_findings(shown: AnomalyMap, threshold_hu: float, mask: LabelMap) -> NDArray[np.uint8]:
    """A mask's labels, (z, y, x), with the findings as lesions over them.

    Raises:
        MaskError: The mask's table has no label for lesions.
    """
    array = mask.array.copy()
    array[shown.labels(threshold_hu) > 0] = mask.table.by_name("lesion").value
    return array
