"""Words to numbers: BERT's tokenizer, from a folder's `vocab.txt` alone, and a vocabulary made of given texts."""

from __future__ import annotations

import json
import string
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import BertTokenizerFast, PreTrainedTokenizerBase

from ctstudio.core.errors import ParameterError, WeightMismatch

VOCABULARY, SETTINGS = "vocab.txt", "tokenizer_config.json"
PADDING, UNKNOWN, START, SEPARATOR, MASK = SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_SIGNS = "°±×µ≤≥–—‘’“”…≈²³"


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a folder; nothing is asked of the network.

    Raises:
        WeightMismatch: There is no `vocab.txt`, or it lacks one of BERT's marks.
    """
    read_vocabulary(folder / VOCABULARY)
    return BertTokenizerFast.from_pretrained(str(folder), local_files_only=True)


def read_vocabulary(path: Path) -> tuple[str, ...]:
    """The entries of a vocabulary, in the order of their numbers.

    Raises:
        WeightMismatch: There is no such file, or it lacks one of BERT's marks.
    """
    try:
        entries = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise WeightMismatch(f"{path} cannot be read.", "Install the model again.", str(error)) from error
    absent = [mark for mark in SPECIAL if mark not in entries]
    if absent:
        raise WeightMismatch(
            f"{path} is no vocabulary of BERT: it lacks {', '.join(absent)}.",
            f"Use the {VOCABULARY} that belongs to the weights.",
        )
    return tuple(entries)


def train_vocabulary(texts: Iterable[str], size: int) -> list[str]:
    """WordPiece entries for some texts, in lower case; numbers are left in single digits.

    Every letter and digit, alone and inside a word, and every mark of punctuation has an entry, so no word that is
    written with them is unknown.

    Args:
        texts: What to learn from.
        size: How many entries.

    Returns:
        `size` entries: BERT's five marks, [PAD] at 0; the signs; what was learned, the commonest first; and where the
        texts need no more, names that no text holds, as BERT's own vocabulary has them.

    Raises:
        ParameterError: `size` has no room for the signs.
    """
    tokenizer = Tokenizer(models.WordPiece(unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.BertPreTokenizer(), pre_tokenizers.Digits(individual_digits=True)]
    )
    inside = string.ascii_lowercase + string.digits + _SIGNS
    first = [*SPECIAL, *string.punctuation, *inside, *(f"##{sign}" for sign in inside)]  # fixed, so that ties are too
    if size < len(first):
        raise ParameterError(
            f"A vocabulary of {size} entries has no room for the {len(first)} signs that every text is made of.",
            "Set network.text.vocabulary to 600 or more.",
        )
    tokenizer.train_from_iterator(
        texts, trainers.WordPieceTrainer(vocab_size=size, special_tokens=first, show_progress=False)
    )
    entries = [entry for entry, _ in sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])]
    return [*entries, *(f"[unused{number}]" for number in range(size - len(entries)))]


def save_vocabulary(entries: Sequence[str], folder: Path, lower_case: bool = True) -> None:
    """Write a vocabulary as `load_tokenizer` reads it.

    Args:
        entries: In the order of their numbers.
        folder: Made when it is not there.
        lower_case: Whether the tokenizer makes all letters small.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / VOCABULARY).write_text("\n".join(entries) + "\n", encoding="utf-8", newline="\n")
    settings: dict[str, Any] = {"tokenizer_class": "BertTokenizer", "do_lower_case": lower_case}
    (folder / SETTINGS).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
