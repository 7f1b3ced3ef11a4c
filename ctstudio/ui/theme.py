"""Colours, type and style sheet of the window: dark, calm, one accent."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

WINDOW = "#14171c"
PANEL = "#191d24"
RAISED = "#222832"
HOVER = "#2b323e"
LINE = "#2c333e"
TEXT = "#e4e8ee"
MUTED = "#9aa5b4"
FAINT = "#6b7686"
ACCENT = "#5aa9e6"
ACCENT_DEEP = "#2d6fa8"
GREEN = "#4cb782"
AMBER = "#e3ad43"
RED = "#e86a63"
SYNTHETIC = "#f0a33c"
LEVELS = {"green": GREEN, "amber": AMBER, "red": RED}

SMALL, BODY, TITLE, BIG = 11, 13, 15, 26
"""Type sizes in pixels at scale 1."""

_TICK, _CHEVRON = (Path(__file__).with_name(f"{name}.svg").as_posix() for name in ("tick", "chevron"))
_FAMILIES = ["Inter", "Segoe UI", "SF Pro Text", "Noto Sans", "DejaVu Sans"]


@lru_cache(maxsize=32)
def font(size: int = BODY, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The window's typeface at a pixel size."""
    face = QFont()
    face.setFamilies(_FAMILIES)
    face.setPixelSize(size)
    face.setWeight(weight)
    return face


def apply(application: QApplication) -> None:
    """Give an application this theme."""
    application.setStyle("Fusion")
    application.setFont(font())
    application.setPalette(_palette())
    application.setStyleSheet(STYLE)


def _palette() -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    colours = {
        role.Window: WINDOW,
        role.WindowText: TEXT,
        role.Base: PANEL,
        role.AlternateBase: RAISED,
        role.Text: TEXT,
        role.Button: RAISED,
        role.ButtonText: TEXT,
        role.ToolTipBase: RAISED,
        role.ToolTipText: TEXT,
        role.PlaceholderText: FAINT,
        role.Highlight: ACCENT_DEEP,
        role.HighlightedText: "#ffffff",
        role.Link: ACCENT,
    }
    for key, colour in colours.items():
        palette.setColor(key, QColor(colour))
    for key in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, key, QColor(FAINT))
    return palette


