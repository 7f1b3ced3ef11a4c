"""The choosers of the form "New run": recipe, model to start from, data."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QPushButton, QVBoxLayout, QWidget

from ctstudio.session.training_check import describe
from ctstudio.ui.panel_parts import heading, muted, row
from ctstudio.ui.train_link import TrainLink

_PHANTOMS = "The recipe's phantoms"
_TIP = Qt.ItemDataRole.ToolTipRole
_MARK = " (phantom-trained)"
"""Of the model that a recipe makes; the list has no room for it."""


class TrainChoices(QWidget):
    """Shows what can be chosen, and sets the session's form; `offered` says that there is something new to choose."""

    offered = Signal()
    prepare_asked = Signal()
    dataset_asked = Signal()

    def __init__(self, link: TrainLink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link, self._form = link, link.form
        self.recipe, self.model, self.data = _box("Recipe"), _box("Model to start from"), _box("Data")
        self.about, self.data_about = muted("Looking for recipes …"), muted("")
        self.dataset = QPushButton("Data set …")
        self.dataset.setToolTip("Choose the folder of a prepared data set")
        self.prepare = QPushButton("Prepare data …")
        self.prepare.setToolTip("Make a data set of a folder of scans (Ctrl+Shift+D)")
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(8)
        first = (heading("Recipe"), self.recipe, self.about, heading("Model"), self.model)
        for widget in (*first, heading("Data"), self.data, self.data_about):
            rows.addWidget(widget)
        rows.addLayout(row(self.dataset, self.prepare))
        link.shelf_changed.connect(self.show_models)
        link.datasets_changed.connect(self.show_datasets)
        self.recipe.activated.connect(self._take_recipe)
        self.model.activated.connect(lambda: setattr(self._form, "base", self.model.currentData()))
        self.data.activated.connect(lambda: setattr(self._form, "dataset", self.data.currentData()))
        self.dataset.clicked.connect(self.dataset_asked)
        self.prepare.clicked.connect(self.prepare_asked)

    def show_form(self) -> None:
        """Show what the form holds."""
        self.show_recipes()
        self.show_models()
        self.show_datasets()

    def show_recipes(self) -> None:
        """Offer the recipes, each with what it is for."""
        names = [recipe.name for recipe in self._form.recipes]
        self.recipe.clear()
        for recipe in self._form.recipes:
            self.recipe.addItem(recipe.title.removesuffix(_MARK), recipe.name)
            self.recipe.setItemData(self.recipe.count() - 1, recipe.about, _TIP)
        name = self._form.recipe_name
        if name and name not in names:
            self.recipe.addItem(name, name)
        self.recipe.setCurrentIndex(self.recipe.findData(name))
        self.recipe.setEnabled(self.recipe.count() > 0)
        self.about.setText(self._form.about or "Looking for recipes …")

    def show_models(self) -> None:
        """Offer the models of the shelf; those of another system say so."""
        form, models = self._form, self._link.shelf.models
        self.model.clear()
        if not form.needs_base:
            self.model.addItem(form.beginning, "")
        else:
            for model in models:
                other = "" if model.info.system == form.system else f"  ({model.info.system})"
                self.model.addItem(f"{model.info.title}{other}", model.info.name)
                self.model.setItemData(self.model.count() - 1, str(model.folder), _TIP)
            if form.base and form.base not in [model.info.name for model in models]:
                self.model.addItem(form.base, form.base)
            self.model.setCurrentIndex(self.model.findData(form.base))
        self.model.setEnabled(form.needs_base and self.model.count() > 0)
        self.offered.emit()

    def show_datasets(self) -> None:
        """Offer the recipe's phantoms and the prepared data sets that were found."""
        form = self._form
        self.data.clear()
        if form.phantoms is not None:
            self.data.addItem(_PHANTOMS, None)
        for found in self._link.datasets.values() if form.takes_datasets else ():
            self.data.addItem(found.info.name, str(found.folder))
            self.data.setItemData(self.data.count() - 1, str(found.folder), _TIP)
        if form.dataset == "":
            self.data.addItem("No data set chosen", "")
        elif form.dataset is not None and self.data.findData(form.dataset) < 0:
            self.data.addItem(Path(form.dataset).name, form.dataset)
        self.data.setCurrentIndex(0 if form.dataset is None else self.data.findData(form.dataset))
        self.dataset.setEnabled(form.takes_datasets)
        self.data_about.setText(self._data_words())
        self.data_about.setVisible(bool(self.data_about.text()))
        self.offered.emit()

    def _data_words(self) -> str:
        form = self._form
        if form.dataset is None:
            return ""
        found = self._link.datasets.get(Path(form.dataset))
        return "" if found is None else "\n".join([describe(found.info), *found.info.warnings])

    def _take_recipe(self, place: int) -> None:
        name = self.recipe.itemData(place)
        recipe = next((one for one in self._form.recipes if one.name == name), None)
        if recipe is not None:
            self._form.take(recipe)


def _box(name: str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return box
