"""What the paper on NA-Diff reports, to be printed beside what is measured here.

Source: NA-Diff, tables 2 to 9 and figure 7. Two things in them cannot be right, or not be compared: table 8 repeats the
values of C and D of table 5 to four digits although it is of other data, and the unit of the Hausdorff distance is not
said.
"""

from __future__ import annotations

VARIANTS = ("A", "B", "C", "D", "E", "F")

TABLE: dict[str, tuple[float, ...]] = {
    "clean-fid": (245.342, 152.768, 89.295, 53.295, 78.373, 64.638),
    "kid": (209.733, 102.657, 57.601, 19.039, 40.328, 24.811),
    "cmmd": (1.748, 0.754, 0.541, 0.333, 0.514, 0.321),
    "lpips": (0.415, 0.383, 0.387, 0.382, 0.389, 0.376),
    "iqa": (2.260, 2.190, 2.150, 2.100, 2.110, 2.080),
    "iqa-gap": (0.320, 0.250, 0.210, 0.160, 0.170, 0.140),
    "dice": (0.692, 0.711, 0.774, 0.779, 0.725, 0.775),
    "iou": (0.532, 0.555, 0.633, 0.640, 0.572, 0.633),
    "hd": (50.730, 46.725, 36.179, 30.494, 49.135, 31.997),
    "recall": (0.644, 0.687, 0.776, 0.797, 0.669, 0.796),
    "precision": (0.781, 0.768, 0.791, 0.782, 0.813, 0.781),
}
"""Tables 2 and 5: one value a variant, A to F."""

SPREAD: dict[str, tuple[float, ...]] = {
    "kid": (10.736, 7.917, 5.823, 2.853, 4.512, 3.228),
    "lpips": (0.097, 0.098, 0.102, 0.103, 0.094, 0.099),
}
"""The standard deviations of the same."""

REAL_IQA = 1.940
"""Of the test scans, table 2."""

DOSES = (0.05, 0.10, 0.25, 0.50, 0.75, 1.0)
IQA_BY_DOSE: dict[str, tuple[float, ...]] = {
    "training scans": (1.50, 1.45, 1.87, 2.11, 2.29, 2.41),
    "NA-Diff-D": (2.09, 2.02, 2.04, 2.14, 2.14, 2.14),
    "NA-Diff-F": (1.91, 1.96, 2.12, 2.14, 2.16, 2.19),
}
"""The dose-IQA curves, read at the six doses."""

DOWNSTREAM_DICE: dict[str, tuple[float, float]] = {"U-Net": (0.874, 0.876), "TransUNet": (0.872, 0.877)}
"""Liver Dice of segmenters trained on real, and on real and synthetic slices."""


def published(metric: str, variant: str) -> str:
    """A value of the tables as text, with its spread where there is one; empty when the paper has none."""
    if metric not in TABLE:
        return ""
    at = VARIANTS.index(variant)
    spread = f" ± {SPREAD[metric][at]:g}" if metric in SPREAD else ""
    return f"{TABLE[metric][at]:g}{spread}"
