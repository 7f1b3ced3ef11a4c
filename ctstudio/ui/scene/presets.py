"""Presets that draw a CT as a volume, named as users of 3D Slicer know them; the curves are ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Part = Literal["whole", "lungs", "airways"]


@dataclass(frozen=True)
class Preset:
    """How HU become light.

    Attributes:
        name: What people choose.
        help: What it shows.
        part: The whole scan; what lies within the lungs; or the connected air within them.
        opacity: (HU, opacity per 2 mm) ascending.
        colours: (HU, red, green, blue) ascending, 0 to 1.
        shading: Ambient, diffuse, specular light, and how sharp its reflection is.
        brightest: Show the brightest voxel along each ray instead of blending.
    """

    name: str
    help: str
    part: Part
    opacity: tuple[tuple[float, float], ...]
    colours: tuple[tuple[float, float, float, float], ...]
    shading: tuple[float, float, float, float] = (0.2, 0.85, 0.3, 15.0)
    brightest: bool = False


PRESETS: tuple[Preset, ...] = (
    Preset(
        "CT-Bone",
        "Bone and what is as dense",
        "whole",
        ((-1000, 0), (140, 0), (220, 0.25), (400, 0.7), (1500, 0.95)),
        (
            (-1000, 0.30, 0.10, 0.05),
            (140, 0.62, 0.32, 0.22),
            (250, 0.85, 0.68, 0.52),
            (500, 0.97, 0.92, 0.82),
            (1500, 1.0, 1.0, 0.97),
        ),
        (0.18, 0.85, 0.35, 20.0),
    ),
    Preset(
        "CT-Lung",
        "The lungs as a haze, with their vessels; the chest wall is taken away",
        "lungs",
        ((-1100, 0), (-970, 0), (-920, 0.018), (-800, 0.03), (-700, 0.10), (-500, 0.28), (-200, 0.5), (100, 0.8)),
        (
            (-1000, 0.30, 0.40, 0.55),
            (-850, 0.60, 0.72, 0.86),
            (-650, 0.84, 0.68, 0.66),
            (-300, 0.88, 0.48, 0.42),
            (50, 0.92, 0.36, 0.30),
            (500, 1.0, 0.9, 0.8),
        ),
        (0.28, 0.8, 0.2, 15.0),
    ),
    Preset(
        "CT-Soft-Tissue",
        "Skin and muscle over bone",
        "whole",
        ((-1000, 0), (-250, 0), (-170, 0.14), (-80, 0.16), (0, 0.22), (60, 0.5), (160, 0.65), (300, 0.9), (1500, 0.95)),
        (
            (-1000, 0.60, 0.42, 0.32),
            (-180, 0.94, 0.76, 0.62),
            (-80, 0.93, 0.72, 0.56),
            (0, 0.86, 0.52, 0.42),
            (70, 0.78, 0.36, 0.29),
            (160, 0.86, 0.52, 0.42),
            (260, 0.95, 0.86, 0.72),
            (600, 1.0, 0.97, 0.9),
        ),
        (0.22, 0.82, 0.15, 10.0),
    ),
    Preset(
        "CT-Air",
        "The airways: air within the lungs that hangs together",
        "airways",
        ((-1100, 0.85), (-975, 0.8), (-935, 0.35), (-895, 0.0), (3000, 0)),
        ((-1100, 0.55, 0.85, 0.95), (-960, 0.40, 0.76, 0.92), (-800, 0.25, 0.5, 0.75)),
    ),
    Preset(
        "CT-Chest-Vessels",
        "The lungs' vessels, also without contrast; the chest wall is taken away",
        "lungs",
        ((-1100, 0), (-680, 0), (-550, 0.12), (-350, 0.45), (0, 0.85), (1500, 0.9)),
        (
            (-700, 0.48, 0.09, 0.09),
            (-300, 0.78, 0.18, 0.15),
            (50, 0.92, 0.33, 0.26),
            (200, 1.0, 0.76, 0.6),
        ),
    ),
    Preset(
        "CT-MIP",
        "The brightest voxel along each ray",
        "whole",
        ((-1000, 0), (-300, 0), (100, 0.25), (400, 0.7), (1200, 1.0)),
        ((-1000, 0, 0, 0), (-300, 0.05, 0.05, 0.06), (400, 0.8, 0.8, 0.8), (1200, 1, 1, 1)),
        brightest=True,
    ),
)


def preset(name: str) -> Preset | None:
    """A preset by its name; None for a name that nobody gave."""
    return next((one for one in PRESETS if one.name == name), None)
