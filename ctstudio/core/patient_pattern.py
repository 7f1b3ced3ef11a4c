"""The pattern that tells patients apart by the names of their files."""

from __future__ import annotations

import re

from ctstudio.core.errors import ParameterError


def patient_pattern(text: str) -> re.Pattern[str]:
    """The regular expression in a text that a person wrote.

    Raises:
        ParameterError: It is none.
    """
    try:
        return re.compile(text)
    except re.error as error:
        raise ParameterError(
            f"The patient pattern {text!r} is not a regular expression: {error}.", r"For example: '^(P\d+)_'."
        ) from error
