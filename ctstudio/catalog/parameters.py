"""Read the fields of a parameter model, and say in plain words what is wrong with a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

ParameterKind = Literal["number", "whole number", "choice", "yes or no", "text"]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a task as a form or a command line shows it.

    Attributes:
        name: Its key in the request.
        title: What people read.
        help: One sentence.
        kind: What values it takes.
        default: Its JSON value when nothing is given.
        low: Lowest number allowed, or None.
        high: Highest number allowed, or None.
        choices: The words allowed, for a choice.
        unit: For example "fraction".
        widget: A special widget, for example "dose" or "seed"; "" for a plain one.
        source: Where range and default come from.
    """

    name: str
    title: str
    help: str
    kind: ParameterKind
    default: Any
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    widget: str = ""
    source: str = ""

    @property
    def allowed(self) -> str:
        """The values it takes, in words: "0.05 to 1", "ddpm, ddim", "a yes or no"."""
        if self.choices:
            return ", ".join(self.choices)
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}" if self.high < 1e6 else f"{self.low:.0f} to {self.high:.0f}"
        return f"a {self.kind}"


class Complaint(NamedTuple):
    """What is wrong with one value, and what to give instead."""

    what: str
    remedy: str


def parameters_of(model: type[BaseModel]) -> tuple[Parameter, ...]:
    """The fields of a parameter model, in order."""
    return tuple(_parameter(name, field) for name, field in model.model_fields.items())


def complaint(fields: Mapping[str, Parameter], problem: Mapping[str, Any]) -> Complaint:
    """One of pydantic's findings in plain words."""
    name = str(problem["loc"][0]) if problem["loc"] else ""
    given = problem.get("input")
    field = fields.get(name)
    if field is None:
        return Complaint(f"This task has no parameter {name!r}.", f"It has: {', '.join(fields)}.")
    if field.choices:
        return Complaint(f"{field.title} {given!r} is not one of {field.allowed}.", f"Give one of {field.allowed}.")
    if field.kind == "yes or no":
        return Complaint(f"{field.title} {given!r} is neither yes nor no.", "Give true or false.")
    if field.kind == "text" and problem["type"] == "string_too_long":
        most = problem["ctx"]["max_length"]
        return Complaint(f"{field.title} has {len(str(given))} characters.", f"Give {most} at most.")
    if field.kind == "text":
        return Complaint(f"{field.title} {given!r} is not text.", f"Give {field.title.lower()} as text.")
    unit = f" ({field.unit})" if field.unit else ""
    remedy = f"Give {field.title.lower()} as a {field.kind} from {field.allowed}{unit}."
    if isinstance(given, int | float) and not isinstance(given, bool) and "parsing" not in str(problem["type"]):
        if field.kind == "whole number" and given != int(given if given == given and abs(given) < 1e18 else 0):
            return Complaint(f"{field.title} {given} is not a whole number.", remedy)
        return Complaint(f"{field.title} {given} is outside {field.allowed}{unit}.", remedy)
    return Complaint(f"{field.title} {given!r} is not a {field.kind}.", remedy)


def _parameter(name: str, field: FieldInfo) -> Parameter:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    choices = tuple(str(c) for c in get_args(field.annotation)) if get_origin(field.annotation) is Literal else ()
    return Parameter(
        name=name,
        title=field.title or name.replace("_", " ").capitalize(),
        help=field.description or "",
        kind="choice" if choices else _kind(field.annotation),
        default=field.default,
        low=_bound(field, "ge"),
        high=_bound(field, "le"),
        choices=choices,
        unit=str(extra.get("unit", "")),
        widget=str(extra.get("widget", "")),
        source=str(extra.get("source", "")),
    )


def _kind(annotation: Any) -> ParameterKind:
    if annotation is bool:
        return "yes or no"
    if annotation is int:
        return "whole number"
    return "number" if annotation is float else "text"


def _bound(field: FieldInfo, side: Literal["ge", "le"]) -> float | None:
    for item in field.metadata:
        value = getattr(item, side, None)
        if value is not None:
            return float(value)
    return None
