"""What a finished request gives back."""

from __future__ import annotations

from dataclasses import dataclass

from ctstudio.core.labels import LabelMap
from ctstudio.core.provenance import Provenance
from ctstudio.core.volume import Volume


@dataclass(frozen=True)
class Sample:
    """One generated sample.

    Attributes:
        seed: The seed of this very sample.
        outputs: Images by the name the card gives them, for example "ct", "noise_map", "mask".
        measures: Numbers measured in the sample, for example "noise_sd_hu"; units in the names.
        provenance: How it came to be.
    """

    seed: int
    outputs: dict[str, Volume | LabelMap]
    measures: dict[str, float]
    provenance: Provenance


@dataclass(frozen=True)
class Result:
    """All samples of a request.

    Attributes:
        request_id: The request it answers.
        samples: In the order of their seeds in the request.
        notes: What the user must be told, for example "Mask resampled from 3.0 mm to 1.5 mm."
    """

    request_id: str
    samples: tuple[Sample, ...]
    notes: tuple[str, ...] = ()
