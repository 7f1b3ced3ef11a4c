"""Asks the engine about the live low-dose preview: one question under way, and behind it the newest alone."""

from __future__ import annotations

from psygnal import Signal

from ctstudio.jobs.client import EngineClient
from ctstudio.protocol.events import EngineEvent, Failed
from ctstudio.protocol.live_noise import ExposureFound, FindExposure, NoiseSimulated, SimulateNoise

Question = FindExposure | SimulateNoise


class NoiseErrands:
    """The questions of one window. What was under way when the engine died is asked again when it is back.

    Signals:
        found: An `ExposureFound`.
        simulated: A `NoiseSimulated`.
        failed: A `Failed` that answers a question.
    """

    found = Signal(ExposureFound)
    simulated = Signal(NoiseSimulated)
    failed = Signal(Failed)

    def __init__(self, client: EngineClient) -> None:
        self._client = client
        self._under_way: Question | None = None
        self._newest: Question | None = None
        client.event.connect(self._hear)
        client.state.connect(self._engine_changed)

    @property
    def busy(self) -> bool:
        """Whether an answer is to come."""
        return self._under_way is not None or self._newest is not None

    def ask(self, question: Question) -> None:
        """Ask; takes the place of a question that has not gone out yet."""
        self._newest = question
        self._send()

    def _send(self) -> None:
        if self._under_way is None and self._newest is not None and self._client.ask(self._newest):
            self._under_way, self._newest = self._newest, None

    def _hear(self, event: EngineEvent) -> None:
        if not isinstance(event, ExposureFound | NoiseSimulated | Failed):
            return
        if self._under_way is None or event.request_id != self._under_way.request_id:
            return
        self._under_way = None
        signal = self.found if isinstance(event, ExposureFound) else self.simulated
        (self.failed if isinstance(event, Failed) else signal).emit(event)
        self._send()

    def _engine_changed(self, status: str) -> None:
        if status in ("dead", "stopped", "starting"):
            self._newest, self._under_way = self._newest or self._under_way, None
        self._send()
