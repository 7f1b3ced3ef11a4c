"""Surfaces of labels in world millimetres (LPS), built in any thread; nothing is drawn here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPolyData
from vtkmodules.vtkCommonExecutionModel import vtkPolyDataAlgorithm
from vtkmodules.vtkFiltersCore import (
    vtkFlyingEdges3D,
    vtkPolyDataNormals,
    vtkQuadricClustering,
    vtkReverseSense,
    vtkWindowedSincPolyDataFilter,
)

from ctstudio.core.grid import Grid
from ctstudio.ui.scene.label_field import LabelField, boxes, label_field

_THICK_LEVEL = 0.45
_THICK, _THIN = (0.03, 30), (0.08, 20)
"""Pass band and iterations of the smoothing, by whether the label is thick. Source: ours, by eye on phantoms."""
_SMOOTHED_FROM_VOXELS = 200
_MOST_GROWN = 0.35
_SPARED_FROM, _SPARED_PITCH = 60_000, 1.5  # a smaller one shows the dents of thinning
_MOVING_FROM, _MOVING_PITCH = 1_500, 3.0


@dataclass(frozen=True)
class Surface:
    """The surface of one label.

    Attributes:
        value: The label.
        still: What is shown at rest, with normals; points are world mm (x, y, z), LPS.
        moving: A coarser one, shown while the scene is turned; the same one when it is small.
        reduced: Whether it was made from fewer voxels than the label map has.
    """

    value: int
    still: vtkPolyData
    moving: vtkPolyData
    reduced: bool = False

    @property
    def triangles(self) -> int:
        """Of the surface at rest."""
        return int(self.still.GetNumberOfPolys())


def build_surfaces(
    labels: NDArray[np.uint8], grid: Grid, values: Iterable[int], spare: bool, cancelled: Callable[[], bool]
) -> Iterator[Surface | int]:
    """Build the surfaces of some labels, small ones first.

    Args:
        labels: (z, y, x) label values; may change meanwhile, and is then built again by who changed it.
        grid: Where they lie.
        values: Which of them.
        spare: Thin the surfaces out, for a processor that draws.
        cancelled: Asked between labels; nothing more is built once it says yes.

    Yields:
        A `Surface`, or the bare value of a label that does not occur.
    """
    wanted = tuple(values)
    found = boxes(labels, wanted)
    for value in wanted:
        if value not in found:
            yield value
    for value, box in sorted(found.items(), key=lambda item: np.prod([part.stop - part.start for part in item[1]])):
        if cancelled():
            return
        field = label_field(labels, value, box, grid)
        yield value if field is None or cancelled() else surface(value, field, grid, spare)


def surface(value: int, field: LabelField, grid: Grid, spare: bool = False) -> Surface:
    """The surface of a label's field; see `build_surfaces`."""
    smooth = _smoothed(field, grid)
    _to_world(smooth, field, grid)
    pitch_mm = float(np.cbrt(np.prod(np.asarray(grid.spacing_mm) * field.steps[::-1])))
    full = _with_normals(smooth)
    _grow(full, field.voxels * grid.voxel_volume_mm3, _MOST_GROWN * pitch_mm)
    spared = spare and full.GetNumberOfPolys() > _SPARED_FROM
    still = _with_normals(_thinned(full, _SPARED_PITCH * pitch_mm)) if spared else full
    small = full.GetNumberOfPolys() <= _MOVING_FROM
    moving = still if small else _with_normals(_thinned(full, _MOVING_PITCH * pitch_mm))
    return Surface(value, still, moving, field.reduced)


