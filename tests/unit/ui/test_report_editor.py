"""The editor keeps every letter as typed, counts words, and lets its own undo bring a replaced report back."""

from PySide6.QtCore import Qt

from ctstudio.catalog.cards import card
from ctstudio.session.report_text import ReportText
from ctstudio.ui.report_editor import ReportEditor


def _editor(qtbot) -> ReportEditor:
    fields = {field.name: field for field in card("medsyn", "generate").fields()}
    editor = ReportEditor(fields["text"], fields["impression"])
    qtbot.addWidget(editor)
    editor.show()
    return editor


def test_words_are_told_as_typed_and_counted(qtbot) -> None:
    editor = _editor(qtbot)
    told = []
    editor.changed.connect(told.append)
    qtbot.keyClicks(editor.findings.text, "teh  lungs\tare")
    assert told[-1].findings == "teh  lungs\tare".replace("\t", "")  # Tab goes to the impression
    assert editor.findings.count.text() == "2 words"
    editor.findings.text.insertPlainText("ö\nclear")
    assert editor.report.findings.endswith("ö\nclear")
    assert editor.findings.count.text() == "3 words"
    editor.findings.text.clear()
    assert editor.findings.count.text() == ""
    assert editor.findings.text.placeholderText().startswith("What is seen")


def test_a_shown_report_is_not_told_and_can_be_undone(qtbot) -> None:
    editor = _editor(qtbot)
    qtbot.keyClicks(editor.findings.text, "mine")
    told = []
    editor.changed.connect(told.append)
    editor.show_report(ReportText("template", "short"))
    assert told == []
    assert editor.report == ReportText("template", "short")
    qtbot.keyClick(editor.findings.text, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert editor.report.findings == "mine"


def test_showing_the_same_leaves_the_cursor_where_it_is(qtbot) -> None:
    editor = _editor(qtbot)
    qtbot.keyClicks(editor.findings.text, "abcdef")
    qtbot.keyClick(editor.findings.text, Qt.Key.Key_Home)
    editor.show_report(editor.report)
    assert editor.findings.text.textCursor().position() == 0


def test_a_very_long_report_is_taken(qtbot) -> None:
    editor = _editor(qtbot)
    editor.show_report(ReportText("word " * 10_000))
    assert editor.findings.count.text() == "10000 words"
