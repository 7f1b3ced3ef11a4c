"""Binds the views to a case: what the session says is shown, and no view knows the session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from psygnal import SignalInstance
from PySide6.QtCore import QObject

from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume
from ctstudio.core.windows import Window
from ctstudio.session.document import Case
from ctstudio.session.region import Region
from ctstudio.session.results import SampleView
from ctstudio.session.viewing import Framing
from ctstudio.ui.fused_colours import colour_table
from ctstudio.ui.slice_view import Index, SliceView
from ctstudio.ui.view_marks import BADGE

OUTLINE_OPACITY = 0.85
"""The generated view shows the mask as outlines, or one could not see whether the organ fills them."""
_TITLES = {
    "dose": "Low dose",
    "denoise": "Denoised",
    "detect": "Anomalies",
    "inpaint-lesion": "With the lesion",
    "remove-lesion": "Without the lesion",
}
_ABOUT_LESIONS = ("inpaint-lesion", "remove-lesion")
"""Tasks whose labels say where something was drawn; whole anatomies would cover what was made of them."""


class CaseViews(QObject):
    """Three views of a case and one of the sample beside it."""

    def __init__(self, originals: tuple[SliceView, ...], generated: SliceView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.originals = originals
        self.generated = generated
        self.case: Case | None = None
        self.preview: Volume | None = None
        self.live: Volume | None = None
        self._live_dose = ""
        self._bonds: list[tuple[SignalInstance, Callable[..., Any]]] = []
        for view in self.all:
            view.framed.connect(lambda framing, axis=view.plane.normal: self._framed(axis, framing))

    @property
    def all(self) -> tuple[SliceView, ...]:
        """Every view, the generated one last."""
        return (*self.originals, self.generated)

    def show(self, case: Case | None) -> None:
        """Show a case from now on; None shows nothing."""
        for signal, slot in self._bonds:
            signal.disconnect(slot)
        self._bonds.clear()
        self.case, self.preview = case, None
        if case is None:
            for view in self.all:
                view.show_volume(None, None)
            return
        for view in self.originals:
            view.show_volume(case.volume, case.mask.array, case.volume.synthetic)
        for axis in range(3):
            self._frame(axis, case.viewing.framing(axis))
        self._show_window(case.viewing.window)
        self._show_colours()
        self._show_generated(case.results.chosen)
        self._look_at(case.viewing.crosshair)
        self._bind(case)

    def show_preview(self, image: Volume | None) -> None:
        """Show a picture in the making in place of the chosen sample; None goes back to the sample."""
        self.preview = image
        if self.case is not None:
            self._show_generated(self.case.results.chosen)

    def show_live(self, image: Volume | None, dose: str) -> None:
        """Show a simulated slice in place of the chosen sample; None with a dose shows nothing until there is one.

        None without a dose goes back to the sample.
        """
        self.live, self._live_dose = image, dose
        if self.case is not None:
            self._show_generated(self.case.results.chosen)

    def outline_masks(self, outlines: bool) -> None:
        """Show the mask over the scan as outlines, so that the noise beneath can be compared, or filled again."""
        for view in self.originals:
            view.item.outlines = outlines
            view.item.refresh()

    def _bind(self, case: Case) -> None:
        for signal, slot in (
            (case.viewing.crosshair_changed, self._look_at),
            (case.viewing.window_changed, self._show_window),
            (case.viewing.overlay_changed, self._show_colours),
            (case.viewing.framing_changed, self._frame),
            (case.mask.changed, self._painted),
            (case.mask.settings_changed, self._settings_changed),
            (case.results.chosen_changed, self._show_generated),
        ):
            signal.connect(slot)
            self._bonds.append((signal, slot))
        self._table_shown = case.mask.table

    # What the session says.

    def _look_at(self, index: tuple[int, int, int]) -> None:
        for view in self.originals:
            view.show_slice(index[view.plane.normal])
            view.show_crosshair(_as_floats(index))
        volume, case = self.generated.volume, self.case
        if volume is None or case is None:
            return
        place = _as_floats(index)
        if not volume.grid.matches(case.volume.grid):
            place = _as_floats(volume.grid.to_index(case.volume.grid.to_world(index)))
        axis = self.generated.plane.normal
        self.generated.show_slice(int(np.clip(round(place[axis]), 0, volume.grid.shape[axis] - 1)))
        self.generated.show_crosshair(place)

    def _show_window(self, window: Window) -> None:
        for view in self.all:
            view.show_window(window)

    def _show_colours(self) -> None:
        if self.case is None:
            return
        viewing = self.case.viewing
        opacity = viewing.mask_opacity if viewing.overlay_visible else 0.0
        colours = self.case.mask.table.colours()
        shown = np.ones(256, bool)
        shown[list(viewing.hidden)] = False
        table = colour_table(colours, opacity, shown)
        for view in self.originals:
            view.show_table(table)
        self.generated.show_table(colour_table(colours, OUTLINE_OPACITY if opacity else 0.0, shown))

    def _settings_changed(self) -> None:
        if self.case is not None and self.case.mask.table is not self._table_shown:
            self._table_shown = self.case.mask.table
            self._show_colours()

    def _painted(self, region: Region) -> None:
        low = [part.start for part in region]
        high = [part.stop for part in region]
        for view in self.originals:
            view.item.refresh_box(low, high)

    def _frame(self, axis: int, framing: Framing) -> None:
        for view in self.all:
            if view.plane.normal == axis:
                view.frame(framing)

    def _framed(self, axis: int, framing: Framing) -> None:
        """A view was zoomed or panned by hand: say so, and its twin follows."""
        if self.case is not None:
            self.case.viewing.frame(axis, framing)

    def _show_generated(self, chosen: SampleView | None) -> None:
        self.generated.badge = BADGE
        if self._live_dose:
            self._show_live()
        elif self.preview is not None:
            self.generated.title = "Generating"
            self.generated.show_volume(self.preview, None, synthetic=True)
        elif chosen is None:
            self.generated.show_volume(None, None)
        else:
            self._show_sample(chosen)
        if self.case is not None:
            if not self._live_dose:
                self._go_to_generated(chosen)
            self._frame(self.generated.plane.normal, self.case.viewing.framing(self.generated.plane.normal))
            self._look_at(self.case.viewing.crosshair)

    def _show_live(self) -> None:
        """A slice simulated at a dose; it carries the number that it has in the scan."""
        if self.case is not None:
            slices = self.case.volume.grid.shape[0]
            self.generated.title = f"Low dose   {self.case.viewing.crosshair[0] + 1} / {slices}"
        self.generated.badge = f"SIMULATED {self._live_dose}"
        self.generated.show_volume(self.live, None, synthetic=True)

    def _show_sample(self, chosen: SampleView) -> None:
        """A sample; a map of differences lies over the scan itself, which is not synthetic for that."""
        told, outputs = chosen.sample.provenance, chosen.sample.outputs
        self.generated.title = _TITLES.get(told.task, "Generated")
        self.generated.badge = f"SIMULATED {told.parameters['dose'] * 100:.0f} %" if told.task == "dose" else BADGE
        if "anomaly" in outputs and self.case is not None:
            self.generated.show_volume(self.case.volume, None, self.case.volume.synthetic)
            return
        ct, mask = outputs.get("ct"), outputs.get("labels" if told.task in _ABOUT_LESIONS else "mask")
        labels = mask.array if isinstance(mask, LabelMap) and isinstance(ct, Volume) else None
        if labels is not None and ct is not None and labels.shape != ct.array.shape:
            labels = None
        self.generated.show_volume(ct if isinstance(ct, Volume) else None, labels, synthetic=True)

    def _go_to_generated(self, chosen: SampleView | None) -> None:
        """Move to the nearest slice that was generated, when this one was not."""
        case, labels = self.case, self.generated.item.labels
        if case is None or chosen is None or labels is None or labels.shape != case.volume.grid.shape:
            return
        z = case.viewing.crosshair[0]
        if labels[z].any():
            return
        filled = np.flatnonzero([plane.any() for plane in labels])
        if filled.size:
            case.viewing.crosshair = (float(filled[np.argmin(np.abs(filled - z))]), *case.viewing.crosshair[1:])


def _as_floats(index: Any) -> Index:
    z, y, x = (float(i) for i in index)
    return z, y, x
