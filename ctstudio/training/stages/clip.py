"""The demo's CLIP: phantom slices, their noise maps and their masks, each paired with words that say what is there."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from open_clip.model import CLIP
from torch import Tensor
from torch.nn import functional

from ctstudio.catalog.recipe import ClipSettings
from ctstudio.core.labels import standard_table
from ctstudio.nets.clip import WordTokenizer, embed_picture
from ctstudio.phantom.patient import make_patient
from ctstudio.phantom.report import report
from ctstudio.physics.noise_map import noise_map
from ctstudio.systems.na_diff.conditions import LabelGroups, map_picture, mask_picture
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.training.slices import Slices
from ctstudio.training.stage import Batch

KINDS = ("slice", "noise map", "mask")


def clip_config(settings: ClipSettings, vocab_size: int, embed_dim: int) -> dict[str, Any]:
    """An open_clip configuration of the recipe's size."""
    return {
        "embed_dim": embed_dim,
        "vision_cfg": {
            "image_size": settings.image_side,
            "patch_size": settings.image_patch,
            "layers": settings.layers,
            "width": settings.width,
            "head_width": 32,
        },
        "text_cfg": {
            "context_length": settings.context_length,
            "vocab_size": vocab_size,
            "width": settings.width,
            "heads": settings.width // 32,
            "layers": settings.layers,
        },
    }


def captions(slices: Slices) -> list[str]:
    """For each slice: the organs it shows, by size, and its patient's impression."""
    names = {label.value: label.title for label in standard_table()}
    impressions: dict[int, str] = {}
    texts = []
    for labels, seed in zip(slices.labels, slices.seed.tolist(), strict=True):
        if seed not in impressions:
            impressions[seed] = report(make_patient(seed, "abdomen")).split("Impression:")[-1].strip()
        counts = np.bincount(labels.ravel(), minlength=256)
        counts[0] = 0
        shown = [names[int(v)] for v in np.argsort(counts)[::-1][:14] if counts[v] > 30]
        texts.append(f"axial slice with {', '.join(shown)}. {impressions[seed]}")
    return texts


class ClipStage:
    """Batches and loss: one third slices, one third noise maps, one third masks."""

    def __init__(
        self,
        clip: CLIP,
        tokenizer: WordTokenizer,
        slices: Slices,
        settings: ClipSettings,
        config: NaDiffConfig,
        groups: LabelGroups,
    ) -> None:
        self.module, self._tokenizer, self._slices = clip, tokenizer, slices
        self._settings, self._config, self._groups = settings, config, groups
        self._texts = captions(slices)

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """Which slices, none twice; the kind of picture changes from step to step."""
        which = torch.randperm(len(self._slices), generator=generator)[: self._settings.batch]
        realisation = torch.randint(self._slices.noise_hu.shape[1], (len(which),), generator=generator)
        return {"which": which, "realisation": realisation, "kind": torch.full((len(which),), step % len(KINDS))}

    def loss(self, batch: Batch) -> Tensor:
        """Symmetric contrastive loss (Radford et al. 2021) among the samples of a batch, or of a part of one."""
        device, kind = batch["which"].device, KINDS[int(batch["kind"][0])]
        which, realisation = batch["which"].cpu(), batch["realisation"].cpu()
        pictures = self._pictures(kind, which.numpy(), realisation.numpy()).to(device)
        words = [self._text(kind, int(w), int(r)) for w, r in zip(which, realisation, strict=True)]
        tokens = self._tokenizer(words).to(device)
        images = functional.normalize(embed_picture(self.module, pictures), dim=1)
        texts = functional.normalize(self.module.encode_text(tokens), dim=1)
        logits = self.module.logit_scale.exp().clamp(max=100) * images.float() @ texts.float().T
        target = torch.arange(len(which), device=device)
        return 0.5 * (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target))

    def _text(self, kind: str, which: int, realisation: int) -> str:
        dose = round(float(self._slices.dose[which, realisation]) * 100)
        return f"{kind} at dose {dose} percent. {self._texts[which]}"

    def _pictures(self, kind: str, which: np.ndarray, realisation: np.ndarray) -> Tensor:  # type: ignore[type-arg]
        """(B, 3, 256, 256) in [0, 1]."""
        if kind == "mask":
            labels = torch.from_numpy(self._slices.labels[which])
            given = torch.ones(len(which), len(self._groups.names), dtype=torch.bool)
            return mask_picture(labels, given, self._groups)
        if kind == "noise map":
            noise = torch.from_numpy(self._slices.noise_hu[which, realisation].astype(np.float32))[:, None]
            return map_picture(noise_map(noise))
        unit = torch.from_numpy(self._config.window.to_unit(self._slices.image_hu(which, realisation)))[:, None]
        return (unit / 2 + 0.5).expand(-1, 3, -1, -1)
