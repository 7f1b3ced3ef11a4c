"""A whole MedDiff-FM model folder at tiny size: patches of 16 voxels of 6 mm, two levels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

CONFIG: dict[str, Any] = {
    "patch": 16,
    "spacing_mm": 6.0,
    "channels": [8, 16],
    "attention": [False, True],
    "head_channels": 8,
    "groups": 4,
    "frequencies": 2,
    "anatomy_width": 3,
    "context": 12,
    "controls": ["liver_lesion"],
}


def write_tiny_meddiff(
    folder: Path, name: str = "tiny-meddiff", changes: dict[str, Any] | None = None, reader: bool = False
) -> Path:
    """Write a model folder, its configuration changed if wished, and return it.

    Its weights are untrained but nowhere zero: new ones are at many places, and then nothing that is told is heard.
    """
    import torch

    from ctstudio.catalog.model_card import ModelInfo
    from ctstudio.catalog.shelf import file_digest
    from ctstudio.systems.meddiff_fm.config import MeddiffConfig
    from ctstudio.systems.meddiff_fm.control import LesionControl
    from ctstudio.systems.meddiff_fm.network import Denoiser
    from ctstudio.systems.meddiff_fm.weights import save
    from meddiff_patches import awake

    config = MeddiffConfig.model_validate({**CONFIG, **(changes or {})})
    torch.manual_seed(0)
    save(folder, awake(Denoiser(config)), {kind: awake(LesionControl(config)) for kind in config.controls})
    if reader:
        from ctstudio.systems.meddiff_fm.reading import new_network, save_reader

        features, lesions = (4, 4, 4, 8, 8, 4), config.controls
        save_reader(new_network(features, lesions), features, lesions, folder)
    files = {p.relative_to(folder).as_posix(): file_digest(p) for p in sorted(folder.rglob("*")) if p.is_file()}
    side_mm = config.patch * config.spacing_mm
    info = {
        "name": name,
        "size": "demo",
        "title": "Tiny MedDiff-FM",
        "system": "meddiff_fm",
        "config": config.model_dump(mode="json"),
        "ranges": {
            "region": "head, chest, abdomen",
            "fov_mm": {"low": side_mm, "high": 10 * side_mm},
            "spacing_mm": {"low": config.spacing_mm, "high": config.spacing_mm},
            "dose": {"low": 0.05, "high": 1},
            "labels": [],
        },
        "files": files,
    }
    ModelInfo.model_validate(info).write(folder)
    return folder
