"""What the words did: A, B and their difference side by side in two planes, and how the measures changed."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume
from ctstudio.core.windows import PRESETS, Window
from ctstudio.protocol.result import Sample
from ctstudio.session.generated_chests import report_of
from ctstudio.session.words_compared import Change, WordsCompared
from ctstudio.ui import theme
from ctstudio.ui.diverging_colours import DifferenceLegend, diverging_table
from ctstudio.ui.fused_colours import colour_table
from ctstudio.ui.linked_views import LinkedViews
from ctstudio.ui.notices_line import ShortLabel
from ctstudio.ui.panel_parts import icon_button, muted
from ctstudio.ui.planes import AXIAL, CORONAL
from ctstudio.ui.slice_view import SliceView

_OUTLINES = 0.85
_EVEN = 0.005
"""A change below this share is shown as none. Source: ours."""


class WordsViews(QWidget):
    """Six linked views over a line of measures.

    Signals:
        closed: The user has seen enough.
    """

    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.linked = LinkedViews(PRESETS["Lung"], self)
        self.compared: WordsCompared | None = None
        self._large: SliceView | None = None
        spanning = Window(0.0, 200.0)
        self.a, self.b = ([self.linked.make(plane, name) for plane in (AXIAL, CORONAL)] for name in "AB")
        self.difference = [self.linked.make(plane, "B − A", spanning) for plane in (AXIAL, CORONAL)]
        self.legend = DifferenceLegend()
        self.heads = [ShortLabel() for _ in range(3)]
        self.outlines = QCheckBox("Outlines")
        self.outlines.setToolTip("Draw lobes, airway and vessels as outlines into A and B")
        self.outlines.setChecked(True)
        self.outlines.toggled.connect(lambda _: self._colour())
        self.changes = ChangeTable()
        self._lay_out()
        for view in self.views:
            view.doubled.connect(lambda view=view: self.maximise(view))
            view.setMinimumSize(90, 70)
        for view in self.difference:
            view.show_table(diverging_table())

    @property
    def views(self) -> tuple[SliceView, ...]:
        """All six, A, B and difference, the axial ones first in each."""
        return (*self.a, *self.b, *self.difference)

    def show_pair(self, compared: WordsCompared) -> None:
        """Show two samples and what differs."""
        self.compared = compared
        volumes: dict[SliceView, Volume | None] = {}
        labels = {}
        for views, sample in ((self.a, compared.a), (self.b, compared.b)):
            ct, drawn = sample.outputs.get("ct"), sample.outputs.get("labels")
            for view in views:
                volumes[view] = ct if isinstance(ct, Volume) else None
                if isinstance(drawn, LabelMap) and drawn.grid.shape == compared.difference.grid.shape:
                    labels[view] = drawn.array
        volumes |= dict.fromkeys(self.difference, compared.difference)
        for view in self.difference:
            view.show_window(Window(0.0, 2 * compared.span_hu))
        self.linked.show(volumes, labels)
        self._colour()
        self.legend.show_span(compared.span_hu)
        self.heads[0].show_text(f"A   {_words(compared.a)}")
        self.heads[1].show_text(f"B   {_words(compared.b)}")
        self.heads[2].show_text(f"Difference, seed {compared.a.seed}")
        for head, sample in zip(self.heads, (compared.a, compared.b), strict=False):
            head.setToolTip(report_of(sample).whole)
        self.changes.show_changes(compared.changes)

    def maximise(self, view: SliceView | None) -> None:
        """Let one view fill the place; the same again brings all back."""
        self._large = None if view is self._large else view
        for each in self.views:
            each.setVisible(self._large in (None, each))

    def _colour(self) -> None:
        drawn = self.compared.a.outputs.get("labels") if self.compared is not None else None
        if isinstance(drawn, LabelMap):
            table = colour_table(drawn.table.colours(), _OUTLINES if self.outlines.isChecked() else 0.0)
            for view in (*self.a, *self.b):
                view.show_table(table)

    def _lay_out(self) -> None:
        close = icon_button("close", "Close the comparison (Esc)", self.closed.emit)
        grid = QGridLayout()
        grid.setSpacing(2)
        for column, (head, views) in enumerate(zip(self.heads, (self.a, self.b, self.difference), strict=True)):
            over = QHBoxLayout()
            over.setContentsMargins(10, 0, 6, 0)
            over.addWidget(head)
            grid.addLayout(over, 0, column)
            for line, view in enumerate(views):
                grid.addWidget(view, 1 + line, column)
            grid.setColumnStretch(column, 1)
        for line in (1, 2):
            grid.setRowStretch(line, 1)
        side = QVBoxLayout()
        side.setSpacing(6)
        side.addWidget(self.legend)
        side.addWidget(self.outlines)
        side.addStretch(1)
        foot = QFrame()
        foot.setObjectName("panel")
        foot.setFixedHeight(118)
        under = QHBoxLayout(foot)
        under.setContentsMargins(10, 8, 4, 8)
        under.setSpacing(8)
        under.addWidget(self.changes, 1)
        under.addLayout(side)
        under.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(grid, 1)
        layout.addWidget(foot)


class ChangeTable(QScrollArea):
    """Measure, A, B and the change, those that changed most first; in as many columns as there is room for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.changes: tuple[Change, ...] = ()

    def show_changes(self, changes: tuple[Change, ...]) -> None:
        """Show these."""
        self.changes = changes
        inside = QWidget()
        grid = QGridLayout(inside)
        grid.setContentsMargins(0, 0, 2, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(4, 1)
        for column, name in enumerate(("Measured", "A", "B", "Change")):
            grid.addWidget(_cell(name, theme.FAINT, column), 0, column)
        for line, change in enumerate(changes, start=1):
            even = change.share < _EVEN
            texts = (change.title, change.a, change.b, "none" if even else change.change)
            colours = (theme.TEXT, theme.MUTED, theme.MUTED, theme.FAINT if even else theme.TEXT)
            for column, (text, colour) in enumerate(zip(texts, colours, strict=True)):
                grid.addWidget(_cell(text, colour, column), line, column)
        if not changes:
            grid.addWidget(muted("Nothing was measured in these samples."), 1, 0, 1, 4)
        grid.setRowStretch(len(changes) + 2, 1)
        self.setWidget(inside)


def _cell(text: str, colour: str, column: int) -> QLabel:
    label = QLabel(text)
    label.setStyleSheet(f"color: {colour}; font-size: {theme.SMALL + 1}px;")
    side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
    label.setAlignment(side | Qt.AlignmentFlag.AlignVCenter)
    return label


def _words(sample: Sample) -> str:
    return report_of(sample).first_words(12) or "No words"