def volume_mm3(mesh: vtkPolyData) -> float:
    """What a closed surface encloses, mm3; positive when its triangles face outwards."""
    points = vtk_to_numpy(mesh.GetPoints().GetData()).astype(float)
    corners = vtk_to_numpy(mesh.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    a, b, c = (points[corners[:, k]] - points.mean(axis=0) for k in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def _smoothed(field: LabelField, grid: Grid) -> vtkPolyData:
    """Triangles at the field's level, in millimetres from the field's first voxel along its own axes (x, y, z)."""
    image = vtkImageData()
    image.SetDimensions(field.array.shape[::-1])
    image.SetSpacing([mm * step for mm, step in zip(grid.spacing_mm, field.steps[::-1], strict=True)])
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(field.array).ravel(), deep=True))
    edges = vtkFlyingEdges3D()
    edges.SetInputData(image)
    edges.SetValue(0, field.level)
    edges.ComputeNormalsOff()
    edges.ComputeScalarsOff()
    if field.voxels < _SMOOTHED_FROM_VOXELS:
        return _output(edges)
    sinc = vtkWindowedSincPolyDataFilter()
    sinc.SetInputConnection(edges.GetOutputPort())
    pass_band, iterations = _THICK if field.level >= _THICK_LEVEL else _THIN
    sinc.SetNumberOfIterations(iterations)
    sinc.SetPassBand(pass_band)
    sinc.NormalizeCoordinatesOn()
    sinc.NonManifoldSmoothingOn()
    sinc.BoundarySmoothingOff()
    sinc.FeatureEdgeSmoothingOff()
    return _output(sinc)


def _to_world(mesh: vtkPolyData, field: LabelField, grid: Grid) -> None:
    """Move the points to where they lie in the patient."""
    if not mesh.GetNumberOfPoints():
        return
    points_mm = vtk_to_numpy(mesh.GetPoints().GetData())
    index_zyx = points_mm[:, ::-1] / np.asarray(grid.spacing_mm[::-1]) + np.asarray(field.first)
    mesh.GetPoints().SetData(numpy_to_vtk(grid.to_world(index_zyx).astype(np.float32), deep=True))


def _grow(mesh: vtkPolyData, volume: float, most_mm: float) -> None:
    """Move every point along its normal until the surface encloses a volume, mm3; by `most_mm` at most."""
    if not mesh.GetNumberOfPolys():
        return
    points, normals = (vtk_to_numpy(a) for a in (mesh.GetPoints().GetData(), mesh.GetPointData().GetNormals()))
    corners = vtk_to_numpy(mesh.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    a, b, c = (points[corners[:, k]].astype(float) for k in range(3))
    area_mm2 = float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)
    shift_mm = np.clip((volume - volume_mm3(mesh)) / max(area_mm2, 1e-6), -most_mm, most_mm)
    points += np.float32(shift_mm) * normals
    mesh.GetPoints().Modified()


def _thinned(mesh: vtkPolyData, pitch_mm: float) -> vtkPolyData:
    """Fewer triangles: points within cells of `pitch_mm` become one."""
    bounds = mesh.GetBounds()
    thin = vtkQuadricClustering()
    thin.SetInputData(mesh)
    thin.AutoAdjustNumberOfDivisionsOff()
    thin.SetDivisionOrigin(*(bounds[2 * axis] - pitch_mm / 3 for axis in range(3)))
    thin.SetDivisionSpacing(pitch_mm, pitch_mm, pitch_mm)
    thin.CopyCellDataOff()
    return _output(thin)


def _with_normals(mesh: vtkPolyData) -> vtkPolyData:
    source = mesh
    if mesh.GetNumberOfPolys() and volume_mm3(mesh) < 0:  # axes of a left-handed grid turn triangles inside out
        turned = vtkReverseSense()
        turned.SetInputData(mesh)
        source = _output(turned)
    normals = vtkPolyDataNormals()
    normals.SetInputData(source)
    normals.SplittingOff()
    normals.ConsistencyOff()
    return _output(normals)


def _output(step: vtkPolyDataAlgorithm) -> vtkPolyData:
    """Let a step work, and have what it gives."""
    step.Update()
    made: vtkPolyData = step.GetOutput()
    return made
