"""What the brush is set to: label, locks, size, range of HU."""

from __future__ import annotations

from psygnal import Signal

from ctstudio.core.labels import LabelTable
from ctstudio.session.brush import Brush

DEFAULT_LABEL = "liver"


class PaintSettings:
    """The settings of a paint tool.

    Signals:
        settings_changed: Active label, locks, brush, range or table changed.
    """

    settings_changed = Signal()

    def __init__(self, table: LabelTable) -> None:
        self._table = table
        self._active = next((label.value for label in table if label.name == DEFAULT_LABEL), 1)
        self._locked: frozenset[int] = frozenset()
        self._brush = Brush()
        self._intensity_range_hu: tuple[float, float] | None = None

    @property
    def table(self) -> LabelTable:
        """Names and colours."""
        return self._table

    @table.setter
    def table(self, table: LabelTable) -> None:
        self._table = table
        self.settings_changed.emit()

    @property
    def active(self) -> int:
        """The value that the brush paints, 1 to 255."""
        return self._active

    @active.setter
    def active(self, value: int) -> None:
        self._active = min(max(int(value), 1), 255)
        self.settings_changed.emit()

    @property
    def locked(self) -> frozenset[int]:
        """Values that no stroke changes or paints."""
        return self._locked

    def lock(self, value: int, locked: bool = True) -> None:
        """Protect a label (1 to 255) from strokes, or release it."""
        if 1 <= value <= 255:
            self._locked = self._locked | {value} if locked else self._locked - {value}
            self.settings_changed.emit()

    @property
    def brush(self) -> Brush:
        """Size and form of the brush; replace it to change them."""
        return self._brush

    @brush.setter
    def brush(self, brush: Brush) -> None:
        self._brush = brush
        self.settings_changed.emit()

    @property
    def intensity_range_hu(self) -> tuple[float, float] | None:
        """The HU (lowest, highest), both included, that may be painted; None paints all."""
        return self._intensity_range_hu

    @intensity_range_hu.setter
    def intensity_range_hu(self, limits_hu: tuple[float, float] | None) -> None:
        self._intensity_range_hu = None if limits_hu is None else (min(limits_hu), max(limits_hu))
        self.settings_changed.emit()
