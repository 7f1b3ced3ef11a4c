"""How a slice is seen by the scanner."""

from __future__ import annotations

from dataclasses import dataclass

from ctstudio.core.errors import GeometryError


@dataclass(frozen=True)
class ParallelGeometry:
    """Parallel beam over half a turn, one detector per pixel.

    Attributes:
        size: Pixels along each side of the square slice, and detectors.
        pixel_mm: Side of a pixel and pitch of the detectors, mm.
        angles: Projections, spread evenly over [0, 180) degrees.
    """

    size: int
    pixel_mm: float
    angles: int = 180

    def __post_init__(self) -> None:
        if self.size < 2 or self.angles < 1 or not self.pixel_mm > 0:
            raise GeometryError(
                f"A scan of {self.size} pixels of {self.pixel_mm} mm at {self.angles} angles cannot be projected.",
                "Give at least 2 pixels, 1 angle and a positive pixel size.",
            )
