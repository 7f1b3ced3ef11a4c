"""The words of reports beyond the editor: templates and history, read and written beside the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from ctstudio.session.notices import Notices
from ctstudio.session.prompt_history import PromptHistory, own_history_file
from ctstudio.session.report_form import ReportForm
from ctstudio.session.report_templates import ReportTemplates, own_templates_file
from ctstudio.session.report_text import ReportText
from ctstudio.ui.background import Background
from ctstudio.ui.history_sheet import HistorySheet
from ctstudio.ui.report_panel import ReportPanel


class ReportWords(QObject):
    """Fills menu and sheet, and puts what is taken from them into the form."""

    def __init__(
        self, form: ReportForm, panel: ReportPanel, notices: Notices, background: Background, window: QWidget
    ) -> None:
        super().__init__(window)
        self._form, self._panel = form, panel
        self._notices, self._background, self._window = notices, background, window
        self.history = PromptHistory(own_history_file())
        self.templates = ReportTemplates(own_templates_file())
        self.sheet = HistorySheet(self.history.path, window)
        panel.history.clicked.connect(self.open_history)
        panel.templates.taken.connect(self.take)
        panel.templates.remove_asked.connect(lambda name: self._change_templates(lambda: self.templates.remove(name)))
        panel.keep.named.connect(self._keep)
        self.sheet.taken.connect(self.take)
        self.sheet.forget_asked.connect(lambda text: self._change_history(lambda: self.history.forget(text)))
        self.sheet.clear_asked.connect(lambda: self._change_history(self.history.clear))
        self._change_templates(self.templates.entries)
        self._change_history(self.history.entries)

    def take(self, text: ReportText) -> None:
        """Put a report into the editor; the editor's own undo brings the old one back."""
        self._form.text = text
        self._panel.editor.findings.text.setFocus()

    def remember(self, *texts: ReportText) -> None:
        """Put reports that are generated from into the history, the last one in front."""

        def add() -> object:
            entries = self.history.entries()
            for text in texts:
                entries = self.history.add(text)
            return entries

        self._change_history(add)

    def open_history(self) -> None:
        """Show the earlier reports, as they are now on the disk."""
        self._change_history(self.history.entries)
        self.sheet.open_over(self._window)

    def open_templates(self) -> None:
        """Show the templates."""
        button = self._panel.templates
        button.list.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def _keep(self, name: str) -> None:
        text = self._form.text

        def kept(templates: Any) -> None:
            self._panel.editor.findings.text.setFocus()  # or hiding the line hands the keys to anything
            self._panel.keep.hide()
            self._panel.templates.show_templates(templates)
            self._notices.say(f"Kept as the template '{' '.join(name.split())}'.")

        self._background.run(lambda: self.templates.save(name, text), kept, self._notices.report)

    def _change_templates(self, work: Callable[[], object]) -> None:
        self._background.run(work, self._panel.templates.show_templates, self._notices.report)

    def _change_history(self, work: Callable[[], object]) -> None:
        self._background.run(work, self.sheet.show_entries, self._notices.report)
