"""The choice of a model of one system, with what it was trained on as its tooltip."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QWidget

from ctstudio.catalog.shelf import Model
from ctstudio.session.task_form import where_models_go


class ModelChoice(QComboBox):
    """A list of models; `picked` says that another one is chosen."""

    picked = Signal()

    def __init__(self, system: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._system = system
        self.models: tuple[Model, ...] = ()
        self.setAccessibleName("Model")
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.addItem("Looking for models …")
        self.setEnabled(False)
        self.currentIndexChanged.connect(lambda _: self._pick())

    @property
    def chosen(self) -> Model | None:
        """The model in the selector."""
        at = self.currentIndex()
        return self.models[at] if 0 <= at < len(self.models) else None

    def show_models(self, models: tuple[Model, ...], notes: tuple[str, ...] = ()) -> None:
        """Offer these models of the system; the chosen one stays chosen, or else the first is."""
        before = self.chosen
        self.models = tuple(m for m in models if m.info.system == self._system)
        self.blockSignals(True)
        self.clear()
        for model in self.models:
            self.addItem(model.info.title)
            self.setItemData(self.count() - 1, _about(model), Qt.ItemDataRole.ToolTipRole)
        if not self.models:
            self.addItem("No model found")
            self.setToolTip("\n".join((*notes, where_models_go())))
        names = [model.info.name for model in self.models]
        if before is not None and before.info.name in names:
            self.setCurrentIndex(names.index(before.info.name))
        self.setEnabled(bool(self.models))
        self.blockSignals(False)
        self._pick()

    def _pick(self) -> None:
        if self.chosen is not None:
            self.setToolTip(_about(self.chosen))
        self.picked.emit()


def _about(model: Model) -> str:
    info = model.info
    lines = [info.title, f"Trained on: {info.trained_on}", f"Licence: {info.licence}", str(model.folder)]
    return "\n".join(line for line in lines if not line.endswith(": "))
