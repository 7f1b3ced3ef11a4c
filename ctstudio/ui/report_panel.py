"""The panel of the task "Chest CT from a report": model, words, what is followed, seed, and how well that fits."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QToolButton, QVBoxLayout, QWidget

from ctstudio.session.report_form import FINDINGS, IMPRESSION, ReportForm
from ctstudio.ui.folds import fold, turn
from ctstudio.ui.follow_row import FollowRow
from ctstudio.ui.panel_parts import MARGIN, add_all, heading, muted, over_foot, quietly, row, rule
from ctstudio.ui.parameter_form import ParameterForm
from ctstudio.ui.report_editor import ReportEditor
from ctstudio.ui.seed_row import SeedRow
from ctstudio.ui.task_panel import TaskPanel
from ctstudio.ui.template_menu import KeepRow, TemplateMenu

NOTHING_YET = "Write a report, or take a template."
_PLAIN = ("count",)
_ONE, _PAIR = "Generate     Ctrl+Enter", "Generate A and B     Ctrl+Enter"
_ABOUT_PAIR = "Both with one seed, and what differs."


class ReportPanel(TaskPanel):
    """Shows a report form of the session and sets its values."""

    list_asked = Signal()

    def __init__(self, form: ReportForm, parent: QWidget | None = None) -> None:
        fields = {field.name: field for field in form.card.fields()}
        super().__init__(form, [f for n, f in fields.items() if n not in _PLAIN and not f.widget], NOTHING_YET, parent)
        self._form = form
        self._there: tuple[str, ...] = ()
        words = fields[FINDINGS], fields[IMPRESSION]
        self.templates = TemplateMenu()
        self.history = QToolButton()
        self.keep = KeepRow()
        self.editor = ReportEditor(*words)
        self.compare = fold("What the words did")
        self.other = ReportEditor(*words, mark="B", short=True)
        self.about_pair = muted(_ABOUT_PAIR)
        self.follow = FollowRow(tuple(one for one in form.card.inputs if one.name in form.anatomy_offered))
        self.seed = SeedRow(next(f for f in fields.values() if f.widget == "seed"))
        self.plain = ParameterForm([fields[name] for name in _PLAIN if name in fields])
        self.generate = QPushButton(_ONE)
        self.list = QPushButton("Generate from a list of reports …")
        self._prepare()
        self._lay_out()
        self._bind()
        self.show_form()

    def show_form(self, _name: str = "") -> None:
        """Show the form's values."""
        form, values = self._form, self._form.values
        self.editor.show_report(form.text)
        self.other.show_report(form.other)
        self.editor.show_mark("A" if form.comparing else "")
        for widget in (self.other, self.about_pair):
            widget.setVisible(form.comparing)
        self.plain.setVisible(not form.comparing)
        quietly(self.compare, form.comparing)
        turn(self.compare)
        self.generate.setText(_PAIR if form.comparing else _ONE)
        self.follow.show_state(form, self._there)
        self.seed.show_state(int(values["seed"]), form.seed_locked)
        for name, value in values.items():
            self.plain.show_value(name, value)
            self.advanced.show_value(name, value)

    def show_anatomy(self, there: tuple[str, ...]) -> None:
        """Offer the anatomy that the open case has."""
        if there != self._there:
            self._there = there
            self.follow.show_state(self._form, there)

    # Building.

    def _prepare(self) -> None:
        self.history.setObjectName("plain")
        self.history.setText("History")
        self.history.setToolTip("Earlier reports (Ctrl+H)")
        self.compare.setToolTip("Compare two reports with the same seed (Ctrl+D)")
        self.generate.setObjectName("primary")
        self.generate.setToolTip("Generate a chest CT with its structures (Ctrl+Enter)")
        self.list.setToolTip("Every report of a table, one after the other, into a folder (Ctrl+Shift+G)")

    def _lay_out(self) -> None:
        inside = QWidget()
        rows = QVBoxLayout(inside)
        rows.setContentsMargins(MARGIN, 6, MARGIN, 10)
        rows.setSpacing(9)
        add_all(rows, heading("Model"), self.model)
        rows.addLayout(row(self.templates, self.history, None, spacing=4))
        rows.addWidget(self.keep)
        rows.addWidget(self.editor, 1)
        add_all(rows, self.compare, self.about_pair)
        rows.addWidget(self.other, 1)
        add_all(rows, self.fit, rule(), heading("Follow"), self.follow)
        add_all(rows, self.seed, self.plain, self.fold, self.advanced)
        over_foot(self, inside, self.generate, self.list)

    def _bind(self) -> None:
        form = self._form
        form.changed.connect(self.show_form)
        self.editor.changed.connect(lambda text: setattr(form, "text", text))
        self.other.changed.connect(lambda text: setattr(form, "other", text))
        self.compare.toggled.connect(lambda on: setattr(form, "comparing", on))
        self.follow.asked.connect(form.follow)
        self.seed.set_asked.connect(lambda seed: self._set("seed", seed))
        self.seed.lock_asked.connect(lambda locked: setattr(form, "seed_locked", locked))
        self.seed.dice_asked.connect(form.roll_seed)
        self.plain.changed.connect(self._set)
        self.templates.keep_asked.connect(self.keep.ask)
        self.keep.leave.clicked.connect(self.editor.findings.text.setFocus)
        self.generate.clicked.connect(self.generate_asked)
        self.list.clicked.connect(self.list_asked)
