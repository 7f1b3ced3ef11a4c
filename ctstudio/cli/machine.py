"""What this machine has, for `ctstudio doctor`; every look is a plain dict of JSON values."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import Any

from ctstudio import __version__
from ctstudio.core.errors import DigestMismatch
from ctstudio.ui.scene.opengl import probe

_PACKAGES = ("torch", "diffusers", "open_clip_torch", "PySide6_Essentials", "pyqtgraph", "vtk", "SimpleITK", "numpy")
_WINDOW_LIBRARIES = {
    "libegl1": "libEGL.so.1",
    "libgl1": "libGL.so.1",
    "libxkbcommon0": "libxkbcommon.so.0",
    "libdbus-1-3": "libdbus-1.so.3",
    "libfontconfig1": "libfontconfig.so.1",
    "libxcb-cursor0": "libxcb-cursor.so.0",
    "libxcb-icccm4": "libxcb-icccm.so.4",
    "libxcb-keysyms1": "libxcb-keysyms.so.1",
    "libxcb-shape0": "libxcb-shape.so.0",
    "libxkbcommon-x11-0": "libxkbcommon-x11.so.0",
}
_NEEDED_BYTES = 3 * 1024**3


def program() -> dict[str, Any]:
    """Versions of the program and of what it stands on."""
    versions = {name: _version(name) for name in _PACKAGES}
    system = platform.platform(terse=True)
    return {"ctstudio": __version__, "python": platform.python_version(), "system": system, "versions": versions}


def memory() -> dict[str, Any]:
    """Processor cores, whether they compute in bf16 themselves, and memory."""
    import psutil

    now, cores = psutil.virtual_memory(), os.cpu_count() or 1
    return {"cores": cores, "bf16": _cpu_has_bf16(), "total_bytes": now.total, "available_bytes": now.available}


def gpu() -> dict[str, Any]:
    """What torch can compute on, beside the processor."""
    if importlib.util.find_spec("torch") is None:
        return {"torch": False, "devices": []}
    import torch

    devices = []
    for number in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        found = torch.cuda.get_device_properties(number)
        devices.append({"name": found.name, "memory_bytes": found.total_memory})
    return {"torch": True, "devices": devices}


def opengl() -> dict[str, Any]:
    """Whether 3D can be drawn; the 3D view asks the same way."""
    found = probe()
    return {"works": found.works, "renderer": found.renderer, "reason": found.reason}


def display() -> dict[str, Any]:
    """Where a window could open, and the libraries it would miss there."""
    return {"name": _display_name(), "missing_packages": _missing_packages() if sys.platform == "linux" else []}


def disk() -> list[dict[str, Any]]:
    """Free room where results and the user's models go."""
    from platformdirs import user_data_path

    places = {Path.cwd(), _first_existing(user_data_path("ctstudio", appauthor=False))}
    return [{"folder": str(p), "free_bytes": shutil.disk_usage(p).free} for p in sorted(places)]


def models() -> dict[str, Any]:
    """The shelf, each model compared with its digests."""
    from ctstudio.catalog import shelf

    seen = shelf.look()
    found = []
    for model in seen.models:
        problem = ""
        try:
            shelf.check(model)
        except DigestMismatch as error:
            problem = str(error)
        found.append({"name": model.info.name, "title": model.info.title, "system": model.info.system})
        found[-1]["problem"] = problem
    return {"found": found, "notes": list(seen.notes)}


def what_works(facts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What can be done here, each with its reason."""
    missing = facts["display"]["missing_packages"]
    window = bool(facts["display"]["name"]) and not missing
    intact = [m["title"] for m in facts["models"]["found"] if not m["problem"]]
    devices = facts["gpu"]["devices"]
    enough = facts["memory"]["available_bytes"] >= _NEEDED_BYTES
    return {
        "window": _judged(window, "a display is here", _why_no_window(missing)),
        "3D view": _judged(facts["opengl"]["works"], facts["opengl"]["renderer"], facts["opengl"]["reason"]),
        "generate": _judged(
            bool(intact) and facts["gpu"]["torch"] and enough,
            f"{', '.join(intact)}, on {devices[0]['name'] if devices else 'the processor'}",
            _why_no_generation(bool(intact), facts["gpu"]["torch"]),
        ),
    }


def _cpu_has_bf16() -> bool:
    if importlib.util.find_spec("torch") is None:
        return False
    from ctstudio.engine.devices import cpu_has_bf16

    return cpu_has_bf16()


def _judged(works: bool, why: str, why_not: str) -> dict[str, Any]:
    return {"works": works, "reason": why if works else why_not}


def _why_no_window(missing: list[str]) -> str:
    if missing:
        return f"install the missing libraries with: sudo apt-get install {' '.join(missing)}"
    return "there is no display; use ctstudio demo, run, dose and phantom instead"


def _why_no_generation(model: bool, torch: bool) -> str:
    if not torch:
        return "torch is not installed"
    return "less than 3 GiB of memory is free" if model else "no intact model is on the shelf"


def _display_name() -> str:
    if sys.platform != "linux":
        return platform.system()
    return os.environ.get("WAYLAND_DISPLAY", "") or os.environ.get("DISPLAY", "")


def _missing_packages() -> list[str]:
    import ctypes

    missing = []
    for package, library in _WINDOW_LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    return missing


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def _first_existing(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.is_dir())
