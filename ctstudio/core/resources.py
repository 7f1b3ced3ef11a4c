"""Where the program's own files lie, in a checkout and when installed from a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def resources_dir() -> Path:
    """The folder `resources`: inside the package when installed, beside it in a checkout."""
    packaged = _PACKAGE / "resources"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "resources"


def bundled_models_dir() -> Path:
    """The folder with the models that come with the program."""
    return resources_dir() / "models"
