"""The window: views in the middle, cases on the left, the page's panel on the right, results and jobs below."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget

from ctstudio.catalog.cards import card
from ctstudio.catalog.shelf import look
from ctstudio.jobs.client import EngineClient
from ctstudio.jobs.training_runs import TrainingRuns
from ctstudio.session.document import Case, Document
from ctstudio.session.generation import GenerationForm
from ctstudio.ui.actions import Actions
from ctstudio.ui.asking_files import AskingFiles
from ctstudio.ui.background import Background
from ctstudio.ui.case_list import CaseList
from ctstudio.ui.case_views import CaseViews
from ctstudio.ui.command_palette import CommandPalette
from ctstudio.ui.generate_panel import GeneratePanel
from ctstudio.ui.help_sheet import HelpSheet
from ctstudio.ui.job_bar import JobBar
from ctstudio.ui.jobs_link import JobsLink
from ctstudio.ui.label_map_link import LabelMapLink
from ctstudio.ui.opening import Opening
from ctstudio.ui.organ_link import OrganLink
from ctstudio.ui.page_order import GENERATE_PAGE, LOW_DOSE_PAGE, PAINT_PAGE
from ctstudio.ui.pages import Pages
from ctstudio.ui.paint_panel import PaintPanel
from ctstudio.ui.planes import AXIAL, PLANES
from ctstudio.ui.predictions import Predictions
from ctstudio.ui.results_strip import ResultsStrip
from ctstudio.ui.safety import Safety
from ctstudio.ui.sample_layers import SampleLayers
from ctstudio.ui.samples_in_sight import SamplesInSight
from ctstudio.ui.saving_files import SavingFiles
from ctstudio.ui.scene_link import SceneLink
from ctstudio.ui.slice_view import SliceView
from ctstudio.ui.tasks_link import FROM_MASK
from ctstudio.ui.tools import ToolBox
from ctstudio.ui.top_bar import TopBar
from ctstudio.ui.view_controls import ViewControls
from ctstudio.ui.view_grid import ViewGrid
from ctstudio.ui.window_bonds import WindowBonds, bind
from ctstudio.ui.window_commands import commands
from ctstudio.ui.window_layout import lay_out


class MainWindow(QMainWindow):
    """Everything the user sees.

    Args:
        client: The line to the engine; it is started by `start`.
        autosave_folder: Where painted masks are kept safe.
        runs: Where training runs are started and found; the user's own by default.
    """

    first_painted = Signal()

    def __init__(self, client: EngineClient, autosave_folder: Path, runs: TrainingRuns | None = None) -> None:
        super().__init__()
        self.setWindowTitle("CT Studio")
        self.setMinimumSize(QSize(1040, 680))
        self.setAcceptDrops(True)
        self._painted = False
        self._closed = False
        self._closing: Case | None = None
        self.bonds: WindowBonds
        # What it holds.
        self.document = Document()
        self.notices = self.document.notices
        self.form = GenerationForm(card("na_diff", "generate"))
        self.form.roll_seed()
        self.background = Background(self)
        self.link = JobsLink(client, self.notices, self)
        self.safety = Safety(self.document, self.background, autosave_folder, self)
        self.opening = Opening(self.document, self.background, self)
        self.labels = LabelMapLink(self)
        self.organs = OrganLink(self)
        self.saving = SavingFiles(self, self.notices, self.background, self.safety.autosave)
        self.asking = AskingFiles(self)
        self.predictions = Predictions(self.form, self.background, self)
        self.tools = ToolBox(self)
        self.controls = ViewControls(self.tools)
        # What it shows.
        originals = tuple(SliceView(plane, self.controls) for plane in PLANES)
        generated = SliceView(AXIAL, self.controls, "Generated", paintable=False)
        self.views = CaseViews(originals, generated, self)
        self.grid = ViewGrid(originals, generated)
        self.stage = QStackedWidget()
        self.stage.addWidget(self.grid)
        self.samples = SamplesInSight(self)
        self.layers = SampleLayers(self)
        self.scene = SceneLink(self)
        self.top = TopBar()
        self.cases = CaseList(self.document)
        self.paint = PaintPanel(self.tools)
        self.generator = GeneratePanel(self.form)
        self.panels = QStackedWidget()
        self.strip = ResultsStrip()
        self.bar = JobBar()
        self.pages = Pages(self, runs)
        lay_out(self)
        # What it does.
        self.actions_table = Actions(self, commands(self))
        self.actions_table.fill(self.top.menus)
        self.controls.actions = self.actions_table
        self.palette_sheet = CommandPalette(self.actions_table.commands, self)
        self.help_sheet: HelpSheet | None = None
        bind(self)
        self.show_page(PAINT_PAGE)
        self.grid.axial.setFocus()

    def start(self) -> None:
        """What waits until the window stands: the engine, the shelf of models, masks of earlier runs."""
        self.link.start()
        self.look_at_shelf()
        self.safety.look_back()

    def look_at_shelf(self) -> None:
        """Look for models, and offer them."""
        self.background.run(look, self.pages.tasks.show_shelf, self.notices.report)

    # Pages and views.

    @property
    def page(self) -> int:
        """The page in sight."""
        return self.pages.page

    def show_page(self, page: int) -> None:
        """Go to a page."""
        self.pages.show_page(page)

    def move_slices(self, by: int) -> None:
        """Move the view in focus by slices."""
        view = self.controls.focused or self.grid.axial
        if self.document.active is not None:
            self.document.active.viewing.scroll(view.plane.normal, by)

    def maximise_focused(self) -> None:
        """Make the view in focus large, or bring all back."""
        self.grid.maximise(None if self.grid.large else self.scene.focused or self.controls.focused or self.grid.axial)

    # Cases.

    def close_case(self, case: Case | None = None) -> None:
        """Close a case; one with unsaved work asks for a second press."""
        case = case or self.document.active
        if case is None:
            return
        if (case.mask.modified or case.results.unsaved) and case is not self._closing:
            self._closing = case
            QTimer.singleShot(8000, self._forget_closing)
            self.notices.say(f"{case.name} has unsaved work.", "Save it, or close again to let it go.", "warning")
            return
        self._forget_closing()
        self.document.remove(case)

    def step_case(self, by: int) -> None:
        """Look at the next case, or the one before."""
        cases = self.document.cases
        if cases and self.document.active is not None:
            self.document.active = cases[(cases.index(self.document.active) + by) % len(cases)]

    # Generation.

    def generate(self) -> None:
        """Do what the page is for: the Generate page's task, or the whole scan at the dial's dose."""
        if self.page == LOW_DOSE_PAGE:
            self.pages.low_dose.simulate_whole()
            return
        case, tasks = self.document.active, self.pages.tasks
        if case is None and tasks.chosen == FROM_MASK:
            self.notices.say("Nothing to generate from.", "Open a scan and paint a mask first.", "warning")
            return
        self.show_page(GENERATE_PAGE)
        if not tasks.generate() and case is not None:
            self.link.submit(case, self.form)

    # Help.

    def open_palette(self) -> None:
        """Show every action with its key."""
        self.palette_sheet.open_over(self)

    def open_help(self) -> None:
        """Show the help sheet."""
        if self.help_sheet is None:
            self.help_sheet = HelpSheet(self.actions_table.commands, self)
        self.help_sheet.show()
        self.help_sheet.raise_()

    # Events.

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self.first_painted.emit)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths: Sequence[Path] = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        self.opening.open(paths)

    def closeEvent(self, event: QCloseEvent) -> None:
        """End the engine and the threads; unsaved masks stay in the autosave, starred samples ask for a second try."""
        if not self._closed and self.safety.holds_back():
            event.ignore()
            return
        if not self._closed:
            self._closed = True
            self.views.show(None)
            self.scene.close()
            self.pages.shut_down()
            self.organs.close()
            self.link.close()
            self.background.close()  # before the autosave: a save under way clears its record
            self.safety.close()
        super().closeEvent(event)

    def _forget_closing(self) -> None:
        self._closing = None
