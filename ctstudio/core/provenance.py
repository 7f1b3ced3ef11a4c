"""How a result came to be, in a form that can be read back and run again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import UnreadableFile

FORMAT = 1


@dataclass(frozen=True)
class Provenance:
    """Everything that decided one sample.

    Attributes:
        system: For example "na_diff".
        task: For example "generate".
        parameters: Every parameter of the task, as validated by its card.
        seed: The seed of this very sample.
        model: Name of the model, with its sha256 digests by file under `model_digests`.
        inputs: For each input its file (may be empty), grid and sha256 of the voxels.
        versions: Program, torch, diffusers and others by name.
        device: For example "cpu" or "cuda: NVIDIA L4".
        dtype: "fp32" or "bf16".
        started: UTC, ISO 8601.
        seconds: Wall time of the sample.
        outputs: sha256 of each output's voxels by name.
        synthetic: True for whatever was made rather than acquired.
    """

    system: str
    task: str
    parameters: dict[str, Any]
    seed: int
    model: str
    model_digests: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    device: str = ""
    dtype: str = ""
    started: str = ""
    seconds: float = 0.0
    outputs: dict[str, str] = field(default_factory=dict)
    synthetic: bool = True
    format: int = FORMAT

    def to_json(self) -> str:
        """A stable JSON text: the same provenance gives the same bytes."""
        return json.dumps(asdict(self), indent=2, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Provenance:
        """Read back what `to_json` wrote.

        Raises:
            UnreadableFile: Not JSON, or not a provenance of a format this version knows.
        """
        try:
            data = json.loads(text)
            if data.get("format") != FORMAT:
                raise ValueError(f"format {data.get('format')!r}")
            return cls(**data)
        except (ValueError, TypeError, AttributeError) as error:
            raise UnreadableFile(
                "This is not a provenance record that this version can read.",
                "Give a provenance.json that CT Studio wrote.",
                str(error),
            ) from error


def digest(array: NDArray[Any]) -> str:
    """sha256 of an array's dtype, shape and bytes."""
    contiguous = np.ascontiguousarray(array)
    head = f"{contiguous.dtype.str}{contiguous.shape}".encode()
    return hashlib.sha256(head + contiguous.tobytes()).hexdigest()
