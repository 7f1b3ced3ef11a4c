"""Answers the live low-dose preview in a thread of its own, beside the queue: a long job does not hold the dial up."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable

from ctstudio.core.errors import CtStudioError
from ctstudio.protocol.events import Failed
from ctstudio.protocol.live_noise import ExposureFound, FindExposure, NoiseSimulated, SimulateNoise

Question = FindExposure | SimulateNoise
Answer = ExposureFound | NoiseSimulated | Failed

_logger = logging.getLogger(__name__)


class LiveNoise:
    """Works on the newest question; one that still waits when a newer comes is dropped.

    Its thread has the priority of the thread that makes it, where threads have one of their own (Linux).

    Args:
        say: Called in the thread with every answer.
    """

    def __init__(self, say: Callable[[Answer], None]) -> None:
        self._say = say
        self._newest: Question | None = None
        self._changed = threading.Condition()
        threading.Thread(target=self._work, name="ctstudio-live-noise", daemon=True).start()

    def ask(self, question: Question) -> None:
        """Take a question; returns at once."""
        with self._changed:
            self._newest = question
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._newest is not None)
                question, self._newest = self._newest, None
            if question is not None:
                self._say(_answer(question))


def _answer(question: Question) -> Answer:
    try:
        return _exposure(question) if isinstance(question, FindExposure) else _noise(question)
    except CtStudioError as error:
        return Failed(question.request_id, error.message, error.remedy, error.detail, error.exit_code)
    except Exception as error:
        _logger.exception("live noise: fault in the program")
        what = f"A fault in the program stopped the low-dose preview: {type(error).__name__}: {error}"
        return Failed(question.request_id, what, "Please report it.", traceback.format_exc())


def _exposure(question: FindExposure) -> ExposureFound:
    from ctstudio.physics.dose_scan import in_words, planned

    match = planned(question.scan, question.parameters)
    return ExposureFound(question.request_id, match.exposure, match.scanner, in_words(match))


def _noise(question: SimulateNoise) -> NoiseSimulated:
    from dataclasses import replace

    import numpy as np

    from ctstudio.core.volume import Volume
    from ctstudio.physics.dose_volume import check_scan, slices_noise

    scan = question.scan
    check_scan(scan)
    sent = np.array([question.photons])
    parts = slices_noise(scan, slice(0, 1), question.seed, sent, question.scanner, first=question.place)

    images: list[Volume | None] = [
        None if part is None else replace(scan, array=part[:, 0].numpy(), synthetic=True) for part in parts
    ]
    return NoiseSimulated(question.request_id, images[0] or scan, images[1])
