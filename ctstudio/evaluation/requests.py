"""What an evaluation asks of the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ctstudio.core.errors import EngineError
from ctstudio.protocol.events import Event, Finished
from ctstudio.protocol.request import Request
from ctstudio.protocol.result import Result

Generator = Callable[[Request], Result]
"""Works a request off; it may raise what the engine raises."""


def result_of(events: Iterable[Event]) -> Result:
    """What a pipeline ends with.

    Raises:
        EngineError: It ended without a result.
    """
    for event in events:
        if isinstance(event, Finished):
            return event.result
    raise EngineError("The pipeline ended without a result.", "Please report it.")
