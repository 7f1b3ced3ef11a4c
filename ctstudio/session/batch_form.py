"""What the sheet "Generate a data set" holds: masks, lists of values, labels, layout, place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from psygnal import Signal
from pydantic import ValidationError

from ctstudio.catalog.batch import DEFAULT_NAME, BatchSettings, folder_of
from ctstudio.catalog.card import Card
from ctstudio.catalog.sweeps import sweeps_from, swept_parameters, text_of
from ctstudio.core.errors import InputError, ModelNotFound, ParameterError
from ctstudio.session.task_form import where_models_go

FIRST_LISTS = {"dose": "5 %, 10 %, 25 %", "seed": "0-4"}
_TEXTS = ("masks", "out", "name", "labels", "label_source", "layout", "patient_pattern")


class BatchForm:
    """The choices for one batch, as they are typed.

    Attributes:
        card: The task.

    Signals:
        changed: Name of what changed.
    """

    changed = Signal(str)

    def __init__(self, card: Card, out: Path) -> None:
        self.card = card
        self._texts = dict.fromkeys(_TEXTS, "") | {
            "out": str(out),
            "name": DEFAULT_NAME,
            "label_source": "given",
            "layout": "nnunet",
        }
        self._lists = {f.name: FIRST_LISTS[f.name] for f in swept_parameters(card) if f.name in FIRST_LISTS}
        self._others: dict[str, Any] = {}
        self._leave_out = False
        self.model = ""

    def text(self, name: str) -> str:
        """What was typed or chosen for a field, or for the list of a parameter."""
        return self._lists[name] if name in self._lists else self._texts[name]

    def set_text(self, name: str, text: str) -> None:
        """Type or choose something for a field, or for the list of a parameter."""
        where = self._lists if name in self._lists else self._texts
        if where[name] != text:
            where[name] = text
            self.changed.emit(name)

    @property
    def leave_out(self) -> bool:
        """Whether files that cannot be used are left out."""
        return self._leave_out

    @leave_out.setter
    def leave_out(self, leave_out: bool) -> None:
        if leave_out != self._leave_out:
            self._leave_out = leave_out
            self.changed.emit("leave_out")

    def take(self, model: str, values: Mapping[str, Any]) -> None:
        """Take the model and the parameters without a list from the Generate page."""
        names = {field.name for field in swept_parameters(self.card)} - self._lists.keys()
        others = {name: value for name, value in values.items() if name in names}
        if (model, others) != (self.model, self._others):
            self.model, self._others = model, others
            self.changed.emit("model")

    @property
    def taken(self) -> str:
        """The parameters from the Generate page in words."""
        fields = {field.name: field for field in self.card.fields()}
        return ", ".join(f"{fields[name].title.lower()} {text_of((value,))}" for name, value in self._others.items())

    def settings(self) -> BatchSettings:
        """What is asked.

        Raises:
            ModelNotFound: No model is chosen on the Generate page.
            InputError: A field is empty.
            ParameterError: A list or a name cannot be used.
        """
        if not self.model:
            raise ModelNotFound("No model is chosen.", where_models_go())
        for name, what in (("masks", "The folder of masks"), ("out", "The folder for the data set")):
            if not self._texts[name].strip():
                raise InputError(f"{what} is not chosen yet.", "Choose it.")
        given = self._lists | {name: text_of((value,)) for name, value in self._others.items()}
        values = {
            **{name: text.strip() for name, text in self._texts.items() if name not in ("out", "labels")},
            "system": self.card.system,
            "task": self.card.task,
            "model": self.model,
            "masks": str(Path(self._texts["masks"].strip()).expanduser().absolute()),
            "sweeps": sweeps_from(self.card, given),
            "labels": tuple(name.strip() for name in self._texts["labels"].split(",") if name.strip()),
            "leave_out": self._leave_out,
        }
        try:
            settings = BatchSettings.model_validate(values)
        except ValidationError as error:
            raise ParameterError("A choice cannot be used.", "Choose another.", str(error)) from error
        settings.check()
        return settings

    def folder(self, settings: BatchSettings) -> Path:
        """Where the data set will lie; a folder a sample goes into one of the data set's name, too."""
        out = Path(self._texts["out"].strip()).expanduser().absolute()
        return folder_of(out, settings) if settings.layout == "nnunet" else out / settings.name
