"""The house: every room has its sign, the window's wing stays free of torch and the engine's of Qt."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

DESK_AND_GROUND = ["core", "measure", "phantom", "catalog", "protocol", "io", "study", "jobs", "session", "ui"]
COMPUTE = ["nets", "diffusion", "physics", "systems", "engine", "training", "evaluation"]
ROOMS = [*DESK_AND_GROUND, *COMPUTE, "cli"]
HEAVY = {
    "torch",
    "diffusers",
    "open_clip",
    "transformers",
    "monai",
    "scipy",
    "skimage",
    "SimpleITK",
    "vtk",
    "vtkmodules",
}
WINDOW_ONLY = {"PySide6", "shiboken6", "pyqtgraph", "vtk", "vtkmodules", "SimpleITK", "pydicom"}

_IMPORT_ALL = """
import importlib, pkgutil, sys
missing, rooms = sys.argv[1].split(), sys.argv[2:]
sys.modules.update(dict.fromkeys(missing))
for room in rooms:
    package = importlib.import_module("ctstudio." + room)
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not found.name.startswith("ctstudio.ui.scene.") and not found.name.endswith("__main__"):
            importlib.import_module(found.name)
print(" ".join(sorted({name.partition(".")[0] for name in sys.modules})))
"""


@pytest.mark.parametrize("room", ROOMS)
def test_a_rooms_sign_is_a_docstring_and_nothing_else(repository: Path, room: str) -> None:
    body = ast.parse((repository / "ctstudio" / room / "__init__.py").read_text(encoding="utf-8")).body
    assert len(body) == 1
    assert isinstance(body[0], ast.Expr)
    assert isinstance(body[0].value, ast.Constant)
    sign = str(body[0].value.value)
    assert "May import" in sign
    assert "Never" in sign


def test_there_is_no_other_room(repository: Path) -> None:
    found = {p.name for p in (repository / "ctstudio").iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert found == set(ROOMS)


def test_every_room_has_its_floor(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    floors = project["tool"]["importlinter"]["contracts"][0]["layers"]
    named = {room.strip() for floor in floors for room in floor.split("|")}
    assert named == {*ROOMS, "__main__"}


def test_importing_desk_and_ground_brings_no_heavy_library() -> None:
    assert HEAVY & _imported_by(*DESK_AND_GROUND) == set()


def test_the_compute_wing_needs_no_qt() -> None:
    assert "torch" in _imported_by(*COMPUTE, missing=WINDOW_ONLY)


def test_the_command_line_starts_without_heavy_libraries() -> None:
    """With every command built, as for its help; what a command works with it imports when it is run."""
    code = (
        "import sys; from ctstudio.cli.main import build; build(['run']); build(['batch']); "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    assert (HEAVY | WINDOW_ONLY | {"numpy"}) & _printed_by(code) == set()


def test_the_window_starts_without_what_reads_and_measures() -> None:
    """They cost a tenth of its time, and nothing is open yet."""
    code = "import sys; import ctstudio.ui.main_window; print(*sys.modules)"
    loaded = _printed_by(code)
    assert not [name for name in loaded if name.startswith("ctstudio.io.")]
    assert "ctstudio.session.noise_reading" not in loaded
    assert not [name for name in loaded if name.startswith("vtk")]
    assert "ctstudio.ui.scene.scene_view" not in loaded


def test_every_pin_is_exact(repository: Path) -> None:
    lines = (repository / "packaging" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert len(pins) > 50
    assert all(line.count("==") == 1 for line in pins)
    versions = dict(line.split("==") for line in pins)
    assert tuple(map(int, versions["pyside6-essentials"].split(".")[:2])) < (6, 12)


def _imported_by(*rooms: str, missing: Iterable[str] = ()) -> set[str]:
    """Top-level packages that a fresh process holds after importing all of some rooms, where some are missing."""
    return _printed_by(_IMPORT_ALL, " ".join(missing), *rooms)


def _printed_by(code: str, *words: str) -> set[str]:
    """The words that a fresh process prints."""
    command = [sys.executable, "-c", code, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())
