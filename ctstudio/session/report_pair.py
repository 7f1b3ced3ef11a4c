"""Two reports under way with one seed: which samples answer them, and whether both are there."""

from __future__ import annotations

from collections.abc import Sequence

from ctstudio.protocol.request import Request
from ctstudio.session.generated_chests import report_of
from ctstudio.session.report_form import FINDINGS, IMPRESSION
from ctstudio.session.report_text import ReportText
from ctstudio.session.results import SampleView

_FREE = (FINDINGS, IMPRESSION, "count", "seed")


class ReportPair:
    """A and B: each a request under way, or a sample that is there already."""

    def __init__(self, a: Request, b: Request, there: Sequence[SampleView]) -> None:
        self.requests = {"A": a, "B": b}
        self.samples = {name: _made_before(each, there) for name, each in self.requests.items()}

    @property
    def wanted(self) -> dict[str, Request]:
        """The requests that still have to be worked on, by name."""
        return {name: each for name, each in self.requests.items() if self.samples[name] is None}

    @property
    def open_ids(self) -> tuple[str, ...]:
        """Ids of the requests that still have to be worked on."""
        return tuple(each.id for each in self.wanted.values())

    @property
    def both(self) -> tuple[SampleView, SampleView] | None:
        """Both samples, when they are there."""
        a, b = self.samples["A"], self.samples["B"]
        return (a, b) if a is not None and b is not None else None

    def owns(self, request_id: str) -> bool:
        """Whether a request is one of the two."""
        return any(each.id == request_id for each in self.requests.values())

    def take(self, view: SampleView) -> None:
        """A sample came in."""
        for name, each in self.requests.items():
            if each.id == view.request_id:
                self.samples[name] = view


def _made_before(request: Request, there: Sequence[SampleView]) -> SampleView | None:
    """A sample that the same words, seed, model and settings made; none for a request with anatomy."""
    return next((view for view in there if not request.inputs and _answers(view, request)), None)


def _answers(view: SampleView, request: Request) -> bool:
    told, asked = view.sample.provenance, request.parameters
    settings = {name: value for name, value in asked.items() if name not in _FREE}
    words = ReportText(asked[FINDINGS], asked[IMPRESSION])
    same = all(told.parameters.get(name) == value for name, value in settings.items())
    return (
        same
        and not told.inputs
        and report_of(view.sample) == words
        and view.sample.seed == asked["seed"]
        and (told.system, told.task, told.model) == (request.system, request.task, request.model)
    )
