"""The real engine, torch and all, with the tiny system for its only task: `python tests/tiny_worker.py`."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve()


def command() -> list[str]:
    """The command line that starts it."""
    return [sys.executable, str(HERE)]


if __name__ == "__main__":
    sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent)]
    import tiny_system
    from ctstudio.engine import worker

    worker.main(tiny_system.PIPELINES)
