"""All tasks of all systems."""

from __future__ import annotations

from ctstudio.catalog import meddiff_fm, medsyn, na_diff
from ctstudio.catalog.card import Card
from ctstudio.core.errors import ParameterError


def all_cards() -> tuple[Card, ...]:
    """Every card, in the order a menu shows them."""
    return (na_diff.CARD, medsyn.GENERATE, medsyn.SEGMENT, *meddiff_fm.CARDS)


def card(system: str, task: str) -> Card:
    """The card of one task.

    Raises:
        ParameterError: No such system or task.
    """
    for found in all_cards():
        if (found.system, found.task) == (system, task):
            return found
    known = ", ".join(f"{c.system} {c.task}" for c in all_cards())
    raise ParameterError(f"There is no task {task!r} of a system {system!r}.", f"There is: {known}.")