STYLE = f"""
QWidget {{ font-size: {BODY}px; color: {TEXT}; }}
QMainWindow, QDialog {{ background: {WINDOW}; }}
QDialog#palette {{ background: {RAISED}; }}
QToolTip {{ background: {RAISED}; color: {TEXT}; border: 1px solid {LINE}; padding: 5px 7px; }}
QMenuBar {{ background: transparent; }}
QMenuBar::item {{ padding: 6px 9px; border-radius: 5px; background: transparent; color: {MUTED}; }}
QMenuBar::item:selected {{ background: {HOVER}; color: {TEXT}; }}
QMenu {{ background: {RAISED}; border: 1px solid {LINE}; padding: 5px; }}
QMenu::item {{ padding: 6px 26px 6px 12px; border-radius: 4px; }}
QMenu::item:selected {{ background: {ACCENT_DEEP}; }}
QMenu::item:disabled {{ color: {FAINT}; }}
QMenu::separator {{ height: 1px; background: {LINE}; margin: 5px 6px; }}
QFrame#panel {{ background: {PANEL}; border: none; }}
QFrame#bar {{ background: {PANEL}; border: none; border-top: 1px solid {LINE}; }}
QFrame#top {{ background: {PANEL}; border: none; border-bottom: 1px solid {LINE}; }}
QFrame#card {{ background: {RAISED}; border-radius: 8px; }}
QFrame#rule {{ background: {LINE}; max-height: 1px; min-height: 1px; border: none; }}
QLabel {{ background: transparent; }}
QLabel#heading {{ color: {FAINT}; font-size: {SMALL}px; font-weight: 600; letter-spacing: 1px; }}
QLabel#title {{ font-size: {TITLE}px; font-weight: 600; }}
QLabel#muted {{ color: {MUTED}; }}
QLabel#small {{ color: {MUTED}; font-size: {SMALL}px; }}
QLabel#value {{ color: {TEXT}; font-weight: 600; }}
QPushButton {{ background: {RAISED}; border: 1px solid {LINE}; border-radius: 6px; padding: 6px 12px; }}
QPushButton:hover {{ background: {HOVER}; }}
QPushButton:pressed {{ background: {LINE}; }}
QPushButton:disabled {{ color: {FAINT}; background: {PANEL}; }}
QPushButton:focus {{ border: 1px solid {ACCENT}; }}
QPushButton#primary {{ background: {ACCENT_DEEP}; border: 1px solid {ACCENT_DEEP}; color: white; font-weight: 600;
    padding: 10px; }}
QPushButton#primary:hover {{ background: #3681c1; }}
QPushButton#primary:disabled {{ background: {RAISED}; border-color: {LINE}; color: {FAINT}; }}
QToolButton {{ background: transparent; border: 1px solid transparent; border-radius: 6px; padding: 5px; }}
QToolButton:hover {{ background: {HOVER}; }}
QToolButton:checked {{ background: #24384b; border: 1px solid {ACCENT}; }}
QToolButton:focus {{ border: 1px solid {ACCENT}; }}
QToolButton:disabled {{ color: {FAINT}; }}
QToolButton#page {{ padding: 6px 11px; color: {MUTED}; font-weight: 600; border-radius: 6px; }}
QToolButton#page:checked {{ background: {RAISED}; color: {TEXT}; border: 1px solid {LINE}; }}
QToolButton#plain {{ background: {RAISED}; border: 1px solid {LINE}; padding: 5px 10px; }}
QToolButton#plain:hover {{ background: {HOVER}; }}
QToolButton#plain:focus {{ border: 1px solid {ACCENT}; }}
QToolButton#plain::menu-indicator {{ image: none; }}
QToolButton#fold:checked {{ background: transparent; border: 1px solid transparent; }}
QToolButton#fold {{ color: {MUTED}; padding: 3px 2px; font-weight: 600; }}
QPlainTextEdit {{ background: {WINDOW}; border: 1px solid {LINE}; border-radius: 6px; padding: 3px 4px;
    selection-background-color: {ACCENT_DEEP}; }}
QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox {{ background: {WINDOW}; border: 1px solid {LINE}; border-radius: 6px;
    padding: 5px 8px; min-height: 18px; selection-background-color: {ACCENT_DEEP}; }}
QAbstractSpinBox QLineEdit, QComboBox QLineEdit {{ border: none; background: transparent; padding: 0;
    min-height: 0; }}
QLineEdit:focus, QPlainTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus {{
    border: 1px solid {ACCENT}; }}
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {{ width: 0; }}
QComboBox#task {{ font-size: {TITLE}px; font-weight: 600; background: {RAISED}; padding: 7px 10px; }}
QComboBox::drop-down {{ border: none; width: 22px; }}
QComboBox::down-arrow {{ image: url("{_CHEVRON}"); width: 12px; height: 12px; }}
QComboBox QAbstractItemView {{ background: {RAISED}; border: 1px solid {LINE}; outline: none; padding: 4px; }}
QCheckBox {{ spacing: 8px; }}
QCheckBox::indicator {{ width: 15px; height: 15px; border: 1px solid {FAINT}; border-radius: 4px;
    background: {WINDOW}; }}
QCheckBox::indicator:checked {{ background: {ACCENT}; border-color: {ACCENT}; image: url("{_TICK}"); }}
QCheckBox::indicator:disabled {{ border-color: {LINE}; }}
QCheckBox:disabled, QLabel:disabled {{ color: {FAINT}; }}
QRadioButton {{ spacing: 8px; }}
QRadioButton::indicator {{ width: 13px; height: 13px; border: 1px solid {FAINT}; border-radius: 7px;
    background: {WINDOW}; }}
QRadioButton::indicator:checked {{ border: 4px solid {ACCENT}; width: 7px; height: 7px; background: {TEXT}; }}
QRadioButton:disabled {{ color: {FAINT}; }}
QSlider::groove:horizontal {{ height: 4px; background: {LINE}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {ACCENT_DEEP}; border-radius: 2px; }}
QSlider::sub-page:horizontal:disabled {{ background: {LINE}; }}
QSlider::handle:horizontal:disabled {{ background: {FAINT}; }}
QSlider::handle:horizontal {{ width: 14px; height: 14px; margin: -5px 0; border-radius: 7px; background: {TEXT}; }}
QSlider::handle:horizontal:hover, QSlider::handle:horizontal:focus {{ background: {ACCENT}; }}
QListWidget, QListView, QTreeWidget, QTreeView {{ background: transparent; border: none; outline: none; }}
QListWidget::item, QListView::item, QTreeView::item {{ padding: 4px 6px; border-radius: 5px; }}
QListWidget::item:hover, QListView::item:hover, QTreeView::item:hover {{ background: {RAISED}; }}
QListWidget::item:selected, QListView::item:selected, QTreeView::item:selected {{ background: #24384b;
    color: {TEXT}; }}
QProgressBar {{ background: {LINE}; border: none; border-radius: 3px; max-height: 6px; min-height: 6px; }}
QProgressBar::chunk {{ background: {ACCENT}; border-radius: 3px; }}
QScrollArea {{ background: transparent; border: none; }}
QScrollArea > QWidget > QWidget {{ background: transparent; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 2px; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 2px; }}
QScrollBar::handle {{ background: {LINE}; border-radius: 3px; min-height: 24px; min-width: 24px; }}
QScrollBar::handle:hover {{ background: {FAINT}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QSplitter::handle {{ background: {LINE}; }}
"""
