"""The start of the window: first it stands, then the engine, the shelf and the files come."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from ctstudio.jobs.client import EngineClient
from ctstudio.jobs.training_runs import TrainingRuns
from ctstudio.ui import theme
from ctstudio.ui.main_window import MainWindow

_log = logging.getLogger(__name__)


def run(files: Sequence[str], demo: bool = False) -> int:
    """Open the window with files, or with the demo case, and stay until it is closed.

    Args:
        files: Scans, label files and DICOM folders to open.
        demo: Open the demo case when no files are given.

    Returns:
        The exit code.
    """
    application = make_application()
    window = make_window()
    window.first_painted.connect(lambda: _after_first_paint(window, files, demo))
    window.show()
    sys.excepthook = lambda *fault: _report_fault(window, *fault)
    beat = QTimer()  # lets Python see Ctrl+C in the terminal
    beat.timeout.connect(lambda: None)
    beat.start(300)
    signal.signal(signal.SIGINT, lambda *_: window.close())
    return int(application.exec())


def make_application() -> QApplication:
    """The application with its theme; the one that runs already, when there is one."""
    running = QApplication.instance()
    application = running if isinstance(running, QApplication) else QApplication(["ctstudio"])
    application.setApplicationName("CT Studio")
    theme.apply(application)
    return application


def make_window(
    client: EngineClient | None = None, autosave_folder: Path | None = None, runs: TrainingRuns | None = None
) -> MainWindow:
    """The window, not yet shown; the engine is not yet started."""
    if autosave_folder is None:
        from platformdirs import user_state_path

        autosave_folder = user_state_path("ctstudio", appauthor=False) / "autosave"
    window = MainWindow(EngineClient() if client is None else client, autosave_folder, runs)
    screen = QApplication.primaryScreen().availableGeometry()
    window.resize(min(1680, int(screen.width() * 0.92)), min(1050, int(screen.height() * 0.92)))
    return window


def _after_first_paint(window: MainWindow, files: Sequence[str], demo: bool) -> None:
    window.start()
    if files:
        window.opening.open([Path(name) for name in files])
    elif demo:
        window.opening.open_demo()


def _report_fault(
    window: MainWindow, kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """A fault of ours: into the log with its traceback, and to the user in one line."""
    _log.critical("unexpected fault", exc_info=(kind, error, trace))
    text = f"Something went wrong inside the program ({kind.__name__}: {error})."
    window.notices.say(text, "Your painting is kept safe. Please report this.", "error")
