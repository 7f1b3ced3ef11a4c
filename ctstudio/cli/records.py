"""Provenance of what a command makes without the engine."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctstudio import __version__

if TYPE_CHECKING:
    from ctstudio.core.labels import LabelMap
    from ctstudio.core.provenance import Provenance
    from ctstudio.core.volume import Volume

    Image = Volume | LabelMap


def record(
    task: str,
    parameters: dict[str, Any],
    seed: int,
    inputs: Mapping[str, tuple[Path, Image]],
    outputs: Mapping[str, Image],
    packages: tuple[str, ...] = ("numpy",),
) -> Provenance:
    """How the outputs came to be: by one of the program's own tasks, on the processor.

    Args:
        task: The command's name.
        parameters: JSON values.
        seed: What decided the random numbers.
        inputs: For each input its file and its image.
        outputs: The images that were made.
        packages: Distributions whose versions matter.
    """
    from dataclasses import asdict

    from ctstudio.core.provenance import Provenance, digest

    versions = {"ctstudio": __version__, "python": platform.python_version()}
    versions |= {name: importlib.metadata.version(name) for name in packages}
    return Provenance(
        system="ctstudio",
        task=task,
        parameters=parameters,
        seed=seed,
        model="",
        inputs={
            name: {"file": str(path.resolve()), "grid": asdict(image.grid), "sha256": digest(image.array)}
            for name, (path, image) in inputs.items()
        },
        versions=versions,
        device="cpu",
        dtype="fp32",
        outputs={name: digest(image.array) for name, image in outputs.items()},
    )
