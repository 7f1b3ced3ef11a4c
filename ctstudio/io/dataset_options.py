"""How a data set is to be built: split, seed, how patients are told apart."""

from __future__ import annotations

from dataclasses import dataclass

from ctstudio.core.errors import ParameterError
from ctstudio.core.patient_pattern import patient_pattern

_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True)
class DatasetOptions:
    """Choices of a build.

    Attributes:
        split: Shares of patients for training, validation and test; they add up to 1, the first is above 0.
        seed: Of the split; >= 0.
        patient_pattern: Regular expression, searched in a case's path below the source folder. What its first group
            holds, or all it finds when it has none, is the patient. "" for the program's own rule.
        name: Of the data set; "" for the name of its folder.
        least_slices: A scan with fewer axial slices is left out; >= 1.

    Raises:
        ParameterError: A value outside its range, or a pattern that is no regular expression.
    """

    split: tuple[float, float, float] = (0.8, 0.1, 0.1)
    seed: int = 0
    patient_pattern: str = ""
    name: str = ""
    least_slices: int = 4

    def __post_init__(self) -> None:
        if len(self.split) != 3 or not all(0 <= share <= 1 for share in self.split) or self.split[0] == 0:
            raise ParameterError(
                f"The split {self.split} is not three shares from 0 to 1.", "For example: 0.8,0.1,0.1."
            )
        if abs(sum(self.split) - 1) > _SUM_TOLERANCE:
            raise ParameterError(
                f"The shares of the split add up to {sum(self.split):g}, not to 1.", "For example: 0.8,0.1,0.1."
            )
        if self.seed < 0 or self.least_slices < 1:
            raise ParameterError("The seed is below 0, or the least number of slices below 1.", "Give larger numbers.")
        patient_pattern(self.patient_pattern)


def split_from_text(text: str) -> tuple[float, float, float]:
    """Three shares from "0.8,0.1,0.1".

    Raises:
        ParameterError: Not three numbers.
    """
    try:
        train, validation, test = (float(part) for part in text.split(","))
    except ValueError as error:
        raise ParameterError(
            f"The split {text!r} is not three numbers.", "For example: --split 0.8,0.1,0.1."
        ) from error
    return train, validation, test
