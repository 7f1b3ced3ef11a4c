"""What a chest report claims and denies, and where it contradicts itself; by words alone, without a model."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from types import MappingProxyType

_TERMS = MappingProxyType(
    {
        "pleural effusion": r"(?<!pericardial )\b(?:pleural )?(?:effusions?|fluid)\b|\bpleurothorax\b|\bhydrothorax\b",
        "enlarged heart": r"\bcardiomegaly\b|\bcardiac enlargement\b|\benlarged heart\b|"
        r"\bheart (?:\S+ ){0,3}enlarged\b",
        "emphysema": r"\bemphysema\w*|\bbulla\w*|\bbullous\b",
        "consolidation": r"\bconsolidat\w+|\bair ?space (?:opaci\w+|disease)|\bpneumonia\b",
        "nodule": r"\bnodul\w+",
        "pneumothorax": r"\bpneumothora\w+",
        "mass": r"\bmass(?:es)?\b|\btumou?rs?\b",
    }
)
_NORMAL = MappingProxyType(
    {
        "pleural effusion": r"\bpleural spaces? (?:is|are) clear\b",
        "enlarged heart": r"\bheart (?:is )?normal\b|\bnormal (?:heart|cardiac) size\b|\bheart is not enlarged\b|"
        r"\b(?:heart|cardiac) size (?:is )?(?:normal|within normal)",
        "consolidation": r"\b(?:clear|normal) lungs\b|\blungs (?:are )?(?:clear|normal)\b",
    }
)
_ALL_NORMAL = re.compile(r"\b(?:normal|unremarkable|healthy) (?:chest|thorax|ct of the chest)\b|\bchest is normal\b")
_NO = re.compile(
    r"\b(?:no|not|without|absent|absence of|free of|negative for|neither|nor|resolved|excluded|rules? out)\b"
)
_AFTER = re.compile(
    r"^[^,;.]{0,40}?\b(?:not (?:seen|present|visible|identified)|absent|excluded|has resolved|resolved)\b"
)
_AGAIN = re.compile(r"\b(?:other|further|additional|new|residual|more|second|associated)\b")
_SIZES = MappingProxyType(
    {
        "small": r"\b(?:small|tiny|minimal|trace|mild|slight|minor)\w*",
        "moderate": r"\b(?:moderate|medium)\w*",
        "large": r"\b(?:large|massive|huge|extensive|severe|marked|gross)\w*",
    }
)
_SIDES = MappingProxyType({"left": r"\bleft\b", "right": r"\bright\b", "both": r"\b(?:bilateral\w*|both|either)\b"})
_PLACES = re.compile(r"\b(?:upper|middle|lower|lingula|apical|basal)\b")
_SIZED = ("pleural effusion", "enlarged heart")
"""Findings that have one size; nodules may have several."""


@dataclass(frozen=True)
class Claim:
    """One statement about a finding.

    Attributes:
        finding: Its name.
        present: Whether it is said to be there.
        sizes: "small", "moderate", "large", as far as said.
        sides: "left", "right"; empty when nothing is said.
        places: Words such as "upper".
        words: The clause itself.
    """

    finding: str
    present: bool
    sizes: frozenset[str]
    sides: frozenset[str]
    places: frozenset[str]
    words: str


def contradictions(text: str) -> list[tuple[str, str]]:
    """Pairs of clauses that cannot both be true, each pair once; what is not certain is let pass."""
    found: dict[frozenset[str], tuple[str, str]] = {}
    for first, second in itertools.combinations(claims_of(text), 2):
        if first.finding == second.finding and _clash(first, second):
            found.setdefault(frozenset((first.words, second.words)), (first.words, second.words))
    return list(found.values())


def claims_of(text: str) -> list[Claim]:
    """All statements about known findings, in order."""
    return [claim for clause in _clauses(text) for part in _by_finding(clause) for claim in _claims(part)]


def _clauses(text: str) -> list[str]:
    plain = re.sub(r"\s+", " ", re.sub(r"\[[A-Z]+\]|\n", ". ", text)).lower()
    parts = re.split(r"[.;!?](?!\d)|,? (?:but|however|although|whereas) ", plain)
    return [part.strip(" ,:") for part in parts if part.strip(" ,:")]


def _by_finding(clause: str) -> list[str]:
    """Two findings that "with" joins have sides and sizes of their own."""
    parts = clause.split(" with ")
    return parts if all(any(re.search(term, part) for term in _TERMS.values()) for part in parts) else [clause]


def _claims(clause: str) -> list[Claim]:
    if _ALL_NORMAL.search(clause) and not _NO.search(clause):
        return [_claim(finding, False, clause) for finding in _TERMS]
    made = [_claim(finding, False, clause) for finding, normal in _NORMAL.items() if re.search(normal, clause)]
    told = {claim.finding for claim in made}
    for finding, term in _TERMS.items():
        present = None if finding in told else _present(clause, term)
        if present is not None:
            made.append(_claim(finding, present, clause))
    return made


def _present(clause: str, term: str) -> bool | None:
    """Whether a clause claims or denies a term; None when it does not speak of it, or not clearly."""
    mention = re.search(term, clause)
    if mention is None:
        return None
    before, after = clause[: mention.start()], clause[mention.end() :]
    denials = list(_NO.finditer(before))
    if _NO.search(mention.group()):
        return False
    if denials:
        between = before[denials[-1].end() :]
        if _AGAIN.search(between):
            return None  # "no other nodule" says nothing against the one before
        return False if "," not in between and " and a " not in between else None
    if _AFTER.search(after):
        return False
    return None if re.search(r"\b(?:history of|question of|possible|evaluate for|rule)\b", before) else True


def _claim(finding: str, present: bool, clause: str) -> Claim:
    sides = {side for side, words in _SIDES.items() if re.search(words, clause)}
    return Claim(
        finding,
        present,
        frozenset(size for size, words in _SIZES.items() if re.search(words, clause)),
        frozenset({"left", "right"} if "both" in sides else sides),
        frozenset(_PLACES.findall(clause)),
        clause,
    )


def _clash(one: Claim, other: Claim) -> bool:
    if one.present and other.present:
        apart = {"small", "large"} <= one.sizes | other.sizes and not one.sizes & other.sizes
        return one.finding in _SIZED and apart and _one_place(one, other)
    if one.present == other.present:
        return False
    claimed, denied = (one, other) if one.present else (other, one)
    within = (
        (denied.sizes, claimed.sizes),
        (denied.sides, claimed.sides),
        (denied.places, claimed.places),
    )
    return all(not limits or bool(limits & said) for limits, said in within)


def _one_place(one: Claim, other: Claim) -> bool:
    """Whether two claims may speak of the same thing: no side that is said differently."""
    return not one.sides or not other.sides or one.sides == other.sides
