"""Small JSON files of the user's own: read whole, written whole, for the user's eyes alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ctstudio.core.errors import UnreadableFile

_ONLY_THE_USER = 0o600


def read_entries(path: Path, key: str) -> list[dict[str, str]]:
    """The entries of a file that `write_entries` wrote; none when there is no file.

    Raises:
        UnreadableFile: It is no such file. It is left as it is.
    """
    try:
        content: Any = json.loads(path.read_text("utf-8"))
        entries = content[key]
        good = all(isinstance(part, str) for entry in entries for part in (*entry.keys(), *entry.values()))
        if not isinstance(entries, list) or not good:
            raise ValueError("not a list of texts")
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableFile(
            f"{path} cannot be read: it is damaged, or was written by something else.",
            "Move the file away; it is made anew.",
            str(error),
        ) from error
    return entries


def write_entries(path: Path, key: str, entries: list[dict[str, str]]) -> None:
    """Write entries so that a crash leaves the old file or the new one; only the user may read it.

    Raises:
        StorageError: The disk is full or the place cannot be written.
    """
    from ctstudio.io.storage import storage_errors, write_text

    write_text(json.dumps({key: entries}, indent=1, ensure_ascii=False) + "\n", path)
    with storage_errors(path):
        os.chmod(path, _ONLY_THE_USER)
