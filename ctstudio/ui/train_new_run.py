"""The form "New run": recipe, model, data, the settings that matter, name and folder; estimate and start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ctstudio.core.errors import CtStudioError
from ctstudio.jobs.training_errands import Estimate
from ctstudio.session.training_check import Problem, describe
from ctstudio.ui import theme
from ctstudio.ui.fit_lines import LevelMark
from ctstudio.ui.notices_line import ShortLabel
from ctstudio.ui.panel_parts import MARGIN, PANEL_WIDTH, heading, icon_button, muted, roomy, row, rule
from ctstudio.ui.parameter_form import ParameterForm
from ctstudio.ui.train_link import TrainLink
from ctstudio.ui.train_words import estimate_lines

_CHECK_MS = 250
_PROBLEMS = 3
_PHANTOMS = "The recipe's phantoms"


class TrainNewRun(QFrame):
    """Shows the session's `TrainingForm` and sets its values."""

    check_asked = Signal()
    start_asked = Signal()
    estimate_asked = Signal(float)
    prepare_asked = Signal()
    dataset_asked = Signal()
    folder_asked = Signal()
    trouble = Signal(CtStudioError)

    def __init__(self, link: TrainLink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setFixedWidth(PANEL_WIDTH)
        self._link, self._form = link, link.form
        self.recipe, self.model, self.data = _box("Recipe"), _box("Model to start from"), _box("Data")
        self.about, self.data_about = muted("Looking for recipes …"), muted("")
        self.dataset = QPushButton("Data set …")
        self.prepare = QPushButton("Prepare data …")
        self.settings: ParameterForm | None = None
        self._settings_place = QVBoxLayout()
        self.title = QLineEdit()
        self.title.setAccessibleName("Name of the run")
        self.folder = ShortLabel()
        self.folder.setObjectName("muted")
        self.price = QDoubleSpinBox()
        self.problems = QVBoxLayout()
        self.findings: tuple[Problem, ...] = ()
        self.estimated = muted("")
        self.estimate = QPushButton("Estimate")
        self.start = QPushButton("Start")
        self._prepare()
        self._lay_out()
        self._checking = QTimer(self)
        self._checking.setSingleShot(True)
        self._checking.setInterval(_CHECK_MS)
        self._checking.timeout.connect(self.check_asked)
        self._bind()
        self.show_form("recipe")

    # Showing.

    def show_form(self, changed: str = "recipe") -> None:
        """Show the form's values."""
        form = self._form
        if changed == "recipe":
            self._show_recipes()
            self.show_models()
            self.show_datasets()
            self._show_settings()
        self.about.setText(form.about or "Looking for recipes …")
        if self.title.text() != form.title:
            self.title.setText(form.title)
        if form.settings:
            folder = form.folder
            self.folder.show_text(f"in …/{folder.parent.name}/{folder.name}")
            self.folder.setToolTip(str(folder))
        self._grey_out()
        self.show_estimate(None)
        self._checking.start()

    def show_models(self) -> None:
        """Offer the models of the shelf; those of another system say so."""
        form, models = self._form, self._link.shelf.models
        names = [model.info.name for model in models]
        self.model.blockSignals(True)
        self.model.clear()
        if not form.needs_base:
            self.model.addItem("None: trained from nothing", "")
        else:
            for model in models:
                other = "" if model.info.system == form.system else f"  ({model.info.system})"
                self.model.addItem(f"{model.info.title}{other}", model.info.name)
                self.model.setItemData(self.model.count() - 1, str(model.folder), Qt.ItemDataRole.ToolTipRole)
            if form.base and form.base not in names:
                self.model.addItem(form.base, form.base)
            self.model.setCurrentIndex(self.model.findData(form.base))
        self.model.setEnabled(form.needs_base and self.model.count() > 0)
        self.model.blockSignals(False)
        self._checking.start()

    def show_datasets(self) -> None:
        """Offer the recipe's phantoms and the prepared data sets that were found."""
        form = self._form
        self.data.blockSignals(True)
        self.data.clear()
        if form.phantoms is not None:
            self.data.addItem(_PHANTOMS, None)
        for found in self._link.datasets.values():
            self.data.addItem(found.info.name, str(found.folder))
            self.data.setItemData(self.data.count() - 1, str(found.folder), Qt.ItemDataRole.ToolTipRole)
        if form.dataset == "":
            self.data.addItem("No data set chosen", "")
        elif form.dataset is not None and self.data.findData(form.dataset) < 0:
            self.data.addItem(Path(form.dataset).name, form.dataset)
        self.data.setCurrentIndex(0 if form.dataset is None else self.data.findData(form.dataset))
        self.data.blockSignals(False)
        self.data_about.setText(self._data_words())
        self.data_about.setVisible(bool(self.data_about.text()))
        self._checking.start()

    def show_problems(self, found: Sequence[Problem]) -> None:
        """Show what keeps the run from being started."""
        self.findings = tuple(found)
        while (item := self.problems.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for problem in found[:_PROBLEMS]:
            self.problems.addWidget(_problem(problem))
        self.start.setToolTip(str(found[0]) if found else "Start on this computer (Ctrl+Shift+Enter)")

    def show_estimate(self, found: Estimate | None) -> None:
        """Show what the run will take."""
        self.estimated.setText("" if found is None else "\n".join(estimate_lines(found)))
        self.estimated.setVisible(found is not None)

    def show_busy(self, estimating: bool, starting: bool) -> None:
        """Show that an estimate or a start is under way."""
        self.estimate.setText("Cancel estimate" if estimating else "Estimate")
        self.start.setText("Starting …" if starting else "Start")
        self.start.setEnabled(not starting and bool(self._form.settings))

    def _show_recipes(self) -> None:
        names = [recipe.name for recipe in self._form.recipes]
        self.recipe.blockSignals(True)
        self.recipe.clear()
        for recipe in self._form.recipes:
            self.recipe.addItem(recipe.title, recipe.name)
            self.recipe.setItemData(self.recipe.count() - 1, recipe.about, Qt.ItemDataRole.ToolTipRole)
        name = self._form.recipe_name
        if name and name not in names:
            self.recipe.addItem(name, name)
        self.recipe.setCurrentIndex(self.recipe.findData(name))
        self.recipe.setEnabled(self.recipe.count() > 0)
        self.recipe.blockSignals(False)
        self.start.setEnabled(bool(self._form.settings))
        self.estimate.setEnabled(bool(self._form.settings))

    def _show_settings(self) -> None:
        if self.settings is not None:
            self.settings.hide()
            self.settings.deleteLater()
        self.settings = ParameterForm(self._form.fields())
        self.settings.changed.connect(self._set)
        self._settings_place.addWidget(self.settings)

    def _grey_out(self) -> None:
        """LoRA's rank counts only for LoRA."""
        rank = self.findChild(QWidget, "parameter-adapt.rank")
        if rank is not None:
            rank.setEnabled(self._form.value("adapt.method") == "lora")

    def _data_words(self) -> str:
        form = self._form
        if form.dataset is None:
            return ""
        found = self._link.datasets.get(Path(form.dataset))
        return "" if found is None else "\n".join([describe(found.info), *found.info.warnings])

    # Building.

    def _prepare(self) -> None:
        for box in (self.recipe, self.model, self.data):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.dataset.setToolTip("Choose the folder of a prepared data set")
        self.prepare.setToolTip("Make a data set of a folder of scans (Ctrl+Shift+D)")
        self.price.setRange(0, 10_000)
        self.price.setFixedWidth(120)
        self.price.setAccessibleName("Price of an hour")
        self.price.setToolTip("Price of an hour on this computer; with it the estimate tells the cost.")
        roomy(self.price)
        self.start.setObjectName("primary")
        self.estimate.setToolTip("Time, memory, disk and cost, measured in a few steps (Ctrl+Shift+E)")
        self.estimate.setMinimumHeight(38)

    def _lay_out(self) -> None:
        inside = QWidget()
        rows = QVBoxLayout(inside)
        rows.setContentsMargins(MARGIN, 14, MARGIN, 10)
        rows.setSpacing(8)
        title = QLabel("New run")
        title.setObjectName("title")
        first = (title, heading("Recipe"), self.recipe, self.about, heading("Model"), self.model)
        for widget in (*first, heading("Data"), self.data, self.data_about):
            rows.addWidget(widget)
        rows.addLayout(row(self.dataset, self.prepare))
        rows.addWidget(heading("Name"))
        rows.addWidget(self.title)
        place = row(self.folder, icon_button("open", "Choose another folder for the run", self.folder_asked.emit))
        place.setStretch(0, 1)
        rows.addLayout(place)
        rows.addWidget(heading("Settings"))
        rows.addLayout(self._settings_place)
        rows.addLayout(row(QLabel("Price of an hour"), None, self.price))
        rows.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        foot = QWidget()
        footing = QVBoxLayout(foot)
        footing.setContentsMargins(MARGIN, 8, MARGIN, 14)
        footing.setSpacing(8)
        footing.addLayout(self.problems)
        footing.addWidget(self.estimated)
        buttons = row(self.estimate, self.start)
        buttons.setStretch(1, 1)
        footing.addLayout(buttons)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(area, 1)
        outer.addWidget(rule())
        outer.addWidget(foot)

    def _bind(self) -> None:
        form = self._form
        form.changed.connect(self.show_form)
        self._link.shelf_changed.connect(self.show_models)
        self._link.datasets_changed.connect(self.show_datasets)
        self.recipe.activated.connect(self._take_recipe)
        self.model.activated.connect(lambda: setattr(form, "base", self.model.currentData()))
        self.data.activated.connect(lambda: setattr(form, "dataset", self.data.currentData()))
        self.dataset.clicked.connect(self.dataset_asked)
        self.prepare.clicked.connect(self.prepare_asked)
        self.title.textChanged.connect(lambda text: setattr(form, "title", text))
        self.estimate.clicked.connect(lambda: self.estimate_asked.emit(self.price.value()))
        self.start.clicked.connect(self.start_asked)

    # Setting.

    def _take_recipe(self, place: int) -> None:
        name = self.recipe.itemData(place)
        recipe = next((one for one in self._form.recipes if one.name == name), None)
        if recipe is not None:
            self._form.take(recipe)

    def _set(self, name: str, value: object) -> None:
        try:
            self._form.set(name, value)
        except CtStudioError as error:
            self.trouble.emit(error)
            if self.settings is not None:
                kept = self._form.value(name)
                self.settings.show_value(name, f"{kept:g}" if isinstance(kept, float) else kept)


def _box(name: str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    return box


def _problem(problem: Problem) -> QWidget:
    line = QWidget()
    text = muted(str(problem))
    text.setStyleSheet(f"color: {theme.TEXT};")
    mark = LevelMark("red")
    layout = row(mark, text)
    layout.setStretch(1, 1)
    layout.setAlignment(mark, Qt.AlignmentFlag.AlignTop)
    text.ensurePolished()
    text.setMinimumHeight(text.heightForWidth(PANEL_WIDTH - 2 * MARGIN - 26))  # or a long one is cut
    line.setLayout(layout)
    return line
