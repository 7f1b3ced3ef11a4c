"""The head of the Train page's middle: the chosen run in words, what can be done to it, and the plots' legend."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from ctstudio.jobs.training_status import RunStatus
from ctstudio.ui import theme
from ctstudio.ui.notices_line import ShortLabel
from ctstudio.ui.panel_parts import quietly, row
from ctstudio.ui.train_plots import Drawn
from ctstudio.ui.train_words import STATE_COLOURS, long_state

_BUTTONS = (
    ("pause", "Pause", "Pause, go on, or start again from the last checkpoint (Ctrl+Shift+P)"),
    ("stop", "Stop", "Stop after this step; Resume goes on from there (Ctrl+Shift+X)"),
    ("clone", "Clone", "Take this run's settings into the form (Ctrl+Shift+C)"),
    ("compare", "Compare", "Keep this run in the plots while you look at others (Ctrl+Shift+M)"),
    ("promote", "Promote …", "Put a checkpoint on the shelf as a model (Ctrl+Shift+U)"),
    ("folder", "Folder", "Open the run's folder (Ctrl+Shift+F)"),
    ("log", "Log", "Show what the training process said (Ctrl+Shift+L)"),
    ("remove", "Remove", "Take the run off the list; its files stay (Ctrl+Shift+Delete)"),
)


class TrainHead(QWidget):
    """`asked` carries the name of a button: pause, stop, clone, compare, promote, folder, log, remove."""

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = ShortLabel()
        self.title.setObjectName("title")
        self.state = ShortLabel()
        self.trouble = QLabel()
        self.trouble.setWordWrap(True)
        self.trouble.setStyleSheet(f"color: {theme.RED};")
        self.legend = QLabel()
        self.legend.setWordWrap(True)
        self.legend.setObjectName("small")
        self.buttons: dict[str, QPushButton] = {}
        for name, text, tip in _BUTTONS:
            button = QPushButton(text)
            button.setToolTip(tip)
            button.setStyleSheet("padding: 5px 10px;")
            button.clicked.connect(lambda _=False, name=name: self.asked.emit(name))
            self.buttons[name] = button
        self.buttons["compare"].setCheckable(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(7)
        layout.addWidget(self.title)
        layout.addWidget(self.state)
        layout.addWidget(self.trouble)
        layout.addLayout(row(*self.buttons.values(), None, spacing=6))
        layout.addWidget(self.legend)

    def show_run(self, status: RunStatus, compared: bool) -> None:
        """Show how the chosen run stands, and what can be done to it."""
        info = status.info
        if self.title.full != info.title:
            self.title.show_text(info.title)
        words = long_state(status)
        if self.state.full != words:
            self.state.show_text(words)
            self.state.setToolTip(words)
        self.state.setStyleSheet(f"color: {STATE_COLOURS[info.state]};")
        trouble = f"{info.message} {info.remedy}".strip() if info.state == "failed" else ""
        self.trouble.setText(trouble)
        self.trouble.setVisible(bool(trouble))
        paused = info.state in ("paused", "stopped", "failed")
        self.buttons["pause"].setText("Resume" if paused else "Pause")
        self.buttons["pause"].setEnabled(info.state != "finished")
        self.buttons["stop"].setEnabled(not status.over)
        self.buttons["clone"].setEnabled(bool(info.settings))
        quietly(self.buttons["compare"], compared)
        self.buttons["compare"].setStyleSheet(
            f"padding: 5px 10px; border: 1px solid {theme.ACCENT}; background: #24384b;"
            if compared
            else "padding: 5px 10px;"
        )

    def show_legend(self, runs: tuple[Drawn, ...]) -> None:
        """Name the runs in the plots by colour, when there are several."""
        names = [f"<span style='color:{run.colour}'>■</span>&nbsp;{escape(run.title)}" for run in runs]
        self.legend.setText("&nbsp;&nbsp;&nbsp; ".join(names))
        self.legend.setVisible(len(runs) > 1)
