"""`ctstudio engine`: the worker process, started by the window and never by hand."""

from __future__ import annotations


def engine() -> None:
    """Serve the window that started this process."""
    from ctstudio.engine import worker

    worker.main()
