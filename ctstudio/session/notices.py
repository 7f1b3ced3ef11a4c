"""What the program tells the user: the one way to the user's eye, in place of message boxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from psygnal import Signal

from ctstudio.core.errors import CtStudioError

NoticeLevel = Literal["info", "warning", "error"]
_KEPT = 500


@dataclass(frozen=True)
class Notice:
    """One thing said: what and why in `text`, what to do in `remedy`, and for the log in `detail`."""

    level: NoticeLevel
    text: str
    remedy: str = ""
    detail: str = ""


class Notices:
    """All that was said, newest last. The oldest go when there are more than 500.

    Signals:
        added: A new `Notice`.
    """

    added = Signal(Notice)

    def __init__(self) -> None:
        self._items: list[Notice] = []

    @property
    def items(self) -> tuple[Notice, ...]:
        """Everything said so far, oldest first."""
        return tuple(self._items)

    @property
    def latest(self) -> Notice | None:
        """The last thing said."""
        return self._items[-1] if self._items else None

    def say(self, text: str, remedy: str = "", level: NoticeLevel = "info", detail: str = "") -> Notice:
        """Tell the user something."""
        notice = Notice(level, text, remedy, detail)
        self._items = [*self._items[-(_KEPT - 1) :], notice]
        self.added.emit(notice)
        return notice

    def report(self, error: CtStudioError) -> Notice:
        """Tell the user about an error."""
        return self.say(error.message, error.remedy, "error", error.detail)
