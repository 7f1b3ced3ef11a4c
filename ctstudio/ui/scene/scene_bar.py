"""The buttons in the 3D view's corner, and the chip that tells what is being built."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QProgressBar, QToolButton, QWidget

from ctstudio.ui import theme
from ctstudio.ui.icons import icon
from ctstudio.ui.panel_parts import quietly
from ctstudio.ui.scene.presets import PRESETS

_STYLE = (
    "QFrame#sceneBar, QFrame#sceneChip { background: rgba(20, 23, 28, 190); border-radius: 7px; }"
    "QToolButton { padding: 3px; } QToolButton::menu-indicator { image: none; }"
    f"QProgressBar {{ background: {theme.LINE}; border: none; border-radius: 2px; }}"
    f"QProgressBar::chunk {{ background: {theme.ACCENT}; border-radius: 2px; }}"
)
NO_VOLUME = "No volume"


class SceneBar(QFrame):
    """Surfaces, volume, opacity, whole scene, snapshot.

    Signals:
        surfaces_asked: Whether surfaces are wanted.
        preset_asked: Name of a preset, or "" for no volume.
        opacity_asked: The sheet of opacities is wanted.
        fit_asked: All of the scene is wanted in sight.
        snapshot_asked: A picture is wanted.
    """

    surfaces_asked = Signal(bool)
    preset_asked = Signal(str)
    opacity_asked = Signal()
    fit_asked = Signal()
    snapshot_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("sceneBar")
        self.setStyleSheet(_STYLE)
        self.surfaces = _button("mask", "Surfaces of the labels")
        self.surfaces.setCheckable(True)
        self.surfaces.toggled.connect(self.surfaces_asked)
        self.volume = _button("cube", "The scan as a volume: choose a preset")
        self.volume.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._presets: dict[str, QAction] = {}
        self.volume.setMenu(self._menu())
        self.opacity = _button("contrast", "Opacity of the surfaces")
        self.opacity.clicked.connect(self.opacity_asked)
        self.fit = _button("fit", "Show all (F)")
        self.fit.clicked.connect(self.fit_asked)
        self.snapshot = _button("camera", "Snapshot: into a file and onto the clipboard")
        self.snapshot.clicked.connect(self.snapshot_asked)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(3, 2, 3, 2)
        layout.setSpacing(1)
        for button in (self.surfaces, self.volume, self.opacity, self.fit, self.snapshot):
            layout.addWidget(button)

    def show_state(self, surfaces: bool, preset: str) -> None:
        """Mark what is shown, without saying so."""
        quietly(self.surfaces, surfaces)
        self._presets[preset].setChecked(True)
        self.volume.setIcon(icon("cube", theme.ACCENT if preset else theme.TEXT))

    def _menu(self) -> QMenu:
        menu, group = QMenu(self), QActionGroup(self)
        menu.setToolTipsVisible(True)
        for name, title, tip in (("", NO_VOLUME, ""), *((one.name, one.name, one.help) for one in PRESETS)):
            action = menu.addAction(title)
            action.setToolTip(tip)
            action.setCheckable(True)
            action.triggered.connect(lambda _=False, name=name: self.preset_asked.emit(name))
            group.addAction(action)
            self._presets[name] = action
        return menu


class ProgressChip(QFrame):
    """What is being built, how far it is, and a button to stop it."""

    cancel_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("sceneChip")
        self.setStyleSheet(_STYLE)
        self._text = QLabel()
        self._text.setObjectName("small")
        self._line = QProgressBar()
        self._line.setRange(0, 100)
        self._line.setTextVisible(False)
        self._line.setFixedHeight(4)
        self._line.setMinimumWidth(30)
        self.cancel = _button("close", "Stop building")
        self.cancel.setIconSize(QSize(11, 11))
        self.cancel.clicked.connect(self.cancel_asked)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(9, 1, 3, 1)
        layout.setSpacing(7)
        layout.addWidget(self._text)
        layout.addWidget(self._line, 1)
        layout.addWidget(self.cancel)

    def show_progress(self, text: str, share: float) -> None:
        """Say what is being built and how much of it is there, 0 to 1; "" hides the chip."""
        self.setVisible(bool(text))
        self._text.setText(text)
        self._line.setValue(round(100 * share))

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text() if self.isVisible() else ""


def _button(name: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setIcon(icon(name, theme.TEXT, 16))
    button.setIconSize(QSize(16, 16))
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
