"""The mask being painted: strokes, locks, counts, undo. A stroke costs its own size, never the scan's.

Painting, step by step: `begin_stroke`, any number of `stamp` and `line`, then `end_stroke` or `cancel_stroke`.
Counts of voxels are kept by addition and subtraction; no stroke ever walks through the whole array.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from ctstudio.core.errors import GeometryError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, LabelTable, standard_table
from ctstudio.core.volume import Volume
from ctstudio.session.delta import Delta
from ctstudio.session.paint_settings import PaintSettings
from ctstudio.session.refusal import Refusal
from ctstudio.session.region import Region, union
from ctstudio.session.stroke import PaintRule, Stroke
from ctstudio.session.undo import DEFAULT_BUDGET_BYTES, History, Step


class Painting(PaintSettings):
    """Labels on the grid of a scan, and the tool that paints them.

    Attributes:
        array: (z, y, x) uint8, 0 = background. Change it only through this object.
        grid: The scan's grid.
        slice_counts: (z, 256) int64, voxels of each label in each axial slice, always current.
        history: What can be undone.
        synthetic: Whether the labels belong to something made rather than acquired.

    Signals:
        changed: The `Region` that has to be drawn again.
        stroke_ended: A stroke changed something and is finished.
        stroke_refused: A stroke changed nothing; the `Refusal` says why.
    """

    changed = Signal(tuple)
    stroke_ended = Signal()
    stroke_refused = Signal(Refusal)

    def __init__(
        self,
        grid: Grid,
        table: LabelTable | None = None,
        scan: Volume | None = None,
        budget_bytes: int = DEFAULT_BUDGET_BYTES,
    ) -> None:
        super().__init__(standard_table() if table is None else table)
        self.grid = grid
        self.array: NDArray[np.uint8] = np.zeros(grid.shape, np.uint8)
        self.slice_counts = np.zeros((grid.shape[0], 256), np.int64)
        self.slice_counts[:, 0] = grid.shape[1] * grid.shape[2]
        self.history = History(budget_bytes)
        self.synthetic = False
        self._scan = scan
        self._stroke: Stroke | None = None
        self._revision = 0
        self._saved_revision = 0

    # What is there

    @property
    def counts(self) -> NDArray[np.int64]:
        """(256,) voxels of each label, current at all times."""
        total: NDArray[np.int64] = self.slice_counts.sum(axis=0)
        return total

    @property
    def empty(self) -> bool:
        """Whether no voxel has a label."""
        return not self.slice_counts[:, 1:].any()

    def present(self) -> tuple[int, ...]:
        """Values other than 0 that occur, ascending."""
        return tuple(int(v) for v in np.flatnonzero(self.counts) if v)

    def labelled_slices(self) -> NDArray[np.intp]:
        """Numbers of the axial slices that hold any label, ascending."""
        return np.flatnonzero(self.slice_counts[:, 1:].any(axis=1))

    def snapshot(self, name: str = "mask") -> LabelMap:
        """A copy that later strokes do not change."""
        return LabelMap(self.array.copy(), self.grid, self._table, self.synthetic, name)

    @property
    def revision(self) -> int:
        """A number that grows with every change."""
        return self._revision

    @property
    def modified(self) -> bool:
        """Whether there are changes since the last save."""
        return self._revision != self._saved_revision

    def mark_saved(self, revision: int | None = None) -> None:
        """The state of `revision`, by default the present one, is safe on disk."""
        self._saved_revision = self._revision if revision is None else revision

    # Strokes

    @property
    def painting_now(self) -> bool:
        """Whether a stroke is open."""
        return self._stroke is not None

    def begin_stroke(self, name: str = "") -> None:
        """Open a stroke; an open one is ended first. The name is what undo shows, by default "Brush liver"."""
        if self._stroke is not None:
            self.end_stroke()
        self._stroke = Stroke(name)

    def stamp(self, index_zyx: Sequence[float], axis: int, erase: bool = False) -> Region | None:
        """Set the brush down once.

        Args:
            index_zyx: Middle of the brush, voxels (z, y, x), not rounded.
            axis: Array axis that the plane is perpendicular to: 0 axial, 1 coronal, 2 sagittal.
            erase: Take labels away instead.

        Returns:
            The region that changed, or None.
        """
        return self.line(index_zyx, index_zyx, axis, erase)

    def line(
        self, start_zyx: Sequence[float], end_zyx: Sequence[float], axis: int, erase: bool = False
    ) -> Region | None:
        """Draw the brush along a straight way without gaps; arguments and result as in `stamp`."""
        stroke = self._stroke or Stroke("")
        alone, self._stroke = self._stroke is None, stroke
        stroke.rule = PaintRule(self._active, self._locked, self._intensity_range_hu, self._scan, erase)
        changed = None
        for region, covered in self._brush.sweep(self.grid, start_zyx, end_zyx, axis):
            changed = union(changed, stroke.paint(self.array, self.slice_counts, region, covered, stroke.rule))
        if changed is not None:
            self._announce(changed)
        if alone:
            self.end_stroke()
        return changed

    def end_stroke(self) -> bool:
        """Close the stroke and remember it for undo.

        Returns:
            Whether it changed anything. When not, `stroke_refused` says why.
        """
        stroke, self._stroke = self._stroke, None
        if stroke is None:
            return False
        if not stroke.changed_anything:
            refusal = stroke.refusal(self._table)
            if refusal is not None:
                self.stroke_refused.emit(refusal)
            return False
        self.history.push(Step(stroke.title(self._table), stroke.delta(self.grid.shape)))
        self.stroke_ended.emit()
        return True

    def cancel_stroke(self) -> Region | None:
        """Take the open stroke back as if it had never begun."""
        stroke, self._stroke = self._stroke, None
        if stroke is None or not stroke.changed_anything:
            return None
        return self._apply(stroke.delta(self.grid.shape).reversed())

    # Whole steps

    def replace(self, array: NDArray[np.uint8], name: str, synthetic: bool = False) -> Region | None:
        """Put other labels in place of all of these, as one step that can be undone.

        Args:
            array: (z, y, x) uint8 on this grid.
            name: What undo shows, for example "Import mask".
            synthetic: Whether these labels belong to something made; undo takes that back too.

        Raises:
            GeometryError: The array has another shape.
        """
        if array.shape != self.array.shape:
            raise GeometryError(
                f"Labels of shape {array.shape} do not fit the scan's {self.array.shape}.", "Resample them first."
            )
        self.end_stroke()
        delta = Delta.between(self.array, array)
        if not delta.voxels:
            return None
        made_synthetic = synthetic and not self.synthetic
        self.synthetic = self.synthetic or synthetic
        self.history.push(Step(name, delta, made_synthetic))
        np.copyto(self.array, array)
        delta.count_into(self.slice_counts)
        region = delta.region
        if region is not None:
            self._announce(region)
        return region

    def clear(self, value: int | None = None) -> Region | None:
        """Take away one label, or all, as one step that can be undone."""
        if value is None:
            return self.replace(np.zeros_like(self.array), "Clear mask")
        kept = np.where(self.array == value, np.uint8(0), self.array)
        return self.replace(kept, f"Clear {self._table.by_value(value).title}")

    def undo(self) -> Region | None:
        """Take the last step back; returns the region that changed, or None when there is nothing to undo."""
        self.end_stroke()
        step = self.history.back()
        if step is None:
            return None
        self.synthetic = self.synthetic and not step.made_synthetic
        return self._apply(step.delta.reversed())

    def redo(self) -> Region | None:
        """Do the last undone step again; returns the region that changed, or None."""
        self.end_stroke()
        step = self.history.forth()
        if step is None:
            return None
        self.synthetic = self.synthetic or step.made_synthetic
        return self._apply(step.delta)

    def _apply(self, delta: Delta) -> Region | None:
        delta.apply(self.array)
        delta.count_into(self.slice_counts)
        region = delta.region
        if region is not None:
            self._announce(region)
        return region

    def _announce(self, region: Region) -> None:
        self._revision += 1
        self.changed.emit(region)
