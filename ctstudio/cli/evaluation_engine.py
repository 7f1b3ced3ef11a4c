"""The engine in this process, for evaluations that ask for one result after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ctstudio.evaluation.requests import Generator


def engine_here() -> Generator:
    """Works requests off in this process, and keeps the model from one to the next."""
    from contextlib import closing

    from ctstudio.core.errors import EngineError
    from ctstudio.engine import pipelines
    from ctstudio.engine.cache import ModelCache
    from ctstudio.protocol.events import Finished
    from ctstudio.protocol.request import Request
    from ctstudio.protocol.result import Result

    cache = ModelCache()

    def generate(request: Request) -> Result:
        with closing(pipelines.run(request, cache)) as events:
            for event in events:
                if isinstance(event, Finished):
                    return event.result
        raise EngineError("The engine ended without a result.", "Please report it.")

    return generate
