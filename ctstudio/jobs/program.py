"""How the program starts itself as another process, from any folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_PACKAGE_PARENT = Path(__file__).resolve().parents[2]
_OF_THE_WINDOW = ("QT_", "QML", "PYSIDE", "VTK_")


def program(*words: str) -> list[str]:
    """The command line of one of the program's own commands."""
    return [sys.executable, "-P", "-m", "ctstudio", *words]


def plain_environment() -> dict[str, str]:
    """Ours without the window's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OF_THE_WINDOW)}


def program_environment() -> dict[str, str]:
    """The plain one with the place that this program was loaded from."""
    kept = plain_environment()
    places = [str(_PACKAGE_PARENT), kept.get("PYTHONPATH", "")]
    return {**kept, "PYTHONPATH": os.pathsep.join(place for place in places if place)}
