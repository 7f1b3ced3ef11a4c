"""The real command opens its window on a real X server (Xvfb), and Ctrl+C closes it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60
MANY = 40  # colours in the upper axial view, which is black without a scan
_LOOK = """
import sys
from PySide6.QtGui import QGuiApplication
app = QGuiApplication([])
image = app.primaryScreen().grabWindow(0).toImage()
image.save(sys.argv[1])
print(len({image.pixel(x, y) for x in range(220, 740, 3) for y in range(90, 430, 3)}))
"""

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("Xvfb") is None, reason="there is no Xvfb on this machine"
)


@pytest.fixture
def on_x() -> Iterator[dict[str, str]]:
    """The environment of a process on an X server of its own."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    without = ("QT_QPA_PLATFORM", "VTK_DEFAULT_OPENGL_WINDOW", "WAYLAND_DISPLAY")
    environment = {name: value for name, value in os.environ.items() if name not in without}
    yield {**environment, "DISPLAY": f":{number}"}
    server.terminate()
    server.wait(10)


def test_the_window_opens_on_the_demo_case_and_closes_on_ctrl_c(on_x: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ctstudio", "window", "--demo"]
    window = subprocess.Popen(command, env=on_x, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        colours = _wait_for_pictures(on_x, tmp_path / "screen.png", window)
        assert colours > MANY
        window.send_signal(signal.SIGINT)
        _, said = window.communicate(timeout=SECONDS)
    finally:
        window.kill()
    assert window.returncode == 0, said
    assert "Traceback" not in said


def _wait_for_pictures(environment: dict[str, str], picture: Path, window: subprocess.Popen[str]) -> int:
    """How many colours the upper axial view shows once it shows a scan, or at the end of patience."""
    deadline = time.monotonic() + SECONDS
    colours = 0
    while colours <= MANY and time.monotonic() < deadline and window.poll() is None:
        look = [sys.executable, "-c", _LOOK, str(picture)]
        done = subprocess.run(look, env=environment, capture_output=True, text=True, timeout=SECONDS, check=True)
        colours = int(done.stdout)
    return colours
