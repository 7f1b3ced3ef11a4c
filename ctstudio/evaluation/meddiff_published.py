"""What the paper on MedDiff-FM reports, to be printed beside what is measured here.

Source: MedDiff-FM, tables 3 to 6 of its first version. The paper says neither how large the overlap of windows is, nor
the threshold of its anomalies.
"""

from __future__ import annotations

from collections.abc import Mapping

SYNTHESIS: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "head": {"MS-SSIM": (0.7821, 0.7596), "LPIPS": (0.0132, 0.0201), "FID": (0.1269, 0.2757), "MMD": (0.0265, 0.0394),
             "Dice": (0.89, 0.80)},
    "chest": {"MS-SSIM": (0.7942, 0.7657), "LPIPS": (0.0263, 0.0261), "FID": (0.1853, 0.2675), "MMD": (0.0545, 0.0656),
              "Dice": (0.75, 0.73)},
    "abdomen": {"MS-SSIM": (0.6412, 0.6194), "LPIPS": (0.0238, 0.0339), "FID": (0.2775, 0.2903),
                "MMD": (0.0459, 0.0573), "Dice": (0.90, 0.86)},
}  # fmt: skip
"""Table 3: with position embedding, and without (its DDPM)."""

DENOISING: Mapping[str, tuple[float, float]] = {
    "noisy": (23.44, 0.8434),
    "MedDiff-FM": (28.10, 0.9123),
    "BM3D": (27.28, 0.8830),
}
"""Table 4: PSNR in dB, and SSIM, in the window from -160 to 240 HU."""

DETECTION: Mapping[str, Mapping[str, float]] = {
    "liver": {"AUC": 0.9937, "specificity": 0.9956, "sensitivity": 0.6229, "accuracy": 0.9948},
    "lung": {"AUC": 0.9816, "specificity": 0.9778, "sensitivity": 0.7208, "accuracy": 0.9776},
}
"""Table 5: liver at step 900, lung at step 950."""

LESIONS: Mapping[str, Mapping[str, float]] = {
    "lung_nodule": {"MS-SSIM": 0.6731, "LPIPS": 0.0136, "FID": 0.2332, "MMD": 0.0998, "Dice": 0.28,
                    "inpainted Dice": 0.77, "real Dice": 0.74},
    "liver_lesion": {"MS-SSIM": 0.6121, "LPIPS": 0.0138, "FID": 0.1690, "MMD": 0.0727, "Dice": 0.48,
                     "inpainted Dice": 0.71, "real Dice": 0.71},
    "lymph_node": {"MS-SSIM": 0.5802, "LPIPS": 0.0211, "FID": 0.2425, "MMD": 0.0594, "Dice": 0.50,
                   "inpainted Dice": 0.53, "real Dice": 0.51},
}  # fmt: skip
"""Table 6, fine-tuned: MSD-Lung, MSD-Liver and ABD-LN; "real" is what the segmenter reaches on real lesions."""


def printed(value: float | None) -> str:
    """A published value as text; empty where the paper has none."""
    return "" if value is None else f"{value:g}"
