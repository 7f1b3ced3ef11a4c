"""What images are seen by before they are compared: published encoders from local files, or the phantom encoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from ctstudio.core.errors import WeightMismatch
from ctstudio.nets.clip import CLIP_MEAN, CLIP_STD, embed_picture
from ctstudio.systems.na_diff.weights import NaDiffModel

INCEPTION_FILE = "inception-2015-12-05.pt"
INCEPTION_SIDE = 299
CLIP_FOLDER = "clip-vit-large-patch14-336"
AT_ONCE = 16

Greys = Sequence[NDArray[np.uint8]]


@dataclass(frozen=True)
class Encoder:
    """An image encoder.

    Attributes:
        name: As tables print it.
        published: Whether figures may be compared with published ones.
        features: (y, x) grey images, 0 to 255, any sizes, to (n, d) features.
    """

    name: str
    published: bool
    features: Callable[[Greys], NDArray[np.float64]]


def inception_encoder(path: Path) -> Encoder:
    """The Inception network of Clean-FID from a TorchScript file, with Clean-FID's resizing.

    Raises:
        WeightMismatch: The file is no such network.

    Source: Parmar et al. 2022: each channel resized by PIL as floats, bicubic with antialiasing, to 299.
    """
    try:
        layers = torch.jit.load(str(path), map_location="cpu").eval().layers
    except (RuntimeError, AttributeError, OSError, ValueError) as error:
        raise WeightMismatch(
            f"{path} is not the Inception network of Clean-FID.",
            f"Give its TorchScript file {INCEPTION_FILE}.",
            str(error),
        ) from error

    def see(batch: Tensor) -> Tensor:
        return layers((batch - 128.0) / 128.0).flatten(1)  # (B, 2048)

    return Encoder("Inception 2015-12-05", True, lambda images: _in_batches(images, clean_resized, see))


def clip_encoder(folder: Path) -> Encoder:
    """OpenAI's ViT-L/14 at 336 pixels, projected embeddings, from a folder as Hugging Face's transformers writes it.

    Raises:
        WeightMismatch: The folder does not hold such a network.

    Source: Jayasumana et al. 2024; bicubic to the encoder's side, no crop.
    """
    from transformers import CLIPVisionModelWithProjection

    try:
        clip = CLIPVisionModelWithProjection.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise WeightMismatch(
            f"{folder} does not hold a CLIP image encoder.", "Give the folder of the transformers model.", str(error)
        ) from error
    clip = clip.float().eval()
    side = clip.config.image_size
    mean, std = (torch.tensor(each).view(1, 3, 1, 1) for each in (CLIP_MEAN, CLIP_STD))

    def resized(image: NDArray[np.uint8]) -> Tensor:
        unit = torch.from_numpy(image.astype(np.float32) / 255.0)[None, None]
        return functional.interpolate(unit, size=(side, side), mode="bicubic")[0].expand(3, -1, -1)

    def see(batch: Tensor) -> Tensor:
        return clip(pixel_values=(batch - mean) / std).image_embeds  # (B, 768)

    return Encoder("CLIP ViT-L/14-336", True, lambda images: _in_batches(images, resized, see))


def phantom_encoder(model: NaDiffModel) -> Encoder:
    """The image tower of a model's own CLIP, which has seen phantoms and nothing else."""

    def three_channels(image: NDArray[np.uint8]) -> Tensor:
        return torch.from_numpy(image.astype(np.float32) / 255.0)[None].expand(3, -1, -1)

    def see(batch: Tensor) -> Tensor:
        return embed_picture(model.clip, batch.to(model.device)).cpu()  # (B, clip_dim)

    name = f"phantom encoder ({model.info.name})"
    return Encoder(name, False, lambda images: _in_batches(images, three_channels, see))


def clean_resized(image: NDArray[np.uint8], side: int = INCEPTION_SIDE) -> Tensor:
    """A grey image as Clean-FID resizes it: (3, side, side) float32, 0 to 255."""
    resized = Image.fromarray(image.astype(np.float32)).resize((side, side), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.asarray(resized).clip(0.0, 255.0).copy())[None].expand(3, -1, -1)


@torch.no_grad()
def _in_batches(
    images: Greys, prepared: Callable[[NDArray[np.uint8]], Tensor], see: Callable[[Tensor], Tensor]
) -> NDArray[np.float64]:
    """Features of all images; those of one size go together."""
    found: dict[int, NDArray[np.float64]] = {}
    by_shape: dict[tuple[int, ...], list[int]] = {}
    for number, image in enumerate(images):
        by_shape.setdefault(image.shape, []).append(number)
    for numbers in by_shape.values():
        for begin in range(0, len(numbers), AT_ONCE):
            part = numbers[begin : begin + AT_ONCE]
            seen = see(torch.stack([prepared(images[number]) for number in part]))
            found.update(zip(part, seen.double().numpy(), strict=True))
    return np.stack([found[number] for number in range(len(images))])
