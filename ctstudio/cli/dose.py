"""`ctstudio dose`."""

from __future__ import annotations


def dose() -> None:
    """Coming."""
