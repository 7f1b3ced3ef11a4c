"""What of a scanner decides the noise of its images."""

from __future__ import annotations

from dataclasses import dataclass

from ctstudio.core.errors import ParameterError
from ctstudio.measure.ramp import FilterName


@dataclass(frozen=True)
class Scanner:
    """The scanner that a low-dose simulation imitates.

    Attributes:
        kernel: Reconstruction kernel of the noise; the scan itself is never reconstructed again.
        cutoff: Where the window of the Hann kernel ends, in Nyquist frequencies of the pixels; > 0.
        electronic_noise: SD of the detector's own noise, photons; >= 0.
        bow_tie: Whether a bow-tie filter takes photons away towards the edge of the beam.
        modulated: Whether the tube current follows the body: over the angles, and over the slices of a volume.

    Raises:
        ParameterError: A negative electronic noise, or a window without width.
    """

    kernel: FilterName = "hann"
    cutoff: float = 1.0
    electronic_noise: float = 0.0
    bow_tie: bool = False
    modulated: bool = False

    def __post_init__(self) -> None:
        if not (self.electronic_noise >= 0.0 and self.cutoff > 0.0):
            raise ParameterError(
                f"An electronic noise of {self.electronic_noise} photons, or a kernel that ends at {self.cutoff} "
                "Nyquist frequencies, cannot be simulated.",
                "Give an electronic noise of 0 or more.",
            )


@dataclass(frozen=True)
class Exposure:
    """How a scan was exposed, as far as its noise tells.

    Attributes:
        photons: That leave the tube for one detector bin and angle at the scan's own dose, on average; > 0.
        noise_free: Whether the scan holds no noise of its own, as a phantom.
        held_sd_hu: SD measured in its even tissue, HU; None where there was none to measure in.
    """

    photons: float
    noise_free: bool
    held_sd_hu: float | None = None

    def __post_init__(self) -> None:
        if not self.photons > 0.0:
            raise ParameterError(f"{self.photons} photons cannot make an image.", "Give a positive number of photons.")
