"""Reports on chests that say the truth in many wordings: what a text-to-CT model reads in training and tests."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from string import Formatter
from typing import Literal

import numpy as np

from ctstudio.core.seeds import stream
from ctstudio.phantom.chest_facts import ChestFact, facts_asked, facts_of
from ctstudio.phantom.chest_negations import CLEAR, NEGATED, NEGATED_ON_A_SIDE, NORMAL, Clear
from ctstudio.phantom.chest_phrases import LINES, SENTENCES, Phrases
from ctstudio.phantom.chest_words import words_for
from ctstudio.phantom.patient import Patient

Wording = Literal["train", "held_out", "all"]
SEPARATOR = " [SEP] "
ALL_TOLD_SHARE = 0.85
"""How often a phrase tells both size and place, where both are known."""
ABSENT_SHARE = 0.5
"""How often a finding's absence is stated."""
_SIZE_SLOTS = {"size", "amount", "much", "bigger"}
_PLACE_SLOTS = {"side", "where", "hand", "both", "everywhere", "within", "lobe"}
_LOBE_SLOTS = {"within", "lobe"}
_STYLES = {"both": 0.45, "findings": 0.2, "impression": 0.15, "short": 0.2}


@dataclass(frozen=True)
class Statement:
    """One sentence of a report and what it says.

    Attributes:
        text: With a capital and a full stop.
        facts: What it says, no more: what it leaves open is empty or 0.
    """

    text: str
    facts: tuple[ChestFact, ...]


@dataclass(frozen=True)
class ChestReport:
    """A report in two parts, either of which may be empty.

    Attributes:
        findings: What is seen.
        impression: What it comes to.
        said: Every statement of both parts.
    """

    findings: str
    impression: str
    said: tuple[Statement, ...]

    @property
    def text(self) -> str:
        """Both parts as the text encoder reads them: "findings [SEP] impression"; one part alone as it is."""
        return SEPARATOR.join(part for part in (self.findings, self.impression) if part)


def chest_report(patient: Patient, wording_seed: int, wording: Wording = "train") -> ChestReport:
    """A report on a patient: every finding stated, what is absent often; all of it true.

    Args:
        patient: A chest.
        wording_seed: Decides the words; another seed says the same differently.
        wording: Phrases for training, those held out of it, or all.
    """
    facts = facts_of(patient)
    stated = [f for f in facts if f.present]
    return _Writer(stream(wording_seed, "chest report", patient.seed), wording).report(
        stated, [f for f in facts if not f.present]
    )


def describe(findings: Mapping[str, str], wording_seed: int, wording: Wording = "train") -> str:
    """Such a text from findings alone, without a patient: for prompts.

    Args:
        findings: As `make_patient` takes them; a finding with the value "none" is denied, {} is a normal chest.
        wording_seed: Decides the words.
        wording: Phrases for training, those held out of it, or all.

    Raises:
        ParameterError: A finding or value that a chest cannot have.
    """
    facts = facts_asked(findings)
    writer = _Writer(stream(wording_seed, "chest prompt"), wording)
    return (writer.report(facts, ()) if findings else writer.report((), facts)).text


