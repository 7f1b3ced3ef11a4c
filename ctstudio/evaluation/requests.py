"""What an evaluation asks of the engine."""

from __future__ import annotations

from collections.abc import Callable

from ctstudio.protocol.request import Request
from ctstudio.protocol.result import Result

Generator = Callable[[Request], Result]
"""Works a request off; it may raise what the engine raises."""
