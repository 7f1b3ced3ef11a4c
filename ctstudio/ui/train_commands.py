"""Everything one can do on the Train page, with its keys."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ctstudio.ui.actions import Command

if TYPE_CHECKING:
    from ctstudio.ui.main_window import MainWindow


def train_commands(window: MainWindow) -> tuple[Command, ...]:
    """All commands of the menu Train; each of them goes to the page first."""
    pages = window.pages
    deeds = (
        ("New training run", "Ctrl+Shift+N", "new"),
        ("Prepare data for training …", "Ctrl+Shift+D", "prepare"),
        ("Estimate the new run", "Ctrl+Shift+E", "estimate"),
        ("Start the new run", "Ctrl+Shift+Return", "start"),
        ("Pause or resume the run", "Ctrl+Shift+P", "pause"),
        ("Stop the run", "Ctrl+Shift+X", "stop"),
        ("Clone the run", "Ctrl+Shift+C", "clone"),
        ("Compare the run with others", "Ctrl+Shift+M", "compare"),
        ("Promote the run to a model …", "Ctrl+Shift+U", "promote"),
        ("Open the run's folder", "Ctrl+Shift+F", "folder"),
        ("Show the run's log", "Ctrl+Shift+L", "log"),
        ("Take the run off the list", "Ctrl+Shift+Del", "remove"),
        ("Add a run from another folder …", "Ctrl+Shift+A", "add"),
    )
    steps = (
        ("Next run", "Ctrl+Shift+PgDown", lambda: pages.train().training.step(1)),
        ("Previous run", "Ctrl+Shift+PgUp", lambda: pages.train().training.step(-1)),
        ("Later training samples", "Ctrl+Shift+Right", lambda: pages.train().training.step_moment(1)),
        ("Earlier training samples", "Ctrl+Shift+Left", lambda: pages.train().training.step_moment(-1)),
    )
    asked = tuple(Command("Train", title, (key,), partial(pages.ask_train, what)) for title, key, what in deeds)
    return (*asked, *(Command("Train", title, (key,), run) for title, key, run in steps))
