"""A request worked on to its end: whatever happens, the last event says how it ended."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import closing

from ctstudio.core.errors import Cancelled, CtStudioError
from ctstudio.engine.cache import ModelCache
from ctstudio.engine.pipelines import Pipelines, run
from ctstudio.protocol.events import Event, Failed, Finished, Stopped
from ctstudio.protocol.request import Request

_logger = logging.getLogger(__name__)


def execute(
    request: Request, cache: ModelCache, pipelines: Pipelines, cancelled: Callable[[], bool], log: str
) -> Generator[Event, None, None]:
    """The events of a request, ending with exactly one `Finished`, `Failed` or `Stopped`.

    Args:
        request: What is asked.
        cache: Keeps the model for the next request.
        pipelines: The tasks that can be run.
        cancelled: Asked after every step; on True the pipeline is closed.
        log: Where faults are written, to tell the user.
    """
    try:
        yield from _until_cancelled(request, cache, pipelines, cancelled)
    except Cancelled:
        yield Stopped(request.id)
    except CtStudioError as error:
        _logger.warning("request %s failed: %s %s", request.id, error, error.detail)
        yield Failed(request.id, error.message, error.remedy, error.detail, error.exit_code)
    except Exception as error:
        _logger.exception("request %s: fault in the program", request.id)
        yield Failed(
            request.id,
            f"A fault in the program stopped this job: {type(error).__name__}: {error}",
            f"Please report it with the log {log}.",
            traceback.format_exc(),
        )


def _until_cancelled(
    request: Request, cache: ModelCache, pipelines: Pipelines, cancelled: Callable[[], bool]
) -> Iterator[Event]:
    with closing(run(request, cache, pipelines)) as events:
        while not cancelled():
            event = next(events, None)
            if event is None:
                raise RuntimeError("the pipeline ended without a result")
            yield event
            if isinstance(event, Finished):
                return
    yield Stopped(request.id)
