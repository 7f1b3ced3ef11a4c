"""Every error the program raises on purpose, in one tree.

    CtStudioError
    ├── InputError            what was given cannot be used               exit code 2
    │   ├── UnreadableFile    not an image, truncated, unknown format
    │   ├── GeometryError     too few voxels, no overlap, unusable spacing
    │   ├── IntensityError    NaN voxels, values that are not HU
    │   ├── MaskError         empty mask, unknown labels
    │   └── ParameterError    a value outside its range, an unknown option
    ├── ModelError            the shelf cannot serve what was asked        exit code 2
    │   ├── ModelNotFound
    │   ├── DigestMismatch
    │   └── WeightMismatch
    ├── StorageError          disk full, no permission                     exit code 2
    ├── EngineError           the engine died or ran out of memory         exit code 1
    └── Cancelled             the user stopped the work                    exit code 2

A message says what and why; the remedy says what to do; the detail is for the log.
"""

from __future__ import annotations


class CtStudioError(Exception):
    """An error with a message, a remedy and a detail.

    Args:
        message: What happened and why, in one sentence.
        remedy: What the user can do about it, in one sentence.
        detail: What a developer wants to see (paths, keys, causes).
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class InputError(CtStudioError):
    """What the user gave cannot be used."""

    exit_code = 2


class UnreadableFile(InputError):
    """A file that is not an image, is truncated, or has an unknown format."""


class GeometryError(InputError):
    """A grid that cannot be worked on: too small, no overlap, bad spacing."""


class IntensityError(InputError):
    """Voxel values that cannot be used: NaN, infinite, or not HU."""


class MaskError(InputError):
    """A mask that is empty or holds labels nobody knows."""


class ParameterError(InputError):
    """A parameter outside its range, or one the task does not have."""


class ModelError(CtStudioError):
    """The shelf cannot serve the model that was asked for."""

    exit_code = 2


class ModelNotFound(ModelError):
    """No model of that name, or no folder at that path."""


class DigestMismatch(ModelError):
    """A weight file is not the one its `model.json` describes."""


class WeightMismatch(ModelError):
    """A weight file does not fit the network."""


class StorageError(CtStudioError):
    """The disk is full, or the place cannot be written."""

    exit_code = 2


class EngineError(CtStudioError):
    """The engine died, hung or ran out of memory."""


class Cancelled(CtStudioError):
    """The user stopped the work."""

    exit_code = 2
