"""What every test stands on: no display, no network, no trace in the user's home."""

from __future__ import annotations

import faulthandler
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ctstudio.ui.scene.opengl import OpenGL

# Before anything imports Qt, VTK or torch.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
_HOME = tempfile.TemporaryDirectory(prefix="ctstudio-home-")
os.environ["HOME"] = _HOME.name
for _name in ("CONFIG", "DATA", "CACHE", "STATE"):
    os.environ[f"XDG_{_name}_HOME"] = f"{_HOME.name}/{_name.lower()}"
_RUNTIME = Path(_HOME.name, "runtime")
_RUNTIME.mkdir(mode=0o700)
os.environ["XDG_RUNTIME_DIR"] = str(_RUNTIME)
faulthandler.enable()

ROOT = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in tests/gpu, and skip it where there is no CUDA."""
    gpu_items = [item for item in items if "gpu" in Path(item.path).relative_to(ROOT).parts]
    if not gpu_items:
        return
    import torch

    for item in gpu_items:
        item.add_marker(pytest.mark.gpu)
        if not torch.cuda.is_available():
            item.add_marker(pytest.mark.skip(reason="no CUDA here"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real scans, beside the checkout; tests that want it skip where it is missing."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real scans (../shared/data) are not here")
    return folder


@pytest.fixture(scope="session")
def opengl() -> OpenGL:
    """What draws in 3D here; tests that draw skip where nothing can."""
    from ctstudio.ui.scene.opengl import choose, probe

    found = probe()
    if not found.works:
        pytest.skip(f"nothing draws in 3D here: {found.reason}")
    choose(found)
    return found


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of one test's own, for tests that look at what is left there."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("CONFIG", "DATA", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    return tmp_path
