"""What measures: published networks where their files are given, else what comes with a phantom model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ctstudio.core.errors import InputError
from ctstudio.evaluation.encoders import (
    CLIP_FOLDER,
    INCEPTION_FILE,
    Encoder,
    clip_encoder,
    inception_encoder,
    phantom_encoder,
)
from ctstudio.evaluation.perceptual import BACKBONES, Perceptual, lpips, phantom_perceptual
from ctstudio.evaluation.quality import EDGE_TO_NOISE, IQA_FILE, Quality, ldct_iqa
from ctstudio.systems.na_diff.weights import NaDiffModel


@dataclass(frozen=True)
class Instruments:
    """One of each kind: for Clean-FID and KID, for CMMD, for LPIPS, for image quality."""

    inception: Encoder
    clip: Encoder
    perceptual: Perceptual
    quality: Quality

    def all(self) -> tuple[Encoder | Perceptual | Quality, ...]:
        """All four."""
        return self.inception, self.clip, self.perceptual, self.quality


def instruments(model: NaDiffModel, weights: Path | None) -> Instruments:
    """The best there is.

    Args:
        model: Whose encoders stand in for published ones.
        weights: Folder that may hold the files of published ones, or None. Nothing is ever downloaded.

    Raises:
        InputError: There is no such folder, or none of the files is in it.
        WeightMismatch: A file is there but cannot be used.
    """
    stand_in = phantom_encoder(model)
    found = files_in(weights) if weights is not None else {}
    backbone = next((name for name in BACKBONES if name in found), None)
    return Instruments(
        inception_encoder(found["inception"]) if "inception" in found else stand_in,
        clip_encoder(found["clip"]) if "clip" in found else stand_in,
        lpips(found[backbone].parent, backbone) if backbone else phantom_perceptual(model),
        ldct_iqa(found["iqa"]) if "iqa" in found else EDGE_TO_NOISE,
    )


def files_in(weights: Path) -> dict[str, Path]:
    """Which published networks a folder holds: "inception", "clip", "iqa", "alexnet", "vgg16", each with its file.

    Raises:
        InputError: There is no such folder, or none of the files is in it.
    """
    wanted = {"inception": INCEPTION_FILE, "clip": CLIP_FOLDER, "iqa": IQA_FILE}
    found = {name: weights / file for name, file in wanted.items() if (weights / file).exists()}
    for name, (network, heads, _) in BACKBONES.items():
        if (weights / network).is_file() and (weights / heads).is_file():
            found[name] = weights / network
    if not found:
        names = [*wanted.values(), *(f"{network} with {heads}" for network, heads, _ in BACKBONES.values())]
        raise InputError(
            f"{weights} holds no network that images are evaluated with.",
            f"Put one of these there: {', '.join(names)}; or leave out --weights.",
        )
    return found
