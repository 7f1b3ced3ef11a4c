"""The real window with the scripted engine, and a person's hands on it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

import scripted_engine
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.volume import Volume
from ctstudio.jobs.client import EngineClient
from ctstudio.jobs.training_runs import TrainingRuns
from ctstudio.ui.app import make_application, make_window
from ctstudio.ui.main_window import MainWindow
from ctstudio.ui.slice_view import SliceView

GRID = Grid.centred((12, 80, 96), (2.0, 2.0, 5.0))
LIVER = standard_table().by_name("liver").value


@contextmanager
def open_window(
    folder: Path, script: str = "finish", once: bool = False, runs: TrainingRuns | None = None
) -> Iterator[MainWindow]:
    """The window, standing, with its engine started; closed and cleared away at the end."""
    make_application()
    memory = folder / "played" if once else None
    client = EngineClient(command=scripted_engine.command(script, memory), log_folder=folder / "logs")
    window = make_window(client, folder / "autosave", runs)
    window.resize(1280, 800)
    window.show()
    window.start()
    try:
        yield window
    finally:
        if not window.close():  # starred samples ask for a second try
            window.close()
        window.deleteLater()
        QApplication.processEvents()
        gc.collect()


def torso() -> Volume:
    """A body in air with a bright block on the patient's right, in front, near the head."""
    array = np.full(GRID.shape, -1000, np.int16)
    array[:, 10:70, 10:86] = 40
    array[8:11, 15:25, 15:30] = 400
    return Volume(array, GRID, name="torso")


def liver() -> LabelMap:
    """A liver in six slices of the torso."""
    labels = np.zeros(GRID.shape, np.uint8)
    labels[3:9, 30:55, 20:50] = LIVER
    return LabelMap(labels, GRID, standard_table(), name="liver")


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Let the window live until something is so."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"did not come about within {seconds} s")
        QTest.qWait(10)


def ready(window: MainWindow) -> None:
    """Wait for the engine; name a model when the shelf of this machine is empty."""
    wait_for(
        lambda: window.link.client.status == "ready" and window.generator.model.currentText() != "Looking for models …"
    )
    if not window.form.model:
        window.form.model = "scripted demo"


def spot(view: SliceView, index_zyx: tuple[float, float, float]) -> QPoint:
    """Where a voxel lies in a view, widget pixels."""
    return view.point_of(index_zyx).toPoint()


def drag(view: SliceView, places: list[QPoint], button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
    """Press, move and release in a view, with real events."""
    QTest.mousePress(view, button, Qt.KeyboardModifier.NoModifier, places[0])
    for place in places[1:]:
        _move(view, place, button)
    QTest.mouseRelease(view, button, Qt.KeyboardModifier.NoModifier, places[-1])


def hover(view: SliceView, place: QPoint, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Move the mouse without a button."""
    _move(view, place, Qt.MouseButton.NoButton, keys)


def wheel(view: SliceView, notches: int, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Turn the wheel in the middle of a view; up is positive."""
    at = QPointF(view.rect().center())
    event = QWheelEvent(
        at, view.mapToGlobal(at), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton, keys,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def drop_file(window: MainWindow, path: Path) -> None:
    """Drag a file over the window and let it go."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    keys, button = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    copy = Qt.DropAction.CopyAction
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(600, 400), copy, mime, button, keys))
    QApplication.sendEvent(window, QDropEvent(QPointF(600, 400), copy, mime, button, keys))


def _move(
    view: SliceView, place: QPoint, button: Qt.MouseButton, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    at = QPointF(place)
    event = QMouseEvent(QEvent.Type.MouseMove, at, view.mapToGlobal(at), Qt.MouseButton.NoButton, button, keys)
    QApplication.sendEvent(view, event)
