"""The form "New run": what is trained from what on what, the settings that matter, name and folder; estimate, start."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QFrame, QLabel, QLineEdit, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ctstudio.core.errors import CtStudioError
from ctstudio.jobs.training_errands import Estimate
from ctstudio.session.training_check import Problem
from ctstudio.ui.calm_wheel import CalmWheel
from ctstudio.ui.notices_line import ShortLabel
from ctstudio.ui.panel_parts import MARGIN, PANEL_WIDTH, heading, icon_button, muted, roomy, row, rule
from ctstudio.ui.parameter_form import ParameterForm
from ctstudio.ui.train_choices import TrainChoices
from ctstudio.ui.train_link import TrainLink
from ctstudio.ui.train_problems import TrainProblems
from ctstudio.ui.train_words import estimate_lines

_CHECK_MS = 250


class TrainNewRun(QFrame):
    """Shows the session's `TrainingForm` and sets its values."""

    check_asked = Signal()
    start_asked = Signal()
    estimate_asked = Signal(float)
    folder_asked = Signal()
    trouble = Signal(CtStudioError)

    def __init__(self, link: TrainLink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setFixedWidth(PANEL_WIDTH)
        self._form = link.form
        self._wheel = CalmWheel(self)
        self.choices = TrainChoices(link)
        self.settings: ParameterForm | None = None
        self._settings_place = QVBoxLayout()
        self.title = QLineEdit()
        self.folder = ShortLabel()
        self.price = QDoubleSpinBox()
        self.problems = TrainProblems()
        self.estimated = muted("")
        self.estimate = QPushButton("Estimate")
        self.start = QPushButton("Start")
        self._checking = QTimer(self)
        self._prepare()
        self._lay_out()
        self._bind()
        self.show_form("recipe")

    # Showing.

    def show_form(self, changed: str = "recipe") -> None:
        """Show the form's values."""
        form = self._form
        if changed == "recipe":
            self._show_settings()
        if changed in ("recipe", "base", "folder"):
            self.choices.show_form()
        for name in [field.name for field in form.fields()] if self.settings is not None else []:
            self._show_value(name)
        if self.title.text() != form.title:
            self.title.setText(form.title)
            self.title.setCursorPosition(0)
        if form.settings:
            folder = form.folder
            self.folder.show_text(f"in …/{folder.parent.name}/{folder.name}")
            self.folder.setToolTip(str(folder))
        self.start.setEnabled(bool(form.settings))
        self.estimate.setEnabled(bool(form.settings))
        if changed not in ("title", "folder"):
            self.show_estimate(None)
        self._checking.start()

    def show_problems(self, found: Sequence[Problem]) -> None:
        """Show what keeps the run from being started."""
        self.problems.show_problems(found)
        self.start.setToolTip(str(found[0]) if found else "Start on this computer (Ctrl+Shift+Enter)")

    def show_estimate(self, found: Estimate | None) -> None:
        """Show what the run will take."""
        self.estimated.setText("" if found is None else "\n".join(estimate_lines(found)))
        self.estimated.setVisible(found is not None)

    def show_busy(self, estimating: bool, starting: bool) -> None:
        """Show that an estimate or a start is under way."""
        self.estimate.setText("Cancel estimate" if estimating else "Estimate")
        if estimating:
            self.estimated.setText("Trying a few steps of each stage; this can take some minutes.")
            self.estimated.show()
        self.start.setText("Starting …" if starting else "Start")
        self.start.setEnabled(not starting and bool(self._form.settings))

    def _show_settings(self) -> None:
        if self.settings is not None:
            self.settings.hide()
            self.settings.setParent(None)
            self.settings.deleteLater()
        self.settings = ParameterForm(self._form.fields())
        self.settings.changed.connect(self._set)
        self._settings_place.addWidget(self.settings)
        self._wheel.calm(self)

    def _show_value(self, name: str) -> None:
        """Show a value; LoRA's rank counts only for LoRA."""
        if self.settings is None:
            return
        value = self._form.value(name)
        self.settings.show_value(name, f"{value:g}" if isinstance(value, float) else value)
        rank = self.settings.findChild(QWidget, "parameter-adapt.rank")
        if name == "adapt.method" and rank is not None:
            rank.setEnabled(value == "lora")

    # Building.

    def _prepare(self) -> None:
        self.title.setAccessibleName("Name of the run")
        self.folder.setObjectName("muted")
        self.price.setRange(0, 10_000)
        self.price.setFixedWidth(120)
        self.price.setAccessibleName("Price of an hour")
        self.price.setToolTip("Price of an hour on this computer; with it the estimate tells the cost.")
        roomy(self.price)
        self.start.setObjectName("primary")
        self.estimate.setToolTip("Time, memory, disk and cost, measured in a few steps (Ctrl+Shift+E)")
        self.estimate.setMinimumHeight(38)
        self._checking.setSingleShot(True)
        self._checking.setInterval(_CHECK_MS)

    def _lay_out(self) -> None:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._fields())
        foot = QWidget()
        footing = QVBoxLayout(foot)
        footing.setContentsMargins(MARGIN, 8, MARGIN, 14)
        footing.setSpacing(8)
        footing.addWidget(self.problems)
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

    def _fields(self) -> QWidget:
        inside = QWidget()
        rows = QVBoxLayout(inside)
        rows.setContentsMargins(MARGIN, 14, MARGIN, 10)
        rows.setSpacing(8)
        title = QLabel("New run")
        title.setObjectName("title")
        place = row(self.folder, icon_button("open", "Choose another folder for the run", self.folder_asked.emit))
        place.setStretch(0, 1)
        for widget in (title, self.choices, heading("Name"), self.title):
            rows.addWidget(widget)
        rows.addLayout(place)
        rows.addWidget(heading("Settings"))
        rows.addLayout(self._settings_place)
        rows.addLayout(row(QLabel("Price of an hour"), None, self.price))
        rows.addStretch(1)
        return inside

    def _bind(self) -> None:
        form = self._form
        form.changed.connect(self.show_form)
        self._checking.timeout.connect(self.check_asked)
        self.choices.offered.connect(self._checking.start)
        self.title.textChanged.connect(lambda text: setattr(form, "title", text))
        self.estimate.clicked.connect(lambda: self.estimate_asked.emit(self.price.value()))
        self.start.clicked.connect(self.start_asked)

    # Setting.

    def _set(self, name: str, value: object) -> None:
        try:
            self._form.set(name, value)
        except CtStudioError as error:
            self.trouble.emit(error)
            self._show_value(name)
