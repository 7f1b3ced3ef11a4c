"""`ctstudio recreate`."""

from __future__ import annotations


def recreate() -> None:
    """Coming."""
