"""What VTK draws: surfaces and a volume, off screen, into an array of pixels. It lives in the window's thread."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
import vtkmodules.vtkRenderingOpenGL2
import vtkmodules.vtkRenderingVolumeOpenGL2  # noqa: F401
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkObject, vtkUnsignedCharArray
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer, vtkRenderWindow

from ctstudio.ui.scene.camera import VIEW_ANGLE_DEGREES, Pose
from ctstudio.ui.scene.drawn_volume import DrawnVolume
from ctstudio.ui.scene.looks import HIDDEN, Look
from ctstudio.ui.scene.presets import Preset
from ctstudio.ui.scene.surfaces import Surface
from ctstudio.ui.scene.volume_field import VolumeField

_LOW, _HIGH = (0.043, 0.051, 0.067), (0.114, 0.137, 0.176)
_AMBIENT, _DIFFUSE, _SPECULAR, _POWER = 0.14, 0.84, 0.22, 24.0
_SAME_FROM = 4_000_000  # triangles that a graphics card turns without help


class Stage:
    """One long-lived off-screen window.

    Args:
        software: Whether the processor draws, so that detail is spared while the scene is turned.
    """

    def __init__(self, software: bool) -> None:
        vtkObject.GlobalWarningDisplayOff()  # on some systems VTK opens a window of its own for its warnings
        self._software = software
        self._renderer = vtkRenderer()
        self._renderer.SetBackground(*_LOW)
        self._renderer.SetBackground2(*_HIGH)
        self._renderer.GradientBackgroundOn()
        self._window = vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0 if software else 4)
        self._window.AddRenderer(self._renderer)
        self._actors: dict[int, _Figure] = {}
        self._volume: DrawnVolume | None = None

    @property
    def drawn(self) -> Preset | None:
        """The preset that a volume is drawn with now; None when there is none."""
        return None if self._volume is None else self._volume.preset

    @property
    def values(self) -> tuple[int, ...]:
        """Labels that have a surface here."""
        return tuple(self._actors)

    @property
    def triangles(self) -> int:
        """Of all surfaces in sight, at rest."""
        return sum(figure.surface.triangles for figure in self._actors.values() if figure.shown)

    def put(self, surface: Surface, look: Look) -> None:
        """Show a surface, in place of an older one of the same label."""
        self.drop(surface.value)
        figure = _Figure(surface)
        figure.show(look)
        self._actors[surface.value] = figure
        self._renderer.AddActor(figure.actor)

    def drop(self, value: int) -> None:
        """Take a label's surface away."""
        figure = self._actors.pop(value, None)
        if figure is not None:
            self._renderer.RemoveActor(figure.actor)

    def show(self, looks: Mapping[int, Look]) -> None:
        """Colour all surfaces; those that are not named are not shown."""
        for value, figure in self._actors.items():
            figure.show(looks.get(value, HIDDEN))

    def put_volume(self, field: VolumeField | None, preset: Preset | None) -> None:
        """Draw a volume with a preset; without one of both it is taken away."""
        if self._volume is not None:
            self._renderer.RemoveVolume(self._volume.prop)
            self._volume = None
        if field is not None and preset is not None:
            self._volume = DrawnVolume(field, preset, self._software)
            self._renderer.AddVolume(self._volume.prop)

    def clear(self) -> None:
        """Take everything away."""
        for value in self.values:
            self.drop(value)
        self.put_volume(None, None)

    def corners_mm(self) -> NDArray[np.float64]:
        """(n, 3) world points, corners of boxes about all that is in sight; none when nothing is."""
        boxes = [figure.actor.GetBounds() for figure in self._actors.values() if figure.shown]
        if self._volume is not None:
            boxes.append(self._volume.prop.GetBounds())
        ends = [(x, y, z) for box in boxes for x in box[0:2] for y in box[2:4] for z in box[4:6] if box[0] <= box[1]]
        return np.array(ends, float).reshape(-1, 3)

    def picture(
        self, width: int, height: int, pose: Pose, moving: bool, seconds: float | None = None
    ) -> NDArray[np.uint8]:
        """Draw.

        Args:
            width: Pixels.
            height: Pixels.
            pose: Where from.
            moving: Spare detail, because the next picture comes at once.
            seconds: What a picture at rest may take; a volume is drawn with fewer rays for it. None for the finest.

        Returns:
            (height, width, 4) RGBA, the top row first.
        """
        coarse = moving and (self._software or self.triangles > _SAME_FROM)
        for figure in self._actors.values():
            figure.refine(not coarse)
        if self._volume is not None:
            self._volume.coarsen() if moving else self._volume.refine(width * height, seconds)
        self._renderer.SetUseFXAA(not moving)
        self._window.SetSize(width, height)
        self._look(pose)
        began = time.perf_counter()
        self._window.Render()
        if self._volume is not None and moving:
            self._volume.learn(width * height, time.perf_counter() - began)
        pixels = vtkUnsignedCharArray()
        self._window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 1, pixels, 0)
        return np.ascontiguousarray(vtk_to_numpy(pixels).reshape(height, width, 4)[::-1])

    def close(self) -> None:
        """Free what the graphics card holds."""
        self.clear()
        self._window.Finalize()

    def _look(self, pose: Pose) -> None:
        camera = self._renderer.GetActiveCamera()
        camera.SetViewAngle(VIEW_ANGLE_DEGREES)
        camera.SetFocalPoint(*pose.focus_mm)
        camera.SetPosition(*pose.position_mm)
        camera.SetViewUp(*pose.up)
        self._renderer.ResetCameraClippingRange()


class _Figure:
    """One surface on the stage, with a fine and a coarse form."""

    def __init__(self, surface: Surface) -> None:
        self.surface = surface
        self.shown = True
        self._mappers = [vtkPolyDataMapper(), vtkPolyDataMapper()]
        for mapper, mesh in zip(self._mappers, (surface.still, surface.moving), strict=True):
            mapper.SetInputData(mesh)
            mapper.ScalarVisibilityOff()
        self.actor = vtkActor()
        self.actor.SetMapper(self._mappers[0])
        light = self.actor.GetProperty()
        light.SetAmbient(_AMBIENT)
        light.SetDiffuse(_DIFFUSE)
        light.SetSpecular(_SPECULAR)
        light.SetSpecularPower(_POWER)

    def show(self, look: Look) -> None:
        self.shown = look.opacity > 0
        self.actor.SetVisibility(self.shown)
        self.actor.GetProperty().SetColor(*(part / 255 for part in look.colour))
        self.actor.GetProperty().SetOpacity(look.opacity)

    def refine(self, fine: bool) -> None:
        mapper = self._mappers[0 if fine else 1]
        if self.actor.GetMapper() is not mapper:
            self.actor.SetMapper(mapper)
