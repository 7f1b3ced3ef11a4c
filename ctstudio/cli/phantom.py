"""`ctstudio phantom`."""

from __future__ import annotations


def phantom() -> None:
    """Coming."""
