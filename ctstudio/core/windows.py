"""Window and level: the range of HU that is shown, or that a network sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Window:
    """A display range: `level` is its middle and `width` its size, both in HU; width > 0."""

    level_hu: float
    width_hu: float

    @property
    def low_hu(self) -> float:
        """The HU shown black."""
        return self.level_hu - self.width_hu / 2

    @property
    def high_hu(self) -> float:
        """The HU shown white."""
        return self.level_hu + self.width_hu / 2

    def to_unit(self, array_hu: NDArray[Any]) -> NDArray[np.float32]:
        """HU clipped to the window and scaled to [-1, 1], float32, same shape."""
        scaled = (np.asarray(array_hu, np.float32) - np.float32(self.level_hu)) * np.float32(2 / self.width_hu)
        return np.asarray(np.clip(scaled, -1.0, 1.0), np.float32)

    def from_unit(self, array: NDArray[Any]) -> NDArray[np.float32]:
        """HU of values in [-1, 1], float32, same shape; values outside are clipped."""
        unit: NDArray[np.float32] = np.clip(array, -1.0, 1.0).astype(np.float32)
        return unit * np.float32(self.width_hu / 2) + np.float32(self.level_hu)

    def to_grey(self, array_hu: NDArray[Any]) -> NDArray[np.uint8]:
        """HU as grey levels 0 to 255, same shape."""
        return np.round((self.to_unit(array_hu) + 1.0) * 127.5).astype(np.uint8)


PRESETS: dict[str, Window] = {
    "Soft tissue": Window(40, 400),
    "Lung": Window(-600, 1500),
    "Liver": Window(90, 150),
    "Bone": Window(480, 2500),
    "Brain": Window(40, 80),
    "Mediastinum": Window(50, 350),
}
