"""The panel of the View & Paint page: tools, windows, brush, overlay, labels."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QFrame, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ctstudio.core.labels import standard_table
from ctstudio.core.windows import PRESETS
from ctstudio.session.document import Case
from ctstudio.ui.label_list import LabelList
from ctstudio.ui.panel_parts import (
    MARGIN,
    PANEL_WIDTH,
    LabelledSlider,
    heading,
    hu_box,
    icon_button,
    quietly,
    quietly_set,
    row,
)
from ctstudio.ui.tools import Tool, ToolBox
from ctstudio.ui.view_controls import MAX_RADIUS_MM, MIN_RADIUS_MM

_STEPS = 200


class PaintPanel(QFrame):
    """Shows and sets what the views and the brush do."""

    import_asked = Signal()
    save_asked = Signal()
    undo_asked = Signal()
    redo_asked = Signal()

    def __init__(self, tools: ToolBox, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setFixedWidth(PANEL_WIDTH)
        self._tools = tools
        self._case: Case | None = None
        self._bonds: list[tuple[object, Callable[..., object]]] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(MARGIN, 14, MARGIN, 14)
        self._layout.setSpacing(9)
        self._add_tools()
        self._add_windows()
        self._add_brush()
        self._add_overlay()
        self._add_labels()
        self.show_case(None)

    # Building.

    def _add_tools(self) -> None:
        self.undo = icon_button("undo", "Nothing to undo", self.undo_asked.emit)
        self.redo = icon_button("redo", "Nothing to redo", self.redo_asked.emit)
        group = QButtonGroup(self)
        self._tool_buttons = {}
        for tool in Tool:
            button = icon_button(tool.icon, f"{tool.title} ({tool.key})", checkable=True)
            button.clicked.connect(lambda _=False, tool=tool: self._tools.take(tool))
            group.addButton(button)
            self._tool_buttons[tool] = button
        self._tools.changed.connect(lambda tool: self._tool_buttons[tool].setChecked(True))
        self._tool_buttons[self._tools.tool].setChecked(True)
        self._layout.addLayout(row(heading("Tools"), None, self.undo, self.redo, spacing=2))
        self._layout.addLayout(row(*self._tool_buttons.values(), None, spacing=4))

    def _add_windows(self) -> None:
        self._layout.addSpacing(4)
        self._layout.addWidget(heading("Window"))
        grid = QGridLayout()
        grid.setSpacing(6)
        for place, (name, window) in enumerate(PRESETS.items()):
            button = QPushButton(name)
            button.setStyleSheet("padding: 5px 2px; font-size: 12px;")
            button.setToolTip(f"Level {window.level_hu:.0f}, width {window.width_hu:.0f} HU (F{place + 2})")
            button.clicked.connect(lambda _=False, window=window: self._set_window(window))
            grid.addWidget(button, place // 3, place % 3)
        self._layout.addLayout(grid)

    def _add_brush(self) -> None:
        self._layout.addSpacing(4)
        self._layout.addWidget(heading("Brush"))
        self.radius = LabelledSlider("Radius", 0, _STEPS, lambda at: f"{_radius_mm(at):.1f} mm", self._set_radius)
        self.radius.setToolTip("Shift+wheel, or [ and ]")
        self.sphere = QCheckBox("Sphere through slices")
        self.sphere.setToolTip("A ball instead of a disc on one slice (B)")
        self.sphere.toggled.connect(self._set_sphere)
        self.ranged = QCheckBox("Only HU")
        self.ranged.setToolTip("Paint only voxels whose HU lie in this range (I)")
        self.low, self.high = hu_box(0), hu_box(200)
        for widget in (self.low, self.high):
            widget.valueChanged.connect(lambda _: self._set_range())
        self.ranged.toggled.connect(lambda _: self._set_range())
        self._layout.addWidget(self.radius)
        self._layout.addWidget(self.sphere)
        self._layout.addLayout(row(self.ranged, None, self.low, QLabel("to"), self.high))

    def _add_overlay(self) -> None:
        self._layout.addSpacing(4)
        self.visible_button = icon_button("eye", "Show or hide the mask (G)", checkable=True)
        self.visible_button.toggled.connect(self._set_visible)
        self.opacity = LabelledSlider("Mask opacity", 0, 100, lambda at: f"{at} %", self._set_opacity)
        self.opacity.setToolTip("A and D")
        line = row(self.opacity, self.visible_button)
        line.setStretch(0, 1)
        self._layout.addLayout(line)

    def _add_labels(self) -> None:
        self._layout.addSpacing(4)
        self.lock = QCheckBox("Lock")
        self.lock.setToolTip("A locked label is changed by no stroke (L)")
        self.lock.toggled.connect(self._set_lock)
        self.volume = QLabel()
        self.volume.setObjectName("small")
        self.labels = LabelList(standard_table())
        self.labels.chosen.connect(self._set_label)
        self.labels.hide_asked.connect(self._hide_label)
        self._layout.addLayout(row(heading("Labels"), None, self.volume, self.lock))
        self._layout.addWidget(self.labels, 1)
        self.import_button = QPushButton("Import mask …")
        self.import_button.clicked.connect(self.import_asked)
        self.save_button = QPushButton("Save mask …")
        self.save_button.clicked.connect(self.save_asked)
        line = row(self.import_button, self.save_button)
        line.setStretch(0, 1)
        line.setStretch(1, 1)
        self._layout.addLayout(line)

    # Showing.

    def show_case(self, case: Case | None) -> None:
        """Show the settings of a case from now on."""
        for signal, slot in self._bonds:
            signal.disconnect(slot)  # type: ignore[attr-defined]
        self._bonds.clear()
        self._case = case
        self.setEnabled(case is not None)
        if case is None:
            return
        for signal, slot in (
            (case.mask.settings_changed, self._show_settings),
            (case.mask.stroke_ended, self._show_counts),
            (case.mask.history.changed, self._show_history_soon),
            (case.viewing.overlay_changed, self._show_overlay),
        ):
            signal.connect(slot)
            self._bonds.append((signal, slot))
        self._show_settings()
        self._show_overlay()
        self._show_history()

    def _show_settings(self) -> None:
        if self._case is None:
            return
        mask = self._case.mask
        self.radius.show_value(_place_of(mask.brush.radius_mm))
        quietly(self.sphere, mask.brush.sphere)
        quietly(self.ranged, mask.intensity_range_hu is not None)
        for box, limit_hu in zip((self.low, self.high), mask.intensity_range_hu or (), strict=False):
            quietly_set(box, round(limit_hu))
        quietly(self.lock, mask.active in mask.locked)
        self.labels.show_table(mask.table)
        self.labels.show_chosen(mask.active)
        self._show_counts()

    def _show_counts(self) -> None:
        if self._case is None:
            return
        mask = self._case.mask
        counts = mask.counts
        self.labels.show_present(frozenset(mask.present()))
        volume_ml = float(counts[mask.active]) * mask.grid.voxel_volume_mm3 / 1000
        self.volume.setText(f"{volume_ml:.1f} ml" if volume_ml else "")
        self.volume.setToolTip("Volume of the label that is painted with")
        self.save_button.setEnabled(not mask.empty)

    def _show_history_soon(self) -> None:
        QTimer.singleShot(0, self._show_history)  # the history speaks before the mask has changed

    def _show_history(self) -> None:
        if self._case is None:
            return
        undo, redo = self._case.mask.history.undo_names, self._case.mask.history.redo_names
        self.undo.setEnabled(bool(undo))
        self.redo.setEnabled(bool(redo))
        self.undo.setToolTip(f"Undo {undo[-1]} (Ctrl+Z)" if undo else "Nothing to undo")
        self.redo.setToolTip(f"Redo {redo[-1]} (Ctrl+Y)" if redo else "Nothing to redo")
        self._show_counts()

    def _show_overlay(self) -> None:
        if self._case is not None:
            self.opacity.show_value(round(self._case.viewing.mask_opacity * 100))
            quietly(self.visible_button, self._case.viewing.overlay_visible)
            self.labels.eyes.show_hidden(self._case.viewing.hidden)

    # Setting.

    def _set_window(self, window: object) -> None:
        if self._case is not None:
            self._case.viewing.window = window  # type: ignore[assignment]

    def _set_radius(self, at: int) -> None:
        if self._case is not None:
            self._case.mask.brush = replace(self._case.mask.brush, radius_mm=round(_radius_mm(at), 1))

    def _set_sphere(self, sphere: bool) -> None:
        if self._case is not None:
            self._case.mask.brush = replace(self._case.mask.brush, sphere=sphere)

    def _set_range(self) -> None:
        if self._case is not None:
            limits = (float(self.low.value()), float(self.high.value()))
            self._case.mask.intensity_range_hu = limits if self.ranged.isChecked() else None

    def _set_opacity(self, percent: int) -> None:
        if self._case is not None:
            self._case.viewing.mask_opacity = percent / 100

    def _set_visible(self, visible: bool) -> None:
        if self._case is not None:
            self._case.viewing.overlay_visible = visible

    def _set_label(self, value: int) -> None:
        if self._case is not None and self._case.mask.active != value:
            self._case.mask.active = value

    def _hide_label(self, value: int, hidden: bool) -> None:
        if self._case is not None:
            self._case.viewing.hide(value, hidden)

    def _set_lock(self, locked: bool) -> None:
        if self._case is not None:
            self._case.mask.lock(self._case.mask.active, locked)


def _radius_mm(at: int) -> float:
    """The radius of a slider's place; the scale is logarithmic."""
    return float(MIN_RADIUS_MM * (MAX_RADIUS_MM / MIN_RADIUS_MM) ** (at / _STEPS))


def _place_of(radius_mm: float) -> int:
    return round(_STEPS * math.log(radius_mm / MIN_RADIUS_MM) / math.log(MAX_RADIUS_MM / MIN_RADIUS_MM))
