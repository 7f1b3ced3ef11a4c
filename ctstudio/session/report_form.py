"""What the Generate page holds for a chest from a report: words, what is followed, and the requests made of them."""

from __future__ import annotations

from dataclasses import replace

from ctstudio.catalog.card import Card
from ctstudio.catalog.fit import Fit
from ctstudio.catalog.fits import fits_of
from ctstudio.catalog.shelf import Model
from ctstudio.core.errors import ParameterError
from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume
from ctstudio.protocol.request import Request
from ctstudio.session.case_anatomy import ANATOMY, anatomy_in, anatomy_of
from ctstudio.session.document import Case
from ctstudio.session.report_text import ReportText
from ctstudio.session.task_form import TaskForm

REPORT = "report"
FINDINGS, IMPRESSION = "text", "impression"
"""The card's parameters that hold the words."""


class ReportForm(TaskForm):
    """The choices; the words are kept as they are typed, and checked when a request is made.

    `changed` also says "report", "other", "comparing" and "follow".
    """

    def __init__(self, card: Card, model: str = "") -> None:
        super().__init__(card, model)
        self._text = self._other = ReportText()
        self._comparing = False
        self._follows = {REPORT}

    @property
    def text(self) -> ReportText:
        """The report; "A" while two are compared."""
        return self._text

    @text.setter
    def text(self, text: ReportText) -> None:
        if text != self._text:
            self._text = text
            self.changed.emit("report")

    @property
    def other(self) -> ReportText:
        """Report "B", that the first is compared with."""
        return self._other

    @other.setter
    def other(self, text: ReportText) -> None:
        if text != self._other:
            self._other = text
            self.changed.emit("other")

    @property
    def comparing(self) -> bool:
        """Whether the next request is for both reports."""
        return self._comparing

    @comparing.setter
    def comparing(self, comparing: bool) -> None:
        if comparing == self._comparing:
            return
        if comparing and self._other.empty:
            self.other = self._text
        self._comparing = comparing
        self.changed.emit("comparing")

    @property
    def anatomy_offered(self) -> tuple[str, ...]:
        """The parts of `ANATOMY` that the task can follow."""
        return tuple(one.name for one in self.card.inputs if one.name in ANATOMY)

    def follows(self, what: str) -> bool:
        """Whether the report, or a part of the open case's anatomy, is to be followed where it is there."""
        return what in self._follows

    def follow(self, what: str, on: bool) -> None:
        """Follow something from now on, or no longer."""
        if on != (what in self._follows):
            self._follows ^= {what}
            self.changed.emit("follow")

    def anatomy_of(self, case: Case | None) -> tuple[str, ...]:
        """The parts of a case's anatomy that a request would hold."""
        there = anatomy_in(case)
        return tuple(part for part in self.anatomy_offered if part in self._follows and part in there)

    def reading(self, text: ReportText | None = None) -> ReportText:
        """The words that a request would hold: none while the report is not followed."""
        return (self._text if text is None else text) if REPORT in self._follows else ReportText()

    def findings(self, model: Model, case: Case | None, free_bytes: int | None = None) -> list[Fit]:
        """How well the words and the anatomy fit what a model has seen; A and B are told apart while both are asked.

        May run in any thread.

        Args:
            model: That is asked.
            case: The open case, whose anatomy may be followed.
            free_bytes: Memory of the device that is free, where it is known.
        """
        texts = {"A": self._text, "B": self._other} if self._comparing else {"": self._text}
        anatomy = {} if case is None else {part: anatomy_of(case, part) for part in self.anatomy_of(case)}
        found: list[Fit] = []
        for name, text in texts.items():
            words = self.reading(text)
            given = {**self._values, FINDINGS: words.findings.strip(), IMPRESSION: words.impression.strip()}
            for fit in fits_of(model, given, anatomy if name != "B" else {}, free_bytes):
                found.append(replace(fit, what=f"{name}: {fit.what}") if name and _of_words(fit) else fit)
        return list(dict.fromkeys(found))

    def build_request(self, case: Case | None) -> Request:
        """Everything that decides the result, frozen: later words and strokes do not change it.

        Raises:
            ParameterError: A parameter cannot be used, or there is nothing to follow.
            ModelNotFound: No model is chosen.
        """
        return self._ask(case, self._text)

    def build_pair(self, case: Case | None) -> tuple[Request, Request]:
        """Report A and report B with the same seed, one sample each.

        Raises:
            ParameterError: Both say the same, or one cannot be used.
            ModelNotFound: No model is chosen.
        """
        if REPORT not in self._follows:
            raise ParameterError("The reports are not followed, so their words can do nothing.", "Follow the report.")
        if self._text == self._other:
            raise ParameterError("A and B say the same.", "Change the words of B.")
        return self._ask(case, self._text, count=1), self._ask(case, self._other, count=1)

    def _ask(self, case: Case | None, text: ReportText, **changes: int) -> Request:
        self.check_model()
        words, parts = self.reading(text), self.anatomy_of(case)
        if words.empty and not parts:
            raise ParameterError(
                "There is nothing to follow: neither words nor anatomy.",
                "Write findings or an impression, or follow the anatomy of a case whose labels hold it.",
            )
        inputs: dict[str, Volume | LabelMap] = {}
        files: dict[str, str] = {}
        if case is not None:
            inputs = {part: anatomy_of(case, part) for part in parts}
            files = dict.fromkeys(parts, str(case.mask_path or ""))
        given = {FINDINGS: words.findings.strip(), IMPRESSION: words.impression.strip()}
        return self.request(inputs, files, **given, **changes)


def _of_words(fit: Fit) -> bool:
    """Whether a finding is about the words, which differ between A and B."""
    return fit.what not in ("Model", "Memory", *(part.capitalize() for part in ANATOMY))
