"""What the Generate page holds for any task: its parameters, the model, the seed; and the request made of them."""

from __future__ import annotations

import secrets
from typing import Any

from psygnal import Signal

from ctstudio.catalog.card import Card
from ctstudio.catalog.shelf import model_folders
from ctstudio.core.errors import ModelNotFound
from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume
from ctstudio.protocol.request import Request, new_id

SEEDS = 2**31
_SEED = "seed"


class TaskForm:
    """The choices for one task, always valid.

    Attributes:
        card: The task.
        device: "auto", "cpu" or "cuda".
        dtype: "auto", "fp32" or "bf16".

    Signals:
        changed: The name of the parameter (or "model", "seed_locked", or a choice of the task) that changed.
    """

    changed = Signal(str)

    def __init__(self, card: Card, model: str = "") -> None:
        self.card = card
        self.device = "auto"
        self.dtype = "auto"
        self._values = card.defaults()
        self._model = model
        self._seed_locked = False

    @property
    def values(self) -> dict[str, Any]:
        """JSON values of all parameters."""
        return dict(self._values)

    def set(self, name: str, value: Any) -> None:
        """Set one parameter.

        Raises:
            ParameterError: The value is outside its range, or there is no such parameter; the old value stays.
        """
        wanted = self.card.validated({**self._values, name: value})
        if wanted != self._values:
            self._values = wanted
            self.changed.emit(name)

    def reset(self) -> None:
        """Give every parameter but the seed its default."""
        for name, value in self.card.defaults().items():
            if name != _SEED:
                self.set(name, value)

    @property
    def model(self) -> str:
        """Name or folder of the model, "" for none."""
        return self._model

    @model.setter
    def model(self, model: str) -> None:
        if model != self._model:
            self._model = model
            self.changed.emit("model")

    @property
    def seed_locked(self) -> bool:
        """Whether the next request keeps the seed."""
        return self._seed_locked

    @seed_locked.setter
    def seed_locked(self, locked: bool) -> None:
        if locked != self._seed_locked:
            self._seed_locked = locked
            self.changed.emit("seed_locked")

    def roll_seed(self) -> int:
        """Throw the dice: a new seed, also when it is locked; 0 for a task without chance."""
        if _SEED not in self._values:
            return 0
        self.set(_SEED, secrets.randbelow(SEEDS))
        return int(self._values[_SEED])

    def after_submit(self) -> None:
        """Make ready for the next request: a new seed unless it is locked."""
        if not self._seed_locked:
            self.roll_seed()

    def check_model(self) -> None:
        """Whether a model is chosen.

        Raises:
            ModelNotFound: It is not.
        """
        if not self._model:
            raise ModelNotFound("No model is chosen.", where_models_go())

    def request(self, inputs: dict[str, Volume | LabelMap], files: dict[str, str], **changes: Any) -> Request:
        """A request of the form's values.

        Args:
            inputs: Images by the name that the card gives them.
            files: Where they came from, by the same names.
            changes: Parameters that differ from the form's.

        Raises:
            ParameterError: A parameter cannot be used.
            ModelNotFound: No model is chosen.
        """
        self.check_model()
        return Request(
            id=new_id(),
            system=self.card.system,
            task=self.card.task,
            model=self._model,
            parameters=self.card.validated({**self._values, **changes}),
            inputs=inputs,
            device=self.device,
            dtype=self.dtype,
            input_files=files,
        )


def where_models_go() -> str:
    """What to do when there is no model to choose."""
    own = model_folders()[1]
    return f"Choose a model on the Generate page; one that is not listed goes as a folder into {own}, then start again."
