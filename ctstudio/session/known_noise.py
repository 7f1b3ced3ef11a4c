"""What the engine has told about the noise of scans, kept so that it is asked only once."""

from __future__ import annotations

from collections import OrderedDict

from ctstudio.protocol.events import Failed
from ctstudio.protocol.live_noise import ExposureFound, NoiseSimulated

KEPT_BYTES = 256 << 20
Key = tuple[str, ...]
"""The case first, then the settings, then for a slice its number."""


class KnownNoise:
    """Exposures of scans and noise of slices; the oldest noise goes when it takes more than 256 MiB."""

    def __init__(self, budget_bytes: int = KEPT_BYTES) -> None:
        self._budget = budget_bytes
        self._exposures: dict[Key, ExposureFound | Failed] = {}
        self._noises: OrderedDict[Key, NoiseSimulated | Failed] = OrderedDict()

    def exposure(self, key: Key) -> ExposureFound | Failed | None:
        """How a scan was exposed, or why that cannot be known."""
        return self._exposures.get(key)

    def noise(self, key: Key) -> NoiseSimulated | Failed | None:
        """Noise of a slice, or why there is none."""
        return self._noises.get(key)

    def any_noise(self, begins: Key) -> NoiseSimulated | None:
        """Noise of the slice told last among those whose key begins so."""
        known = (noise for key, noise in reversed(self._noises.items()) if key[: len(begins)] == begins)
        return next((noise for noise in known if isinstance(noise, NoiseSimulated)), None)

    def keep_exposure(self, key: Key, exposure: ExposureFound | Failed) -> None:
        """Remember how a scan was exposed."""
        self._exposures[key] = exposure

    def keep_noise(self, key: Key, noise: NoiseSimulated | Failed) -> None:
        """Remember the noise of a slice."""
        self._noises[key] = noise
        used = sum(_bytes(one) for one in self._noises.values())
        while used > self._budget and len(self._noises) > 1:
            used -= _bytes(self._noises.popitem(last=False)[1])

    def forget(self, case_id: str) -> None:
        """Let go of everything about a case."""
        self._exposures = {key: one for key, one in self._exposures.items() if key[0] != case_id}
        self._noises = OrderedDict((key, one) for key, one in self._noises.items() if key[0] != case_id)


def _bytes(noise: NoiseSimulated | Failed) -> int:
    if isinstance(noise, Failed):
        return 0
    return noise.photons_hu.array.nbytes + (0 if noise.detector_hu is None else noise.detector_hu.array.nbytes)
