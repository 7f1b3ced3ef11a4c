"""The card of a task: what goes in, what may be set, what comes out, and where it was published.

The form in the window, the options of the command line, the checks and the provenance all come from the card.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from ctstudio.catalog.parameters import Parameter, complaint, parameters_of
from ctstudio.core.errors import ParameterError

Kind = Literal["mask", "scan", "noise_map", "anomaly"]


@dataclass(frozen=True)
class InputSpec:
    """One thing a task is given: a mask (`LabelMap`) or a scan (`Volume`)."""

    name: str
    kind: Kind
    title: str
    required: bool
    help: str


@dataclass(frozen=True)
class OutputSpec:
    """One thing a task makes, under the name that its files and results carry."""

    name: str
    kind: Kind
    title: str


@dataclass(frozen=True)
class Card:
    """The torch-free description of one task of one system.

    Attributes:
        one_of: Inputs and parameters that may each be missing, but not all of them.
    """

    system: str
    task: str
    title: str
    summary: str
    citation: str
    inputs: tuple[InputSpec, ...]
    parameters: type[BaseModel]
    outputs: tuple[OutputSpec, ...]
    one_of: tuple[str, ...] = ()

    def check_given(self, values: Mapping[str, Any], inputs: Collection[str]) -> None:
        """Whether a request holds enough to work on.

        Args:
            values: Parameters by name.
            inputs: Names of the inputs that are there.

        Raises:
            ParameterError: All of `one_of` are missing.
        """
        if self.one_of and not any(values.get(name) or name in inputs for name in self.one_of):
            titles = {one.name: one.title for one in self.inputs} | {one.name: one.title for one in self.fields()}
            *most, last = (titles[name].lower() for name in self.one_of)
            raise ParameterError(
                f"{self.title}: nothing was given to make it from.", f"Give {', '.join(most)} or {last}."
            )

    def fields(self) -> tuple[Parameter, ...]:
        """The parameters in the order a form shows them."""
        return parameters_of(self.parameters)

    def defaults(self) -> dict[str, Any]:
        """JSON values of all parameters when nothing is given."""
        return self.validated({})

    def validated(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """JSON values of all parameters, defaults filled in.

        Args:
            values: What was given, by parameter name.

        Raises:
            ParameterError: A value outside its range or of the wrong kind, or a parameter this task does not have.
        """
        fields = {field.name: field for field in self.fields()}
        try:
            return self.parameters.model_validate(dict(values)).model_dump(mode="json")
        except ValidationError as error:
            complaints = [complaint(fields, problem) for problem in error.errors()]
        raise ParameterError(" ".join(c.what for c in complaints), " ".join(c.remedy for c in complaints))
