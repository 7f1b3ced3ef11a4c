"""A whole MedSyn model folder at tiny size with untrained weights: 8 voxels an edge, raised to 16."""

from __future__ import annotations

from pathlib import Path
from typing import Any

WORDS = ("no pleural effusion", "large left pleural effusion", "emphysema in both upper lobes", "the heart is enlarged")
CONFIG: dict[str, Any] = {
    "base": {"side": 8, "dim": 8, "dim_mults": [1, 2], "heads": 2, "middle_groups": 2, "stem": 3},
    "upscaler": {"side": 16, "dim": 8, "dim_mults": [1, 2], "heads": 1, "stem": 3},
    "text": {
        "width": 16,
        "layers": 1,
        "heads": 2,
        "intermediate": 32,
        "vocabulary": 200,
        "positions": 64,
        "projection": 8,
        "tokens": 24,
    },
    "lowering": "mean",
}


def write_tiny_medsyn(
    folder: Path, name: str = "tiny-medsyn", changes: dict[str, Any] | None = None, segmenter: bool = False
) -> Path:
    """Write a model folder, its configuration changed if wished, and return it."""
    import torch

    from ctstudio.catalog.model_card import ModelInfo
    from ctstudio.catalog.shelf import file_digest
    from ctstudio.nets.weight_files import save_weights
    from ctstudio.systems.medsyn.config import MedsynConfig
    from ctstudio.systems.medsyn.network import BaseNetwork, Upscaler
    from ctstudio.systems.medsyn.text_network import build_text_encoder
    from ctstudio.systems.medsyn.tokenizer import save_vocabulary, train_vocabulary
    from ctstudio.systems.medsyn.weights import BASE, TEXT, UPSCALER

    config = MedsynConfig.model_validate({**CONFIG, **(changes or {})})
    torch.manual_seed(0)
    save_weights(BaseNetwork(config.base, config.text), folder / BASE)
    save_weights(Upscaler(config.upscaler), folder / UPSCALER)
    save_weights(build_text_encoder(config.text), folder / TEXT)
    save_vocabulary(train_vocabulary(WORDS, config.text.vocabulary), folder / TEXT)
    if segmenter:
        from ctstudio.systems.medsyn.reading import new_network, save_reader

        features = (4, 4, 4, 8, 8, 4)
        save_reader(new_network(features), features, folder)
    files = {p.relative_to(folder).as_posix(): file_digest(p) for p in sorted(folder.rglob("*")) if p.is_file()}
    info = {
        "name": name,
        "size": "demo",
        "title": "Tiny MedSyn",
        "system": "medsyn",
        "config": config.model_dump(mode="json"),
        "ranges": {
            "region": "chest",
            "fov_mm": {"low": 292, "high": 316},
            "spacing_mm": {"low": 18.25, "high": 19.75},
            "labels": [],
        },
        "files": files,
    }
    ModelInfo.model_validate(info).write(folder)
    return folder
