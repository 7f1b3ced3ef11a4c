"""What a distilled model makes of settings that are its own to choose."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel


def changes(asked: BaseModel, used: BaseModel, names: Iterable[str], steps: str) -> tuple[str, ...]:
    """What the user should know when other settings were used than those that were asked for by hand.

    Args:
        asked: Parameters of a card, all of which have defaults.
        used: The same as the model can use them.
        names: Settings that a distilled model has its own of.
        steps: Its steps in words.
    """
    usual = type(asked)()
    by_hand = [name for name in names if getattr(asked, name) not in (getattr(usual, name), getattr(used, name))]
    if not by_hand:
        return ()
    return (f"This model was distilled: it samples in its own {steps} steps, not with the {by_hand[0]} asked for.",)
