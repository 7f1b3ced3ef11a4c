"""The words that a model's training texts held, and how many of a text's words are not among them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ctstudio.core.errors import UnreadableFile

FILE_NAME = "words.txt"
"""In the folder of a model's text encoder; one word a line."""
_MARKS = re.compile(r"\[(?:CLS|SEP|PAD|UNK|MASK)\]")


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, in order; numbers and marks such as [SEP] are none."""
    return re.findall(r"[^\W\d_]+", _MARKS.sub(" ", text).lower())


def unknown_words(text: str, known: frozenset[str]) -> list[str]:
    """The words of a text that are not known, in order."""
    return [word for word in words_of(text) if word not in known]


def unknown_share(text: str, known: frozenset[str]) -> float:
    """Part of a text's words that are not known, 0 to 1; 0 for a text without words."""
    words = words_of(text)
    return len(unknown_words(text, known)) / len(words) if words else 0.0


def write_words(texts: Iterable[str], path: Path) -> None:
    """Write every word of some texts, each once, in the order of the alphabet."""
    words = sorted({word for text in texts for word in words_of(text)})
    path.write_text("\n".join(words) + "\n", encoding="utf-8")


def read_words(path: Path) -> frozenset[str]:
    """What `write_words` wrote.

    Raises:
        UnreadableFile: There is no such file, or it is no text.
    """
    try:
        return frozenset(path.read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{path} cannot be read.", "Install the model again.", str(error)) from error
