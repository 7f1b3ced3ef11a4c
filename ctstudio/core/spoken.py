"""Time spans and numbers of bytes as people say them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """A time span in its two largest units: "2 h 5 min", "45 s"."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"


def amount(count: float) -> str:
    """Bytes in the unit that suits them: "3.2 GB"."""
    size, units = float(count), ("B", "kB", "MB", "GB", "TB")
    place = 0
    while size >= 999.5 and place < len(units) - 1:
        size, place = size / 1000, place + 1
    return f"{size:.3g} {units[place]}"