@dataclass(frozen=True)
class _Writer:
    """Draws words for facts."""

    rng: np.random.Generator
    wording: Wording

    def report(self, stated: Sequence[ChestFact], absent: Sequence[ChestFact]) -> ChestReport:
        """A report that says all of `stated`, and of `absent` what chance picks."""
        style = str(self.rng.choice(list(_STYLES), p=list(_STYLES.values())))
        findings: list[Statement] = []
        impression: list[Statement] = []
        if style in ("both", "findings"):
            findings = self._findings(stated, absent)
        elif style == "short" and self.rng.random() < 0.5:
            findings = self._lines(stated)
        if style in ("both", "impression") or (style == "short" and not findings):
            impression = self._lines(stated)
        return ChestReport(_joined(findings), _joined(impression), (*findings, *impression))

    def _findings(self, stated: Sequence[ChestFact], absent: Sequence[ChestFact]) -> list[Statement]:
        told = [
            self._present(fact, SENTENCES if self.rng.random() < 0.75 else LINES) for fact in stated if fact.present
        ]
        denied = [self._denied(fact) for fact in stated if not fact.present]
        told += denied + self._absences(absent)
        if not told:
            told = [self._clear(NORMAL)]
        return self._shuffled(told)

    def _lines(self, stated: Sequence[ChestFact]) -> list[Statement]:
        lines = [self._present(f, LINES) if f.present else self._denied(f) for f in stated]
        return self._paired(self._shuffled(lines)) if lines else [self._clear(NORMAL)]

    def _absences(self, absent: Sequence[ChestFact]) -> list[Statement]:
        """Some of what is not there, now and then several at once."""
        left = [f for f in absent if self.rng.random() < ABSENT_SHARE]
        whole = {f.finding for f in absent if not f.side}
        said = []
        fitting = [clear for clear in CLEAR if whole.issuperset(clear.absent)]
        if fitting and self.rng.random() < 0.5:
            clear = fitting[int(self.rng.integers(len(fitting)))]
            said.append(self._clear(clear))
            left = [f for f in left if f.finding not in clear.absent]
        return [*said, *(self._denied(f) for f in left)]

    def _present(self, fact: ChestFact, phrases: Mapping[str, Phrases]) -> Statement:
        words = words_for(fact)
        fitting = [p for p in self._of(phrases[fact.finding]) if _slots(p) <= set(words)]
        telling = [p for p in fitting if _tells_all(fact, _slots(p))]
        phrase = self._one(telling if telling and self.rng.random() < ALL_TOLD_SHARE else fitting)
        text = phrase.format(**{slot: self._one(words[slot]) for slot in sorted(_slots(phrase))})
        return Statement(_sentence(text), (_said(fact, _slots(phrase)),))

    def _denied(self, fact: ChestFact) -> Statement:
        phrases = NEGATED_ON_A_SIDE if fact.side else NEGATED
        text = self._one(self._of(phrases[fact.finding])).format(hand=fact.side)
        return Statement(_sentence(text), (fact,))

    def _clear(self, clear: Clear) -> Statement:
        text = self._one(self._of(clear.phrases))
        return Statement(_sentence(text), tuple(ChestFact(name, False) for name in clear.absent))

    def _paired(self, lines: list[Statement]) -> list[Statement]:
        """Now and then the first two lines in one sentence."""
        if len(lines) < 2 or self.rng.random() < 0.6 or any("," in line.text for line in lines[:2]):
            return lines
        first, second = lines[:2]
        word = self._one(("and", "with")) if first.facts[0].present and second.facts[0].present else "and"
        text = f"{first.text[:-1]} {word} {second.text[0].lower()}{second.text[1:]}"
        return [Statement(text, (*first.facts, *second.facts)), *lines[2:]]

    def _of(self, phrases: Phrases) -> tuple[str, ...]:
        if self.wording == "all":
            return phrases.train + phrases.held_out
        return phrases.train if self.wording == "train" else phrases.held_out

    def _one(self, choices: Sequence[str]) -> str:
        return choices[int(self.rng.integers(len(choices)))]

    def _shuffled(self, statements: list[Statement]) -> list[Statement]:
        return [statements[int(i)] for i in self.rng.permutation(len(statements))]


def _slots(phrase: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(phrase) if name}


def _tells_all(fact: ChestFact, slots: set[str]) -> bool:
    place = _LOBE_SLOTS if fact.lobe else _PLACE_SLOTS
    return (not fact.size or bool(slots & _SIZE_SLOTS)) and (not fact.side or bool(slots & place))


def _said(fact: ChestFact, slots: set[str]) -> ChestFact:
    """What of a fact a phrase with these slots says."""
    return replace(
        fact,
        size=fact.size if slots & _SIZE_SLOTS else "",
        side=fact.side if slots & _PLACE_SLOTS else "",
        lobe=fact.lobe if slots & _LOBE_SLOTS else "",
        figure=fact.figure if "figure" in slots else 0,
        count=fact.count if slots & {"count", "many"} else 0,
    )


def _sentence(text: str) -> str:
    text = re.sub(r"\ba (?=[aeiou])", "an ", text)
    return f"{text[0].upper()}{text[1:]}."


def _joined(statements: Sequence[Statement]) -> str:
    return " ".join(s.text for s in statements)
