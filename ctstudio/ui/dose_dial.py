"""The dose dial: 5 to 100 % on a logarithmic scale, with the noise that dose should give."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ctstudio.ui import theme

LOW, HIGH = 0.05, 1.0
PAPER_DOSES = (0.05, 0.10, 0.25, 0.50, 0.75, 1.0)
_START_DEGREES, _SWEEP_DEGREES = 225.0, 270.0


def position_of(dose: float) -> float:
    """Where a dose lies on the dial, 0 (5 %) to 1 (100 %)."""
    return math.log(min(max(dose, LOW), HIGH) / LOW) / math.log(HIGH / LOW)


def dose_at(position: float) -> float:
    """The dose of a place on the dial, in whole percent."""
    dose = float(LOW * (HIGH / LOW) ** min(max(position, 0.0), 1.0))
    return round(dose * 100) / 100


class DoseDial(QWidget):
    """A dial for the dose: drag, wheel, arrow keys, Home and End, or click a tick."""

    changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dose = 0.25
        self._noise_hu: float | None = None
        self.noise_name = "predicted noise"
        self.unknown = "predicted noise: needs a mask"
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Dose dial")
        self.setToolTip(
            "Dose of the scan, 5 to 100 % of the full dose.\nDrag, wheel or arrow keys; Home 5 %, End 100 %."
        )

    @property
    def dose(self) -> float:
        """The dose as a fraction, 0.05 to 1."""
        return self._dose

    def set_dose(self, dose: float) -> None:
        """Turn the dial; says so when that changes it."""
        dose = round(min(max(dose, LOW), HIGH) * 100) / 100
        if dose != self._dose:
            self._dose = dose
            self.setAccessibleDescription(f"{dose:.0%} dose")
            self.update()
            self.changed.emit(dose)

    def show_noise(self, noise_hu: float | None) -> None:
        """Write the predicted noise SD, HU; None while it is not known."""
        self._noise_hu = noise_hu
        self.update()

    def sizeHint(self) -> QSize:
        """Room for the dial, its ticks and its readings."""
        return QSize(250, 214)

    # Events.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._turn_to(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._turn_to(event.position())

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._step(1 if event.angleDelta().y() > 0 else -1)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key
        if event.key() in (key.Key_Up, key.Key_Right):
            self._step(1)
        elif event.key() in (key.Key_Down, key.Key_Left):
            self._step(-1)
        elif event.key() in (key.Key_PageUp, key.Key_PageDown):
            self._jump(1 if event.key() == key.Key_PageUp else -1)
        elif event.key() in (key.Key_Home, key.Key_End):
            self.set_dose(LOW if event.key() == key.Key_Home else HIGH)
        else:
            event.ignore()

    def _step(self, direction: int) -> None:
        """One notch: a twentieth of the dial, at least one percent."""
        dose = dose_at(position_of(self._dose) + direction / 30)
        if dose == self._dose:
            dose += direction * 0.01
        self.set_dose(dose)

    def _jump(self, direction: int) -> None:
        """To the next of the published doses."""
        beyond = [d for d in PAPER_DOSES if (d - self._dose) * direction > 1e-6]
        if beyond:
            self.set_dose(min(beyond) if direction > 0 else max(beyond))

    def _turn_to(self, point: QPointF) -> None:
        centre, radius = self._circle()
        across, up = point.x() - centre.x(), centre.y() - point.y()
        if math.hypot(across, up) < radius * 0.2:
            return
        angle = (_START_DEGREES - math.degrees(math.atan2(up, across))) % 360
        if angle > _SWEEP_DEGREES:
            angle = _SWEEP_DEGREES if angle < (_SWEEP_DEGREES + 360) / 2 else 0.0
        dose = dose_at(angle / _SWEEP_DEGREES)
        near = min(PAPER_DOSES, key=lambda d: abs(position_of(d) - angle / _SWEEP_DEGREES))
        self.set_dose(near if abs(position_of(near) - angle / _SWEEP_DEGREES) < 0.015 else dose)

    # Drawing.

    def _circle(self) -> tuple[QPointF, float]:
        radius = min(self.width() / 2 - 44, 76.0)
        return QPointF(self.width() / 2, 38 + radius), radius

    def _place(self, dose: float, radius: float) -> QPointF:
        centre, _ = self._circle()
        angle = math.radians(_START_DEGREES - _SWEEP_DEGREES * position_of(dose))
        return QPointF(centre.x() + radius * math.cos(angle), centre.y() - radius * math.sin(angle))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_arc(painter)
        self._paint_ticks(painter)
        self._paint_readings(painter)

    def _paint_arc(self, painter: QPainter) -> None:
        centre, radius = self._circle()
        box = QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius)
        start, sweep = int(_START_DEGREES * 16), int(_SWEEP_DEGREES * 16)
        painter.setPen(_round_pen(QColor(theme.LINE)))
        painter.drawArc(box, start, -sweep)
        colour = QColor(theme.ACCENT if self.isEnabled() else theme.FAINT)
        painter.setPen(_round_pen(colour))
        painter.drawArc(box, start, -int(sweep * position_of(self._dose)))
        painter.setPen(QPen(QColor(theme.ACCENT), 2) if self.hasFocus() else QPen(QColor(theme.PANEL), 2))
        painter.setBrush(QColor("#ffffff"))
        painter.drawEllipse(self._place(self._dose, radius), 8.5, 8.5)

    def _paint_ticks(self, painter: QPainter) -> None:
        _, radius = self._circle()
        painter.setFont(theme.font(theme.SMALL))
        for dose in PAPER_DOSES:
            chosen = abs(dose - self._dose) < 0.005
            painter.setPen(QPen(QColor(theme.TEXT if chosen else theme.FAINT), 1.5))
            painter.drawLine(self._place(dose, radius + 8), self._place(dose, radius + 13))
            at = self._place(dose, radius + 25)
            painter.drawText(QRectF(at.x() - 20, at.y() - 9, 40, 18), Qt.AlignmentFlag.AlignCenter, f"{dose * 100:.0f}")

    def _paint_readings(self, painter: QPainter) -> None:
        centre, radius = self._circle()
        middle = Qt.AlignmentFlag.AlignCenter
        painter.setPen(QColor(theme.TEXT if self.isEnabled() else theme.FAINT))
        painter.setFont(theme.font(32, QFont.Weight.DemiBold))
        painter.drawText(QRectF(centre.x() - 70, centre.y() - 34, 140, 40), middle, f"{self._dose * 100:.0f} %")
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(QColor(theme.MUTED))
        painter.drawText(QRectF(centre.x() - 70, centre.y() + 6, 140, 18), middle, "of full dose")
        known = self._noise_hu is not None
        text = f"{self.noise_name} {self._noise_hu:.0f} HU" if known else self.unknown
        painter.setFont(theme.font(theme.BODY, QFont.Weight.DemiBold if known else QFont.Weight.Normal))
        painter.setPen(QColor(theme.TEXT if known else theme.FAINT))
        painter.drawText(QRectF(0, centre.y() + radius + 2, self.width(), 20), middle, text)


def _round_pen(colour: QColor) -> QPen:
    pen = QPen(colour, 9)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    return pen
