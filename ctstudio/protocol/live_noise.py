"""What desk and engine say about the live low-dose preview. It waits in no queue and holds no job up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ctstudio.core.volume import Volume
from ctstudio.measure.scanner import Exposure, Scanner


@dataclass(frozen=True)
class FindExposure:
    """The desk asks how a scan was exposed.

    Attributes:
        request_id: Comes back with the answer.
        scan: Up to eight of its slices, spread evenly.
        parameters: As validated by the card of `catalog.low_dose`.
    """

    request_id: str
    scan: Volume
    parameters: dict[str, Any]


@dataclass(frozen=True)
class ExposureFound:
    """The engine's answer: the exposure, the scanner with its kernel settled, and both in a sentence."""

    request_id: str
    exposure: Exposure
    scanner: Scanner
    words: str


@dataclass(frozen=True)
class SimulateNoise:
    """The desk asks for the noise of one slice at full dose.

    Attributes:
        request_id: Comes back with the answer.
        scan: The slice, (1, y, x), HU.
        place: Its number in the scan, which decides the noise together with the seed.
        seed: Of the whole scan.
        photons: At full dose, for each detector bin and angle of this slice.
        scanner: Whose noise.
    """

    request_id: str
    scan: Volume
    place: int
    seed: int
    photons: float
    scanner: Scanner


@dataclass(frozen=True)
class NoiseSimulated:
    """The engine's answer: noise at full dose, HU, that `measure.missing_noise` turns into that of any dose.

    Attributes:
        request_id: Of the question.
        photons_hu: The photons' part, (1, y, x).
        detector_hu: The detector's own part; None where it has none.
    """

    request_id: str
    photons_hu: Volume
    detector_hu: Volume | None
