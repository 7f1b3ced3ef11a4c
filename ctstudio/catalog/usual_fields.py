"""Parameters that every task which draws samples has, told in the same words."""

from __future__ import annotations

from typing import Any

from pydantic import Field

MAX_SEED = 2**31 - 1


def seed_field(what: str) -> Any:
    """The seed of the first sample; `what` the same seed gives again: "image", "volume"."""
    return Field(
        default=0,
        ge=0,
        le=MAX_SEED,
        title="Seed",
        description=f"The same seed and settings give the same {what} again.",
        json_schema_extra={"widget": "seed", "source": "ours"},
    )


def count_field() -> Any:
    """How many samples."""
    return Field(
        default=1,
        ge=1,
        le=16,
        title="Samples",
        description="How many samples to make; each takes the next seed.",
        json_schema_extra={"source": "ours"},
    )
