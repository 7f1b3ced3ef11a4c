"""A radiology report as a person types it: findings and impression."""

from __future__ import annotations

from dataclasses import dataclass

_MANY_WORDS = 6


@dataclass(frozen=True)
class ReportText:
    """The two parts of a report, either of which may be empty.

    Attributes:
        findings: What is seen.
        impression: What it comes to.
    """

    findings: str = ""
    impression: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing is said."""
        return not (self.findings.strip() or self.impression.strip())

    @property
    def whole(self) -> str:
        """Both parts, one after the other."""
        return "\n".join(part.strip() for part in (self.findings, self.impression) if part.strip())

    def first_words(self, most: int = _MANY_WORDS) -> str:
        """The first words, of the impression where there is one, because findings often begin alike."""
        words = (self.impression.strip() or self.findings).split()
        return " ".join(words[:most]) + (" …" if len(words) > most else "")


def count_words(text: str) -> int:
    """How many words a text has, as people count them."""
    return len(text.split())
