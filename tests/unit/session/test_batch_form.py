"""What the sheet holds, and the settings that come of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctstudio.catalog.cards import card
from ctstudio.core.errors import CtStudioError, InputError, ModelNotFound, ParameterError
from ctstudio.session.batch_form import BatchForm


@pytest.fixture
def form(tmp_path: Path) -> BatchForm:
    form = BatchForm(card("na_diff", "generate"), tmp_path / "raw")
    form.take("tiny", {**form.card.defaults(), "steps": 7, "count": 3, "dose": 0.77, "complete": False})
    form.set_text("masks", str(tmp_path / "masks"))
    return form


def test_lists_come_from_the_sheet_and_the_rest_from_the_generate_page(form: BatchForm, tmp_path: Path) -> None:
    settings = form.settings()
    assert settings.sweeps["dose"] == (0.05, 0.1, 0.25)
    assert settings.sweeps["seed"] == (0, 1, 2, 3, 4)
    assert settings.sweeps["steps"] == (7,)
    assert settings.sweeps["complete"] == (False,)
    assert settings.model == "tiny"
    assert "steps 7" in form.taken
    assert "dose" not in form.taken
    assert form.folder(settings) == tmp_path / "raw" / "Dataset501_Synthetic"
    form.set_text("layout", "runs")
    form.set_text("name", "mine")
    assert form.folder(form.settings()) == tmp_path / "raw" / "mine"


def test_what_changes_is_said_once(form: BatchForm) -> None:
    heard: list[str] = []
    form.changed.connect(heard.append)
    form.set_text("dose", "0.5")
    form.set_text("dose", "0.5")
    form.leave_out = True
    form.leave_out = True
    form.take("tiny", {**form.card.defaults(), "steps": 7, "complete": False, "seed": 99})
    form.take("other", form.card.defaults())
    assert heard == ["dose", "leave_out", "model"]


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("masks", " ", InputError),
        ("out", "", InputError),
        ("dose", "", ParameterError),
        ("seed", "x", ParameterError),
        ("name", "Liver", ParameterError),
        ("layout", "bids", ParameterError),
        ("label_source", "completed", ParameterError),
        ("patient_pattern", "(", ParameterError),
    ],
)
def test_what_cannot_be_used_is_refused(form: BatchForm, name: str, text: str, kind: type[CtStudioError]) -> None:
    form.set_text(name, text)
    with pytest.raises(kind) as caught:
        form.settings()
    assert caught.value.remedy


def test_without_a_model_there_is_nothing_to_ask(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound):
        BatchForm(card("na_diff", "generate"), tmp_path).settings()
