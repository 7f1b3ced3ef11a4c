"""The demo recipe at the smallest size that still does every stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

CHANGES: dict[str, str] = {
    "model_name": "tiny-trained",
    "data.patients": "2",
    "data.slices_each": "2",
    "network.latent_channels": "4",
    "network.patch": "16",
    "network.hidden": "32",
    "network.depth": "1",
    "network.heads": "2",
    "network.clip_dim": "16",
    "network.rim": "8",
    "vae.steps": "2",
    "vae.batch": "2",
    "vae.crop": "32",
    "vae.block_out_channels": "[4, 4, 4]",
    "clip.steps": "2",
    "clip.batch": "2",
    "clip.width": "32",
    "clip.layers": "1",
    "clip.image_side": "32",
    "clip.image_patch": "16",
    "segmenter.steps": "2",
    "segmenter.batch": "1",
    "segmenter.features": "[4, 4, 4, 4, 4, 4]",
    "network.layout": "[32, 32]",
    "layout.steps": "2",
    "layout.batch": "2",
    "denoiser.steps": "2",
    "denoiser.batch": "2",
}


def as_options(**changes: str) -> list[str]:
    """As the command line takes them: --set KEY=VALUE ..."""
    merged = {**CHANGES, **{key.replace("__", "."): value for key, value in changes.items()}}
    return [word for key, value in merged.items() for word in ("--set", f"{key}={value}")]


def tuning(base: Path | str, data: Path, **changes: Any) -> dict[str, Any]:
    """A whole recipe that tunes a tiny model on a tiny data set, as JSON values."""
    return {
        "kind": "fine-tune",
        "name": "tiny/tune",
        "title": "Tuned",
        "about": "For a test.",
        "system": "na_diff",
        "model_name": "tiny-tuned",
        "base": str(base),
        "data": {"source": "dataset", "folder": str(data), "slices_each": 2},
        "denoiser": {"steps": 4, "batch": 2, "learning_rate": 1e-2, "warm_up": 0, "ema_decay": 0.5},
        "run": {"precision": "fp32", "validate_every": 2, "validate_slices": 2, "sample_every": 4, "samples": 1},
        "figures": {"mask_slices": 1},
        **changes,
    }


def distilling(base: Path | str, data: Path, **changes: Any) -> dict[str, Any]:
    """A whole recipe that distils a tiny model on a tiny data set, as JSON values."""
    return tuning(base, data, **{"kind": "distil", "name": "tiny/distil", "model_name": "tiny-student", **changes})


QUICK = {"steps": 4, "batch": 2, "learning_rate": 1e-2, "warm_up": 0, "ema_decay": 0.5}
"""Of a stage that only shows that it runs."""


def ablation(lender: Path | str, data: Path, conditions: list[str], **changes: Any) -> dict[str, Any]:
    """A whole recipe that trains a denoiser with borrowed parts, told of the liver alone, as JSON values."""
    groups = {"body": ["body", "skin"], "liver": ["liver"], "lesion": ["lesion", "liver_lesion"]}
    return {
        "kind": "train",
        "name": "tiny/ablation",
        "title": "Tiny",
        "about": "For a test.",
        "system": "na_diff",
        "model_name": "tiny-ablation",
        "borrow": {"vae": str(lender), "clip": str(lender)},
        "data": {"source": "dataset", "folder": str(data), "slices_each": 2},
        "network": {
            "patch": 8,
            "hidden": 16,
            "depth": 1,
            "heads": 2,
            "learn_sigma": False,
            "prediction": "v_prediction",
            "conditions": conditions,
            "told_groups": ["liver"],
            "label_groups": groups,
        },
        "denoiser": QUICK,
        "run": {"precision": "fp32", "validate_every": 2, "validate_slices": 2, "sample_every": 4, "samples": 1},
        **changes,
    }
