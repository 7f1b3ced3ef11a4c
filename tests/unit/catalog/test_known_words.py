"""Which words of a text a model knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctstudio.catalog.known_words import read_words, unknown_share, unknown_words, words_of, write_words
from ctstudio.core.errors import UnreadableFile


def test_words_are_lower_case_without_numbers_and_marks() -> None:
    assert words_of("[CLS] Left-sided effusion, 13 mm [SEP] Größer?") == ["left", "sided", "effusion", "mm", "größer"]


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_words(["No left effusion.", "The heart: no change"], tmp_path / "words.txt")
    assert read_words(tmp_path / "words.txt") == {"no", "left", "effusion", "the", "heart", "change"}
    with pytest.raises(UnreadableFile, match=r"other\.txt"):
        read_words(tmp_path / "other.txt")


def test_the_share_counts_every_occurrence() -> None:
    known = frozenset({"left", "effusion"})
    assert unknown_words("Left lung, left effusion", known) == ["lung"]
    assert unknown_share("Left lung, left effusion", known) == 0.25
    assert unknown_share("13 %", known) == 0.0
