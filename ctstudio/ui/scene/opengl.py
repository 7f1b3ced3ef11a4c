"""Whether this machine can draw in 3D, found out in a process of its own: a missing driver kills the process."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

WINDOW_VARIABLE = "VTK_DEFAULT_OPENGL_WINDOW"
_EGL, _OSMESA = "vtkEGLRenderWindow", "vtkOSOpenGLRenderWindow"
_SECONDS = 60
_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "software", "gdi generic", "basic render", "osmesa")
_RENDER = """
import sys
import vtkmodules.vtkRenderingOpenGL2
from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow
window = vtkRenderWindow()
window.SetOffScreenRendering(1)
window.AddRenderer(vtkRenderer())
window.Render()
for line in window.ReportCapabilities().splitlines():
    if line.startswith(("OpenGL renderer string", "OpenGL version string")):
        sys.stdout.write(line.partition(":")[2].strip() + "\\n")
"""


@dataclass(frozen=True)
class OpenGL:
    """What drawing off screen gave.

    Attributes:
        works: Whether a picture came about.
        renderer: Name and version of what drew it; empty when nothing did.
        window: Name of VTK's window class to ask for; empty for VTK's own choice.
        reason: Why it does not work; empty when it does.
    """

    works: bool
    renderer: str = ""
    window: str = ""
    reason: str = ""

    @property
    def software(self) -> bool:
        """Whether the processor draws, and detail has to be spared."""
        return any(word in self.renderer.lower() for word in _SOFTWARE)

    @property
    def remedy(self) -> str:
        """What to do where it does not work; empty when it does."""
        if self.works:
            return ""
        if sys.platform == "linux":
            return "Install a graphics driver, or Mesa's: sudo apt-get install libegl1 libgl1 libgl1-mesa-dri."
        return "Install the graphics card's driver."


def probe() -> OpenGL:
    """Draw off screen in a child process, in each way this system may have; takes from half a second to a minute."""
    found = OpenGL(False)
    for window in _windows():
        found = _try(window)
        if found.works:
            break
    return found


def choose(found: OpenGL) -> None:
    """Let VTK take in this process what worked in the child; before VTK draws for the first time."""
    if found.window:
        os.environ[WINDOW_VARIABLE] = found.window


def _windows() -> tuple[str, ...]:
    """Window classes in the order they are tried."""
    if sys.platform != "linux":
        return ("",)
    wished = os.environ.get(WINDOW_VARIABLE, "")
    first = wished if wished or os.environ.get("DISPLAY") else _EGL  # without a display VTK's own choice only warns
    return tuple(dict.fromkeys((first, _EGL, _OSMESA)))


def _try(window: str) -> OpenGL:
    environment = {**os.environ, WINDOW_VARIABLE: window} if window else dict(os.environ)
    try:
        done = subprocess.run(
            [sys.executable, "-c", _RENDER],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            env=environment,
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        slow = isinstance(error, subprocess.TimeoutExpired)
        return OpenGL(False, reason=f"drawing took more than {_SECONDS} s" if slow else f"nothing could start: {error}")
    renderer = ", ".join(done.stdout.split("\n")[:2]).strip(", ")
    if done.returncode == 0 and renderer:
        return OpenGL(True, renderer, window)
    return OpenGL(False, reason=f"drawing off screen ended with code {done.returncode}")
