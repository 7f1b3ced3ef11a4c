"""The page "Train": runs on the left, plots and samples of the chosen ones in the middle, the form on the right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from ctstudio.jobs.training_runs import TrainingRuns
from ctstudio.jobs.training_status import log_tail
from ctstudio.session.notices import Notices
from ctstudio.session.viewing import Viewing
from ctstudio.ui.background import Background
from ctstudio.ui.train_deeds import TrainDeeds
from ctstudio.ui.train_dialogs import LogSheet, PromoteSheet
from ctstudio.ui.train_head import TrainHead
from ctstudio.ui.train_link import TrainLink
from ctstudio.ui.train_new_run import TrainNewRun
from ctstudio.ui.train_plots import Drawn, TrainPlots
from ctstudio.ui.train_prepare import PrepareSheet
from ctstudio.ui.train_run_list import TrainRunList
from ctstudio.ui.train_samples import TrainSamples
from ctstudio.ui.train_words import colours_of

LIST_WIDTH = 230
_DRAW_MS = 120
_HINT = """No training run yet.

Choose a recipe, a model and data on the right,
ask for an estimate, and press Start.

A run is a process of its own: it goes on when this window is closed,
and is found again when it is opened."""


class TrainPage(QWidget):
    """Everything about training.

    Args:
        runs: Where runs are started and found.
        notices: The window's.
    """

    promoted = Signal(str)

    def __init__(self, runs: TrainingRuns, notices: Notices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.link = TrainLink(runs, notices, self)
        self.training, self.form = self.link.training, self.link.form
        self.deeds = TrainDeeds(self.link, self)
        self.list = TrainRunList()
        self.head = TrainHead()
        self.plots = TrainPlots()
        self.samples = TrainSamples(self.link)
        self.new_run = TrainNewRun(self.link)
        self.middle = QStackedWidget()
        self.prepare_sheet: PrepareSheet | None = None
        self.sheet: PromoteSheet | LogSheet | None = None
        self._preparing = Background(self, threads=1)
        self._drawing = QTimer(self)
        self._drawing.setSingleShot(True)
        self._drawing.setInterval(_DRAW_MS)
        self._drawing.timeout.connect(self._draw)
        self._lay_out()
        self._bind()
        self._show_runs()
        self.link.start()

    @property
    def viewing(self) -> Viewing:
        """Window, slice and zoom of the samples."""
        return self.samples.viewing

    def shut_down(self) -> None:
        """Stop looking; runs go on by themselves."""
        if self.prepare_sheet is not None:
            self.prepare_sheet.cancel()
        self._drawing.stop()
        self.deeds.close()
        self.link.close()
        self._preparing.close()

    # Asking.

    def ask(self, what: str) -> None:
        """Do what a button or key of the chosen run says."""
        deeds = {
            "pause": self.deeds.pause_or_resume,
            "stop": self.deeds.stop,
            "clone": self.deeds.clone,
            "compare": self.deeds.compare,
            "promote": self.ask_promote,
            "folder": self.deeds.open_folder,
            "log": self.show_log,
            "remove": self.deeds.remove,
            "start": self.deeds.start,
            "estimate": lambda: self.deeds.estimate(self.new_run.price.value()),
            "prepare": self.ask_prepare,
            "add": self.ask_run_folder,
            "new": self.new_run.title.setFocus,
        }
        deeds[what]()
        self._show_runs()

    def ask_promote(self) -> None:
        """Ask for a model's name and the checkpoint."""
        status = self.training.chosen
        if status is not None:
            self.sheet = PromoteSheet(status, self)
            self.sheet.asked.connect(self.deeds.promote)
            self.sheet.open()

    def show_log(self) -> None:
        """Show the end of the chosen run's log."""
        status = self.training.chosen
        if status is None:
            return

        def read() -> None:
            self.deeds.read(lambda: log_tail(status.folder), sheet.show_log)

        sheet = LogSheet(status.info.title, read, self)
        self.sheet = sheet
        read()
        sheet.show()

    def ask_prepare(self) -> None:
        """Show the sheet that prepares data; one data set at a time."""
        if self.prepare_sheet is None:
            self.prepare_sheet = PrepareSheet(self.link.dataset_home, self._preparing, self)
            self.prepare_sheet.prepared.connect(self._take_dataset)
        self.prepare_sheet.show()
        self.prepare_sheet.raise_()

    def ask_dataset(self) -> None:
        """Ask for the folder of a prepared data set."""
        self._ask_folder("Choose a prepared data set", self._take_dataset)

    def ask_folder(self) -> None:
        """Ask where the new run shall lie."""
        self._ask_folder("Choose a folder for the run", lambda folder: setattr(self.form, "folder", folder))

    def ask_run_folder(self) -> None:
        """Ask for a run that lies elsewhere."""
        self._ask_folder("Choose the folder of a training run", self.deeds.add)

    def _ask_folder(self, title: str, then: Callable[[Path], object]) -> None:
        dialog = QFileDialog(self, title)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda name: then(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _take_dataset(self, folder: Path) -> None:
        self.link.look_at_datasets(folder)
        self.form.dataset = str(folder)

    # Showing.

    def _show_runs(self) -> None:
        training = self.training
        chosen = training.chosen
        colours = colours_of(training.shown)
        self.list.show_runs(training.runs, colours, None if chosen is None else chosen.folder)
        self.middle.setCurrentIndex(0 if chosen is None else 1)
        if chosen is not None:
            self.head.show_run(chosen, training.is_compared(chosen.folder))

    def _draw_soon(self) -> None:
        if not self._drawing.isActive():
            self._drawing.start()

    def _draw(self) -> None:
        """Draw the shown runs, the chosen one last, so that its values are written out."""
        shown, chosen = self.training.shown, self.training.chosen
        colours, curves = colours_of(shown), self.training.curves
        drawn = {s.folder: Drawn(s.info.title, colours[s.folder], curves(s.folder)) for s in shown}
        self.head.show_legend(tuple(drawn.values()))
        if chosen is not None and chosen.folder in drawn:
            drawn[chosen.folder] = drawn.pop(chosen.folder)
        self.plots.show_runs(tuple(drawn.values()))

    def _lay_out(self) -> None:
        hint = QLabel(_HINT)
        hint.setObjectName("muted")
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.middle.addWidget(hint)
        self.middle.addWidget(self._board())
        self.list.setMinimumWidth(160)
        across = QSplitter(Qt.Orientation.Horizontal)
        across.setHandleWidth(1)
        across.setChildrenCollapsible(False)
        across.addWidget(self.list)
        across.addWidget(self.middle)
        across.setStretchFactor(1, 1)
        across.setSizes([LIST_WIDTH, 1000])
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(across, 1)
        layout.addWidget(self.new_run)

    def _board(self) -> QWidget:
        """What is shown of the chosen run."""
        board = QSplitter(Qt.Orientation.Vertical)
        board.setHandleWidth(7)
        board.setStyleSheet("QSplitter::handle { background: transparent; }")
        board.setChildrenCollapsible(False)
        board.addWidget(self.plots)
        board.addWidget(self.samples)
        board.setSizes([600, 460])
        run = QWidget()
        rows = QVBoxLayout(run)
        rows.setContentsMargins(14, 12, 14, 10)
        rows.setSpacing(8)
        rows.addWidget(self.head)
        rows.addWidget(board, 1)
        return run

    def _bind(self) -> None:
        training, new_run, deeds = self.training, self.new_run, self.deeds
        training.runs_changed.connect(self._show_runs)
        training.shown_changed.connect(self._show_runs)
        training.shown_changed.connect(self._draw_soon)
        training.curves_changed.connect(self._draw_soon)
        self.list.chosen.connect(training.choose)
        self.list.add_asked.connect(self.ask_run_folder)
        self.head.asked.connect(self.ask)
        new_run.check_asked.connect(deeds.check)
        new_run.start_asked.connect(deeds.start)
        new_run.estimate_asked.connect(deeds.estimate)
        new_run.choices.prepare_asked.connect(self.ask_prepare)
        new_run.choices.dataset_asked.connect(self.ask_dataset)
        new_run.folder_asked.connect(self.ask_folder)
        new_run.trouble.connect(self.link.notices.report)
        deeds.problems_found.connect(new_run.show_problems)
        deeds.estimated.connect(new_run.show_estimate)
        deeds.busy_changed.connect(lambda: new_run.show_busy(deeds.estimating, deeds.starting))
        deeds.promoted.connect(self.promoted)
