"""Which tool the left button holds, in every view alike."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import QObject, Signal


class Tool(Enum):
    """What the left button does: its title, icon and key."""

    CROSSHAIR = ("Crosshair", "crosshair", "1")
    BRUSH = ("Brush", "brush", "2")
    ERASER = ("Eraser", "eraser", "3")
    WINDOW = ("Window and level", "contrast", "4")
    PAN = ("Pan", "pan", "5")
    ZOOM = ("Zoom", "zoom", "6")

    @property
    def title(self) -> str:
        """What people read."""
        return self.value[0]

    @property
    def icon(self) -> str:
        """Name of its icon."""
        return self.value[1]

    @property
    def key(self) -> str:
        """The key that takes it."""
        return self.value[2]

    @property
    def paints(self) -> bool:
        """Whether it changes the mask."""
        return self in (Tool.BRUSH, Tool.ERASER)


class ToolBox(QObject):
    """The tool in hand, and the one before."""

    changed = Signal(Tool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tool = Tool.CROSSHAIR
        self._last = Tool.BRUSH

    @property
    def tool(self) -> Tool:
        """The tool in hand."""
        return self._tool

    def take(self, tool: Tool) -> None:
        """Take a tool."""
        if tool is not self._tool:
            self._last, self._tool = self._tool, tool
            self.changed.emit(tool)

    def swap_last(self) -> None:
        """Take the tool before this one."""
        self.take(self._last)

    def swap_erase(self) -> None:
        """Brush becomes eraser and back; any other tool becomes the eraser."""
        self.take(Tool.BRUSH if self._tool is Tool.ERASER else Tool.ERASER)
