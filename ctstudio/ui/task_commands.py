"""What one can do with the tasks of the Generate page, with its keys."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ctstudio.catalog.cards import all_cards
from ctstudio.ui.actions import Command
from ctstudio.ui.tasks_link import FROM_REPORT

if TYPE_CHECKING:
    from ctstudio.ui.main_window import MainWindow


def task_commands(window: MainWindow) -> tuple[Command, ...]:
    """A command for each task, then those of its samples, then those of reports."""
    tasks = window.pages.tasks
    chosen = tuple(
        Command("Generate", f"Task: {card.title}", (f"Ctrl+Shift+{place}",), partial(tasks.choose, key))
        for place, card in enumerate(all_cards(), start=1)
        for key in [(card.system, card.task)]
    )
    return (
        *chosen,
        Command("Generate", "Compare: beside, swipe, difference", ("C",), window.layers.cycle),
        Command("Generate", "Next finding", ("J",), lambda: tasks.step_finding(1)),
        Command("Generate", "Previous finding", ("K",), lambda: tasks.step_finding(-1)),
        Command("Generate", "Earlier reports", ("Ctrl+H",), lambda: _on_reports(window, "history")),
        Command("Generate", "Report templates", ("Ctrl+T",), lambda: _on_reports(window, "templates")),
        Command(
            "Generate", "What the words did: compare two reports", ("Ctrl+D",), lambda: _on_reports(window, "words")
        ),
    )


def _on_reports(window: MainWindow, what: str) -> None:
    """Go to the task of reports, if it can be had, and do something there."""
    tasks = window.pages.tasks
    before = tasks.current
    tasks.choose(FROM_REPORT)
    if tasks.chosen != FROM_REPORT or FROM_REPORT not in tasks.panels.offered:
        return
    report = tasks.report
    if what == "history":
        report.words.open_history()
    elif what == "templates":
        report.words.open_templates()
    else:
        report.form.comparing = before is not report or not report.form.comparing
