"""The strip of results: a thumbnail for each sample with its dose, seed and measured noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QScrollArea, QToolButton, QVBoxLayout, QWidget

from ctstudio.ui import theme
from ctstudio.ui.completed_anatomy import TITLE as ANATOMY_TITLE
from ctstudio.ui.icons import icon

_NARROW, _WIDE = 214, 290


@dataclass(frozen=True)
class ResultCard:
    """What a thumbnail says.

    Attributes:
        key: Identifies the sample.
        picture: One axial slice.
        dose: Fraction of the full dose.
        seed: The sample's seed.
        measured_hu: Noise SD measured in the mask, or None.
        requested_hu: Noise SD that was asked for, or None.
        starred: Whether the user marked it.
        saved: Whether it lies on disk.
        completed: Whether it has an anatomy of its own that can become the mask.
        words: First words of the report it was made of, or what else it is; the dose stands there when it is empty.
        facts: What was measured in it, in words; noise stands there when it is empty.
        about: The whole report, for the tooltip.
        alone: Whether it has no original to be compared with.
        synthetic: False for what was read from an acquired scan.
    """

    key: str
    picture: QImage
    dose: float
    seed: int
    measured_hu: float | None
    requested_hu: float | None
    starred: bool
    saved: bool
    completed: bool = False
    words: str = ""
    facts: tuple[str, ...] = ()
    about: str = ""
    alone: bool = False
    synthetic: bool = True


class Thumbnail(QWidget):
    """One sample: click or Enter chooses it."""

    chosen = Signal(str)

    def __init__(self, card: ResultCard, selected: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card = card
        self._selected = selected
        self.setFixedSize(QSize(_WIDE if card.words else _NARROW, 92))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(f"Sample {card.words or f'at {card.dose:.0%}'}, seed {card.seed}")
        click = "Click to look at it." if card.alone else "Click to compare with the original."
        noise = "Noise: the SD measured inside the mask, and the SD asked for by the dose."
        self.setToolTip("\n".join(part for part in (click, card.about or "\n".join(card.facts) or noise) if part))

    def set_selected(self, selected: bool) -> None:
        """Mark it as the one beside the original."""
        self._selected = selected
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(self.card.key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(self.card.key)
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        frame = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        edge = theme.ACCENT if self._selected or self.hasFocus() else theme.LINE
        painter.setPen(QPen(QColor(edge), 2 if self._selected else 1))
        painter.setBrush(QColor("#24384b" if self._selected else theme.RAISED))
        painter.drawRoundedRect(frame, 7, 7)
        self._paint_picture(painter)
        self._paint_report(painter) if self.card.words else self._paint_dose(painter)
        if self.card.saved:
            painter.setPen(QColor(theme.MUTED))
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(self.width() - 54, 66, 46, 16), right, "saved")

    def _paint_picture(self, painter: QPainter) -> None:
        box = QRectF(7, 7, 78, 78)
        painter.fillRect(box, QColor("#000000"))
        picture = self.card.picture
        if not picture.isNull():
            scale = min(78 / picture.width(), 78 / picture.height())
            width, height = picture.width() * scale, picture.height() * scale
            centre = box.center()
            painter.drawImage(QRectF(centre.x() - width / 2, centre.y() - height / 2, width, height), picture)
        if not self.card.synthetic:
            return
        painter.fillRect(QRectF(7, 73, 78, 12), QColor(theme.SYNTHETIC))
        painter.setPen(QColor("#1a1206"))
        painter.setFont(theme.font(9, QFont.Weight.Bold))
        painter.drawText(QRectF(7, 73, 78, 12), Qt.AlignmentFlag.AlignCenter, "SYNTHETIC")

    def _paint_report(self, painter: QPainter) -> None:
        """The first words in up to two lines, the seed, and what was measured."""
        card = self.card
        wrapped = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.setPen(QColor(theme.TEXT))
        painter.setFont(theme.font(theme.BODY, QFont.Weight.DemiBold))
        painter.drawText(QRectF(94, 6, self.width() - 156, 34), int(wrapped), card.words)
        painter.setFont(theme.font(theme.SMALL))
        metrics = painter.fontMetrics()
        lines = [f"seed {card.seed}", *card.facts[:2]]
        for place, line in enumerate(lines):
            painter.setPen(QColor(theme.TEXT if place else theme.MUTED))
            room = self.width() - (156 if card.saved and place == 2 else 102)
            text = metrics.elidedText(line, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QRectF(94, 42 + 15 * place, room + 2, 15), text)

    def _paint_dose(self, painter: QPainter) -> None:
        card, left = self.card, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(theme.TEXT))
        painter.setFont(theme.font(theme.TITLE, QFont.Weight.DemiBold))
        painter.drawText(QRectF(94, 7, 60, 22), left, f"{card.dose * 100:.0f} %")
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(QColor(theme.MUTED))
        painter.drawText(QRectF(94, 31, 116, 16), left, f"seed {card.seed}")
        if card.measured_hu is not None:
            painter.setPen(QColor(theme.TEXT))
            painter.drawText(QRectF(94, 49, 92, 16), left, f"measured {card.measured_hu:.0f} HU")
        painter.setPen(QColor(theme.MUTED))
        if card.requested_hu is not None:
            painter.drawText(QRectF(94, 66, 82, 16), left, f"asked {card.requested_hu:.0f} HU")


class ResultsStrip(QWidget):
    """All samples of the case in a row, newest first."""

    chosen = Signal(str)
    star_asked = Signal(str)
    save_asked = Signal(str)
    anatomy_asked = Signal(str)
    words_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._thumbnails: list[Thumbnail] = []
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 8, 12, 6)
        outer.setSpacing(4)
        self._empty = QLabel("Results appear here, each with its seed and with what was measured in it.")
        self._empty.setObjectName("muted")
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        self._row = QHBoxLayout(inside)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(8)
        self._row.addWidget(self._empty)
        self._row.addStretch(1)
        area.setWidget(inside)
        outer.addWidget(area)
        self.setFixedHeight(118)

    @property
    def thumbnails(self) -> tuple[Thumbnail, ...]:
        """The thumbnails from left to right."""
        return tuple(self._thumbnails)

    def show_cards(self, cards: Sequence[ResultCard], selected: str | None) -> None:
        """Show these samples; `selected` is the one beside the original."""
        for thumbnail in self._thumbnails:
            thumbnail.hide()
            thumbnail.deleteLater()
        self._thumbnails = [self._thumbnail(card, card.key == selected) for card in cards]
        for place, thumbnail in enumerate(self._thumbnails):
            self._row.insertWidget(place, thumbnail)
        self._empty.setVisible(not cards)

    def show_selected(self, key: str | None) -> None:
        """Mark another sample."""
        for thumbnail in self._thumbnails:
            thumbnail.set_selected(thumbnail.card.key == key)

    def _thumbnail(self, card: ResultCard, selected: bool) -> Thumbnail:
        thumbnail = Thumbnail(card, selected)
        thumbnail.chosen.connect(self.chosen)
        star = _button(thumbnail, "star_full" if card.starred else "star", "Mark this sample", thumbnail.width() - 56)
        star.clicked.connect(lambda: self.star_asked.emit(card.key))
        save = _button(thumbnail, "save", "Save this sample with its provenance", thumbnail.width() - 30)
        save.setObjectName("save-sample")
        save.clicked.connect(lambda: self.save_asked.emit(card.key))
        if card.completed:
            anatomy = _button(thumbnail, "mask", ANATOMY_TITLE, thumbnail.width() - 30, 38)
            anatomy.setObjectName("use-anatomy")
            anatomy.clicked.connect(lambda: self.anatomy_asked.emit(card.key))
        thumbnail.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        thumbnail.customContextMenuRequested.connect(lambda at: self._menu(card).popup(thumbnail.mapToGlobal(at)))
        return thumbnail

    def _menu(self, card: ResultCard) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        look = "Look at it" if card.alone else "Compare with the original"
        menu.addAction(look, lambda: self.chosen.emit(card.key))
        menu.addAction("Take the star away" if card.starred else "Star", lambda: self.star_asked.emit(card.key))
        menu.addAction("Save with its provenance …", lambda: self.save_asked.emit(card.key))
        if card.alone:
            menu.addAction("Take its words and seed", lambda: self.words_asked.emit(card.key))
            return menu
        anatomy = menu.addAction(ANATOMY_TITLE, lambda: self.anatomy_asked.emit(card.key))
        anatomy.setEnabled(card.completed)
        return menu


def _button(parent: QWidget, name: str, tip: str, x: int, y: int = 5) -> QToolButton:
    button = QToolButton(parent)
    button.setIcon(icon(name, theme.SYNTHETIC if name == "star_full" else theme.MUTED, 16))
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.setGeometry(x, y, 25, 25)
    return button
