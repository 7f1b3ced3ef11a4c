"""Ties the sheet of label meanings to the window: asked for by hand, answered from memory where it can be."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from ctstudio.core.errors import CtStudioError
from ctstudio.core.labels import LabelMap
from ctstudio.session.document import Case
from ctstudio.session.label_mapping import Foreign, guess, labels_in, mapped
from ctstudio.session.label_memory import LabelMemory, own_label_memory
from ctstudio.session.mask_import import ImportedMask
from ctstudio.ui.actions import key_name

if TYPE_CHECKING:
    from ctstudio.ui.label_map_sheet import LabelMapSheet
    from ctstudio.ui.main_window import MainWindow

TITLE, KEY = "What the labels mean …", "Ctrl+M"
_STEP = "Map labels"
_MOST_NAMED = 4


class LabelMapLink(QObject):
    """Looks at every mask that comes from a file."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._case: Case | None = None
        self.memory = LabelMemory(own_label_memory())
        self.sheet: LabelMapSheet | None = None
        window.opening.labels_taken.connect(self.look)

    def open(self) -> None:
        """Ask about the labels of the case in sight."""
        case = self._window.document.active
        if case is None or case.mask.empty:
            self._window.notices.say("There are no labels to map.", "Import a label file (Ctrl+I), or paint.")
            return
        labels = labels_in(case.mask)
        self._in_words(labels, partial(self._show, case, labels))

    def look(self, case: Case) -> None:
        """A mask came from a file: map what is known of its labels, or say that some mean nothing to us."""
        labels = labels_in(case.mask)
        strange = [one for one in labels if not one.known]
        if not strange:
            return

        def take(known: dict[int, str]) -> None:
            names = ", ".join(f"'{one.name}'" for one in strange[:_MOST_NAMED])
            more = f" and {len(strange) - _MOST_NAMED} more" if len(strange) > _MOST_NAMED else ""
            if all(one.named and one.value in known for one in strange):
                self._apply(case, {one.value: known[one.value] for one in strange}, "As remembered: ")
            else:
                self._window.notices.say(
                    f"Labels that the standard table does not have: {names}{more}.",
                    f"Say what they mean with {key_name(KEY)}.",
                    "warning",
                )

        self._recall(labels, take)

    def _in_words(self, labels: tuple[Foreign, ...], then: Callable[[dict[int, str]], object]) -> None:
        """What is known of labels, and guessed of the others."""

        def take(known: dict[int, str]) -> None:
            guessed = {one.value: guess(one.name) for one in labels if not one.known and one.value not in known}
            then(known | {value: name for value, name in guessed.items() if name is not None})

        self._recall(labels, take)

    def _recall(self, labels: tuple[Foreign, ...], then: Callable[[dict[int, str]], object]) -> None:
        names = [one.name for one in labels]

        def found(meanings: dict[str, str]) -> None:
            then({one.value: meanings[one.name] for one in labels if one.name in meanings})

        def failed(error: CtStudioError) -> None:
            self._window.notices.report(error)
            then({})

        self._window.background.run(lambda: self.memory.recall(names), found, failed)

    def _show(self, case: Case, labels: tuple[Foreign, ...], meanings: dict[int, str]) -> None:
        if self.sheet is None:
            from ctstudio.ui.label_map_sheet import LabelMapSheet

            self.sheet = LabelMapSheet(self._window)
            self.sheet.told.connect(self._take)
        self._case = case
        self.sheet.show_labels(labels, meanings)
        self.sheet.show()
        self.sheet.raise_()

    def _take(self, meanings: dict[int, str], remember: bool) -> None:
        case = self._case
        if case is None or case not in self._window.document.cases:
            return
        names = {one.name: meanings[one.value] for one in labels_in(case.mask) if one.value in meanings}
        if remember:
            work = partial(self.memory.remember, names)
            self._window.background.run(work, lambda _: None, self._window.notices.report)
        self._apply(case, meanings, "")

    def _apply(self, case: Case, meanings: dict[int, str], before: str) -> None:
        work = partial(mapped, case.mask.snapshot(), meanings)
        self._window.background.run(work, partial(self._applied, case, before), self._window.notices.report)

    def _applied(self, case: Case, before: str, labels: LabelMap) -> None:
        if case not in self._window.document.cases:
            return
        self._window.document.apply_mask(case, ImportedMask(labels, (), ()), case.mask_path, step=_STEP)
        names = ", ".join(labels.table.by_value(v).title for v in labels.present()[:_MOST_NAMED])
        more = len(labels.present()) - _MOST_NAMED
        text = f"{before}The mask of {case.name} holds {names}{f' and {more} more' if more > 0 else ''}."
        self._window.notices.say(text, "Undo (Ctrl+Z) takes the mapping back.")
