"""The window's icons: thin line drawings on a 24 by 24 field, drawn as paths."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from ctstudio.ui import theme

_STROKES: dict[str, str] = {
    "crosshair": '<circle cx="12" cy="12" r="6"/><path d="M12 2v7M12 15v7M2 12h7M15 12h7"/>',
    "brush": '<path d="M20 4 11 13M9.5 12.5c-3 0-4.5 2-4.5 4.5 0 1.5-1 2.5-2.5 3 3 1 8.5 .5 9.5-4'
    ' .3-1.7-.8-3.5-2.5-3.5z"/>',
    "eraser": '<path d="M8 20h12M4.5 14.5 14 5l6 6-8.5 9H9l-4.5-4.5zM9 10l6 6"/>',
    "contrast": '<circle cx="12" cy="12" r="8.5"/><path d="M12 3.5v17a8.5 8.5 0 0 0 0-17z" fill="{c}"/>',
    "pan": '<path d="M12 3v18M3 12h18M12 3l-2.5 2.5M12 3l2.5 2.5M12 21l-2.5-2.5M12 21l2.5-2.5M3 12'
    'l2.5-2.5M3 12l2.5 2.5M21 12l-2.5-2.5M21 12l-2.5 2.5"/>',
    "zoom": '<circle cx="10.5" cy="10.5" r="6.5"/><path d="M15.5 15.5 21 21M8 10.5h5M10.5 8v5"/>',
    "undo": '<path d="M8 5 4 9l4 4M4 9h10a5.5 5.5 0 0 1 0 11H9"/>',
    "redo": '<path d="M16 5l4 4-4 4M20 9H10a5.5 5.5 0 0 0 0 11h5"/>',
    "open": '<path d="M3 19V6.5A1.5 1.5 0 0 1 4.5 5H9l2 2.5h8.5A1.5 1.5 0 0 1 21 9v10z"/>',
    "search": '<circle cx="10.5" cy="10.5" r="6.5"/><path d="M15.5 15.5 21 21"/>',
    "star": '<path d="m12 3.5 2.6 5.4 5.9.8-4.3 4.1 1 5.9L12 16.9l-5.2 2.8 1-5.9L3.5 9.7l5.9-.8z"/>',
    "star_full": '<path fill="{c}" d="m12 3.5 2.6 5.4 5.9.8-4.3 4.1 1 5.9L12 16.9l-5.2 2.8 1-5.9L3.5 9.7l5.9-.8z"/>',
    "save": '<path d="M12 3v11M7.5 9.5 12 14l4.5-4.5M4 16v3.5A1.5 1.5 0 0 0 5.5 21h13a1.5 1.5 0 0 0 1.5-1.5V16"/>',
    "lock": '<rect x="5" y="10.5" width="14" height="10" rx="2"/><path d="M8 10.5V8a4 4 0 0 1 8 0v2.5"/>',
    "unlock": '<rect x="5" y="10.5" width="14" height="10" rx="2"/><path d="M8 10.5V7a4 4 0 0 1 7.7-1.5"/>',
    "dice": '<rect x="4" y="4" width="16" height="16" rx="3.5"/><g fill="{c}" stroke="none">'
    '<circle cx="8.5" cy="8.5" r="1.5"/><circle cx="15.5" cy="8.5" r="1.5"/><circle cx="12" cy="12" r="1.5"/>'
    '<circle cx="8.5" cy="15.5" r="1.5"/><circle cx="15.5" cy="15.5" r="1.5"/></g>',
    "eye": '<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/>'
    '<circle cx="12" cy="12" r="3"/>',
    "eye_off": '<path d="M4 4l16 16M9.5 5.9A9 9 0 0 1 12 5.5C18 5.5 21.5 12 21.5 12a17 17 0 0 1-3 3.7M6.3 7.8'
    'A16 16 0 0 0 2.5 12S6 18.5 12 18.5a9 9 0 0 0 4-1"/>',
    "help": '<circle cx="12" cy="12" r="9"/><path d="M9.3 9.3a2.8 2.8 0 1 1 4 2.6c-.9.5-1.3 1-1.3 2.1M12 17v.3"/>',
    "info": '<circle cx="12" cy="12" r="9"/><path d="M12 11v6M12 7.3v.2"/>',
    "warning": '<path d="M12 3.5 22 20.5H2zM12 10v5M12 17.7v.2"/>',
    "close": '<path d="M6 6l12 12M18 6 6 18"/>',
    "restart": '<path d="M20 5v5h-5M19.5 10A8 8 0 1 0 20 13.5"/>',
    "fold_open": '<path d="M6 9.5l6 6 6-6"/>',
    "fold_closed": '<path d="M9.5 6l6 6-6 6"/>',
    "sphere": '<circle cx="12" cy="12" r="8.5"/><ellipse cx="12" cy="12" rx="8.5" ry="3.2"/>',
    "scan": '<rect x="3.5" y="4.5" width="17" height="15" rx="2"/><ellipse cx="12" cy="12" rx="5.5" ry="4.5"/>',
    "mask": '<rect x="3.5" y="4.5" width="17" height="15" rx="2"/><path fill="{c}" d="M8 14c0-4 3-6 5.5-5s3.5'
    ' 4 1.5 6-7 2-7-1z"/>',
    "sample": '<path d="M12 3.5l1.8 5.2 5.2 1.8-5.2 1.8L12 17.5l-1.8-5.2L5 10.5l5.2-1.8zM18.5 16v5M16 18.5h5"/>',
    "cube": '<path d="M12 3 20 7.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9"/>',
    "camera": '<path d="M4 8h3.5l1.5-2.5h6L16.5 8H20v11H4z"/><circle cx="12" cy="13.2" r="3.4"/>',
    "fit": '<path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5"/>',
}


def icon(name: str, colour: str = theme.TEXT, size: int = 20) -> QIcon:
    """An icon by name, with a dimmer face for disabled controls."""
    face = QIcon()
    for scale in (1, 2):
        face.addPixmap(pixmap(name, colour, size, scale))
        face.addPixmap(pixmap(name, theme.FAINT, size, scale), QIcon.Mode.Disabled)
    return face


def pixmap(name: str, colour: str = theme.TEXT, size: int = 20, scale: float = 1.0) -> QPixmap:
    """A drawing by name, `size` logical pixels square at a device scale."""
    body = _STROKES[name].replace("{c}", QColor(colour).name())
    text = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke-width="1.7" '
        f'stroke-linecap="round" stroke-linejoin="round" stroke="{QColor(colour).name()}">{body}</svg>'
    )
    picture = QPixmap(QSize(size, size) * scale)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    QSvgRenderer(QByteArray(text.encode())).render(painter, QRectF(0, 0, size * scale, size * scale))
    painter.end()
    picture.setDevicePixelRatio(scale)
    return picture
