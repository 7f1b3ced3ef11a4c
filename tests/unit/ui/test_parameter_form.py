"""The form follows the card."""

from PySide6.QtWidgets import QSpinBox, QWidget

from ctstudio.catalog.na_diff import CARD
from ctstudio.ui.parameter_form import ParameterForm


def _form(qtbot) -> ParameterForm:
    form = ParameterForm(CARD.fields())
    qtbot.addWidget(form)
    return form


def test_every_field_has_a_row_with_its_range_and_default(qtbot) -> None:
    form = _form(qtbot)
    for field in CARD.fields():
        editor = form.findChild(QWidget, f"parameter-{field.name}")
        assert editor is not None
        assert field.help.split(".")[0] in editor.toolTip()
        if field.kind in ("number", "whole number"):
            assert (editor.minimum(), editor.maximum(), editor.value()) == (field.low, field.high, field.default)


def test_an_edit_is_said_with_its_name(qtbot) -> None:
    form = _form(qtbot)
    heard: list[tuple[str, object]] = []
    form.changed.connect(lambda name, value: heard.append((name, value)))
    form.findChild(QSpinBox, "parameter-steps").setValue(12)
    form.show_value("sampler", "ddim")
    assert heard == [("steps", 12), ("sampler", "ddim")]
