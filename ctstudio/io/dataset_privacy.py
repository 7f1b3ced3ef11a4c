"""Patient IDs and names never reach a prepared data set: IDs become pseudonyms, both are taken out of texts.

A pseudonym is a keyed hash. The key lies in the user's own data folder and never in a data set, so that nobody can
try all IDs, and the same patient has the same pseudonym in all data sets that were made on this machine.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_KEY_BYTES = 32
_LEAST_LETTERS = 3


def machine_key() -> bytes:
    """This user's key; made on first use. Where it cannot be kept, a key for this time alone."""
    from platformdirs import user_data_path

    path = user_data_path("ctstudio", appauthor=False) / "pseudonym.key"
    try:
        return _kept(path)
    except OSError:
        return secrets.token_bytes(_KEY_BYTES)


def pseudonym(patient_id: str, key: bytes) -> str:
    """What stands for a patient ID, for example "patient-5c1f0a9e22b4"."""
    return f"patient-{hmac.new(key, patient_id.encode(), 'sha256').hexdigest()[:12]}"


class Scrubber:
    """Takes patient IDs and names out of texts: whole words of at least three letters, any case.

    What stands between their letters does not matter: with "STS-001", "sts_001" and "STS001" go too.

    Args:
        words: What must not be written.
    """

    def __init__(self, words: Iterable[str]) -> None:
        long = {word for word in words if sum(letter.isalnum() for letter in word) >= _LEAST_LETTERS}
        known = sorted(long, key=lambda word: (-len(word), word))
        self._pattern = words_pattern(known) if known else None

    def clean(self, text: str) -> str:
        """The text with "***" where a patient was named."""
        return self._pattern.sub("***", text) if self._pattern else text


def words_pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Finds any of some words as a whole, whatever stands between their letters and digits."""
    choice = "|".join(r"[\W_]*".join(re.findall(r"[^\W_]+", word)) for word in words)
    return re.compile(rf"(?<![^\W_])(?:{choice})(?![^\W_])", re.IGNORECASE)


def _kept(path: Path) -> bytes:
    """The key in a file that only its owner may read; of two processes that make it at once, the first wins."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        try:
            with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
                stream.write(secrets.token_bytes(_KEY_BYTES))
            with suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink(missing_ok=True)
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise OSError(f"{path} is damaged")
    return key
