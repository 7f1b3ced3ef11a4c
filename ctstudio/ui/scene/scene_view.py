"""The 3D view: an ordinary widget that paints what the stage draws, with letters, cube, badge and progress."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QSizePolicy, QWidget

from ctstudio.ui import theme, view_marks
from ctstudio.ui.scene import cube
from ctstudio.ui.scene.camera import Pose, first_pose
from ctstudio.ui.scene.scene_bar import ProgressChip, SceneBar
from ctstudio.ui.scene.scene_hands import SceneHands

if TYPE_CHECKING:
    from ctstudio.ui.scene.stage import Stage

STILL_MS = 350
"""Quiet after which the scene is drawn finely. Source: ours."""
_SLOW_SECONDS, _STILL_SECONDS = 0.08, 0.4
"""From where a picture of a moving scene is too slow, and what one at rest may take. Source: ours."""
_LEAST_SCALE = 0.35
_MARKED_SIDE = 800  # pixels of a picture's longer side at which marks have the size they have in the window


@dataclass
class Said:
    """What is written in the view.

    Attributes:
        title: At the upper left.
        note: At the lower left; for example that surfaces are reduced.
        badge: SYNTHETIC, or "".
        words: In the middle, in place of a scene.
    """

    title: str = "3D"
    note: str = ""
    badge: str = ""
    words: str = ""


class SceneView(QWidget):
    """Shows a stage from a pose; mouse and keys turn it."""

    doubled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.said = Said()
        self.stage: Stage | None = None
        self.pose: Pose = first_pose()
        self.frames: list[float] = []  # seconds of the last pictures that were drawn while turning
        self.bar = SceneBar(self)
        self.chip = ProgressChip(self)
        self.chip.hide()
        self._hands = SceneHands(self)
        self._image = QImage()
        self._stale = self._moving = False
        self._scale = 1.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(STILL_MS)
        self._timer.timeout.connect(self._settle)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 100)
        self.setAccessibleName("3D view")

    def say(self, said: Said) -> None:
        """Write other words."""
        if said != self.said:
            self.said = said
            self.update()

    def look(self, pose: Pose) -> None:
        """Look from another pose: coarsely at once, finely when the hand rests."""
        self.pose = pose
        self.refresh()

    def look_from(self, letter: str) -> None:
        """Look from one of the sides A, P, L, R, S, I."""
        self.look(self.pose.from_side(letter))

    def fit(self) -> bool:
        """Show all there is; False when there is nothing."""
        corners = None if self.stage is None else self.stage.corners_mm()
        if corners is None or not len(corners):
            return False
        self.look(self.pose.fitted(corners, self.width() / max(self.height(), 1)))
        return True

    def refresh(self) -> None:
        """Draw again what is on the stage."""
        self._stale = self._moving = True
        self._timer.start()
        self.update()

    def picture(self, size: QSize) -> QImage:
        """The scene at rest with its marks, at a size in pixels."""
        image = self._draw(size.width(), size.height(), moving=False, seconds=None)
        scale = max(size.width(), size.height()) / _MARKED_SIDE
        painter = QPainter(image)
        painter.scale(scale, scale)
        self._mark(painter, QRectF(0, 0, size.width() / scale, size.height() / scale), active=False)
        painter.end()
        return image

    def close_stage(self) -> None:
        """Free what the stage holds; nothing is drawn any more."""
        self._timer.stop()
        stage, self.stage = self.stage, None
        if stage is not None:
            stage.close()

    def _settle(self) -> None:
        if QApplication.mouseButtons() != Qt.MouseButton.NoButton:  # a stroke or a drag goes first
            self._timer.start()
            return
        self._stale, self._moving = True, False
        self.update()

    def _draw(self, width: int, height: int, moving: bool, seconds: float | None) -> QImage:
        if self.stage is None:
            image = QImage(width, height, QImage.Format.Format_RGB32)
            image.fill(QColor(theme.WINDOW))
            return image
        pixels = self.stage.picture(width, height, self.pose, moving, seconds)
        image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGBX8888)
        return image.convertToFormat(QImage.Format.Format_RGB32)

    def _draw_now(self) -> None:
        """Draw, with fewer pixels while pictures of a moving scene come too slowly."""
        began, moving = time.perf_counter(), self._moving
        scale = self.devicePixelRatioF() * (self._scale if moving else 1.0)
        width, height = (max(round(side * scale), 1) for side in (self.width(), self.height()))
        self._image = self._draw(width, height, moving, _STILL_SECONDS)
        self._stale = False
        if moving:
            seconds = time.perf_counter() - began
            self.frames = [*self.frames[-199:], seconds]
            slower = self._scale * (0.8 if seconds > _SLOW_SECONDS else 1.15 if seconds < _SLOW_SECONDS / 2 else 1.0)
            self._scale = min(max(slower, _LEAST_SCALE), 1.0)

    def _mark(self, painter: QPainter, area: QRectF, active: bool) -> None:
        letters = self.pose.letters() if not self.said.words else ("", "", "", "")
        marks = view_marks.Marks(self.said.title, "", self.said.note, letters, None, 0.0, self.said.badge, active)
        view_marks.draw(painter, area, marks)
        if not self.said.words:
            cube.draw(painter, area, self.pose)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the scene; it is drawn here, so that many changes make one picture."""
        painter = QPainter(self)
        area = QRectF(self.rect())
        if self.said.words or self.stage is None:
            painter.fillRect(self.rect(), QColor("#0b0d11"))
            painter.setPen(QColor(theme.MUTED))
            painter.setFont(theme.font(13))
            painter.drawText(area.adjusted(24, 40, -24, -24), _CENTRED, self.said.words)
        else:
            if self._stale or self._image.isNull():
                self._draw_now()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
            painter.drawImage(area, self._image)
        self._mark(painter, area, self.hasFocus())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.bar.adjustSize()
        self.bar.move(self.width() - self.bar.width() - 6, 5)
        self.chip.setGeometry(8, self.height() - 56, min(270, self.width() - 84), 26)
        self.refresh()

    def event(self, event: QEvent) -> bool:
        """Keep the keys of this view from the window's shortcuts while it has the focus."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._hands.knows(event):
            event.accept()
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._hands.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hands.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._hands.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.doubled.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._hands.wheel(event)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.setAccepted(self._hands.key(event))

    def enterEvent(self, event: QEnterEvent) -> None:
        """Take the keys when the pointer comes in, unless somebody is typing."""
        if not isinstance(QApplication.focusWidget(), QLineEdit | QAbstractSpinBox):
            self.setFocus(Qt.FocusReason.MouseFocusReason)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()


_CENTRED = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
