"""A CT as VTK draws it: by the graphics card where there is one, by ray casting on the processor otherwise."""

from __future__ import annotations

import math

import numpy as np
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPiecewiseFunction
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkRenderingCore import vtkColorTransferFunction, vtkVolume, vtkVolumeProperty
from vtkmodules.vtkRenderingVolume import vtkFixedPointVolumeRayCastMapper, vtkGPUVolumeRayCastMapper

from ctstudio.ui.scene.presets import Preset
from ctstudio.ui.scene.volume_field import VolumeField

_OPACITY_PER_MM = 2.0
_FINE, _COARSE = (0.6, 1.0), (1.8, 3.0)
"""Distance of samples along a ray, in voxels, and of rays, in pixels, at rest and while turning."""
_MOST_COARSE = 3.0


class DrawnVolume:
    """A volume on the stage.

    Attributes:
        prop: What the renderer takes.
        preset: What it is drawn with.
    """

    def __init__(self, field: VolumeField, preset: Preset, software: bool) -> None:
        self.preset = preset
        self._voxel_mm = min(field.grid.spacing_mm)
        self._mapper = vtkFixedPointVolumeRayCastMapper() if software else vtkGPUVolumeRayCastMapper()
        self._mapper.SetInputData(_image(field))
        self._mapper.SetAutoAdjustSampleDistances(False)
        if not software:
            self._mapper.SetUseJittering(True)
        if preset.brightest:
            self._mapper.SetBlendModeToMaximumIntensity()
        self.prop = vtkVolume()
        self.prop.SetMapper(self._mapper)
        self.prop.SetProperty(_property(preset))
        self.prop.SetUserMatrix(_placement(field))
        self._seconds_a_sample = 0.0
        self.coarsen()

    def coarsen(self) -> None:
        """Draw fast."""
        self._sample(*_COARSE)

    def refine(self, pixels: int, seconds: float | None) -> None:
        """Draw finely; with fewer rays where the last coarse picture says that it would take longer than wished."""
        along, across = _FINE
        if seconds is not None and self._seconds_a_sample:
            needed = self._seconds_a_sample * pixels / along
            across = min(max(across, math.sqrt(needed / seconds)), _MOST_COARSE)
        self._sample(along, across)

    def learn(self, pixels: int, seconds: float) -> None:
        """A coarse picture took so long."""
        along, across = _COARSE
        self._seconds_a_sample = seconds * along * across**2 / max(pixels, 1)

    def _sample(self, along: float, across: float) -> None:
        self._mapper.SetSampleDistance(along * self._voxel_mm)
        self._mapper.SetImageSampleDistance(across)


def _image(field: VolumeField) -> vtkImageData:
    """The voxels in millimetres from the first one, along their own axes; `_placement` brings them into the world."""
    image = vtkImageData()
    image.SetDimensions(field.array.shape[::-1])
    image.SetSpacing(field.grid.spacing_mm)
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(field.array).ravel(), deep=True))
    return image


def _placement(field: VolumeField) -> vtkMatrix4x4:
    matrix = vtkMatrix4x4()
    for row in range(3):
        for column in range(3):
            matrix.SetElement(row, column, field.grid.direction[row][column])
        matrix.SetElement(row, 3, field.grid.origin_mm[row])
    return matrix


def _property(preset: Preset) -> vtkVolumeProperty:
    opacity, colours = vtkPiecewiseFunction(), vtkColorTransferFunction()
    for hu, share in preset.opacity:
        opacity.AddPoint(hu, share)
    for hu, red, green, blue in preset.colours:
        colours.AddRGBPoint(hu, red, green, blue)
    ambient, diffuse, specular, power = preset.shading
    found = vtkVolumeProperty()
    found.SetScalarOpacity(opacity)
    found.SetColor(colours)
    found.SetScalarOpacityUnitDistance(_OPACITY_PER_MM)
    found.SetInterpolationTypeToLinear()
    found.SetShade(not preset.brightest)
    found.SetAmbient(ambient)
    found.SetDiffuse(diffuse)
    found.SetSpecular(specular)
    found.SetSpecularPower(power)
    return found
