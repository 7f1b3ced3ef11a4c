"""What the desk, or the command line, asks of a system."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume


@dataclass(frozen=True)
class Request:
    """Everything that decides a result.

    The arrays of the inputs belong to the request from now on: hand over copies of what may still be painted on.

    Attributes:
        id: A uuid4 in hex; `new_id()` makes one.
        system: For example "na_diff".
        task: For example "generate".
        model: Name on the shelf, or the path of a model's folder.
        parameters: JSON values, as validated by the card's parameter model.
        inputs: Images by the name the card gives them, for example {"mask": LabelMap, "like": Volume}.
        device: "auto", "cpu" or "cuda".
        dtype: "auto", "fp32" or "bf16".
        input_files: Where the inputs came from, by name; for the provenance.
    """

    id: str
    system: str
    task: str
    model: str
    parameters: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Volume | LabelMap] = field(default_factory=dict)
    device: str = "auto"
    dtype: str = "auto"
    input_files: dict[str, str] = field(default_factory=dict)


def new_id() -> str:
    """An identifier no other request has."""
    return uuid4().hex
