"""A recipe at work in a folder, and the networks it has trained so far."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL
from open_clip.model import CLIP

from ctstudio.nets.clip import WordTokenizer, build_clip
from ctstudio.nets.segmenter import build_segmenter
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.layout import LayoutNetwork
from ctstudio.systems.na_diff.network import NaDiffNetwork
from ctstudio.training.loop import Progress
from ctstudio.training.phantom_slices import PhantomSlices, load_cache
from ctstudio.training.recipe import Recipe
from ctstudio.training.stages.clip import clip_config
from ctstudio.training.stages.vae import build_vae


@dataclass
class Run:
    """A recipe at work in a folder.

    Attributes:
        recipe: What to do.
        folder: `cache/` (slices, latents), `checkpoints/`, and at the end `model/`.
        report: Called after each step of training.
        say: Called with one line when a stage begins.
        seconds: Time spent by stage.
    """

    recipe: Recipe
    folder: Path
    report: Callable[[Progress], None] = lambda progress: None
    say: Callable[[str], None] = lambda line: None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def config(self) -> NaDiffConfig:
        """The network's configuration, with the latent statistics once the VAE is trained."""
        settings = dict(self.recipe.network)
        statistics = self.folder / "checkpoints" / "latent_statistics.json"
        if statistics.exists():
            settings.update(json.loads(statistics.read_text(encoding="utf-8")))
        return NaDiffConfig.model_validate(settings)

    def checkpoint(self, stage: str) -> Path:
        """Where a stage keeps its checkpoint."""
        return self.folder / "checkpoints" / f"{stage}.pt"

    def slices(self) -> PhantomSlices:
        """The training slices, in memory."""
        return load_cache(self.folder / "cache", range(self.recipe.data.patients))


def trained_vae(run: Run) -> AutoencoderKL:
    """The autoencoder of the run, evaluation mode."""
    return _restored(build_vae(run.recipe.vae, run.config), run.checkpoint("vae"))  # type: ignore[no-any-return]


def trained_clip(run: Run) -> tuple[CLIP, WordTokenizer, dict[str, Any]]:
    """CLIP of the run, its tokenizer and configuration."""
    tokenizer = WordTokenizer.from_file(run.folder / "checkpoints" / "vocabulary.json")
    config = clip_config(run.recipe.clip, tokenizer.vocab_size, run.config.clip_dim)
    return _restored(build_clip(config), run.checkpoint("clip")), tokenizer, config


def trained_segmenter(run: Run) -> torch.nn.Module:
    """The segmenter of the run."""
    network = build_segmenter(run.recipe.segmenter.features, len(run.config.label_groups))
    return _restored(network, run.checkpoint("segmenter"))  # type: ignore[no-any-return]


def trained_layout(run: Run) -> LayoutNetwork:
    """The layout network of the run: the moving average."""
    return _restored(LayoutNetwork(run.config), run.checkpoint("layout"))  # type: ignore[no-any-return]


def trained_denoiser(run: Run) -> NaDiffNetwork:
    """The denoiser of the run: the moving average."""
    return _restored(NaDiffNetwork(run.config), run.checkpoint("denoiser"))  # type: ignore[no-any-return]


def _restored(module: torch.nn.Module, checkpoint: Path) -> Any:
    state = torch.load(checkpoint, weights_only=True)
    module.load_state_dict({**state["module"], **state["average"]})
    return module.eval().requires_grad_(False)
