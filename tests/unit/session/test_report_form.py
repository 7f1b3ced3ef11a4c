"""Words, anatomy or both make a request; words are kept as typed; what cannot be asked is refused in plain words."""

import numpy as np
import pytest

from ctstudio.catalog.cards import card
from ctstudio.core.errors import ModelNotFound, ParameterError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.volume import Volume
from ctstudio.session.case_anatomy import anatomy_in, anatomy_of
from ctstudio.session.document import Document
from ctstudio.session.report_form import ReportForm
from ctstudio.session.report_text import ReportText
from tiny_shelf import model

TABLE = standard_table()
GRID = Grid.centred((20, 20, 20), (15.0, 15.0, 14.0))


@pytest.fixture
def form():
    return ReportForm(card("medsyn", "generate"), "medsyn-demo")


@pytest.fixture
def case():
    """A chest with two lobes, a trachea and a liver."""
    document = Document()
    found = document.open_volume(Volume(np.full(GRID.shape, -800, np.int16), GRID))
    labels = np.zeros(GRID.shape, np.uint8)
    for z, name in enumerate(("lung_upper_lobe_left", "lung_lower_lobe_right", "trachea", "liver")):
        labels[4 * z : 4 * z + 4] = TABLE.by_name(name).value
    document.import_mask(LabelMap(labels, GRID, TABLE))
    return found


def test_words_alone_make_a_request(form):
    form.text = ReportText("  A large effusion. ", "Effusion.\n")
    form.set("seed", 1874)
    request = form.build_request(None)
    assert (request.system, request.task, request.model) == ("medsyn", "generate", "medsyn-demo")
    assert (request.parameters["text"], request.parameters["impression"]) == ("A large effusion.", "Effusion.")
    assert request.parameters["seed"] == 1874
    assert request.inputs == {}


def test_anatomy_is_offered_by_the_labels_of_the_case(form, case):
    assert anatomy_in(case) == ("lobes", "airway")
    assert anatomy_in(None) == ()
    lobes = anatomy_of(case, "lobes")
    assert {TABLE.by_value(v).name for v in lobes.present()} == {"lung_upper_lobe_left", "lung_lower_lobe_right"}
    assert lobes.grid is case.mask.grid


def test_anatomy_goes_with_the_words_or_alone(form, case):
    form.text = ReportText("A large effusion.")
    for part in ("lobes", "airway", "vessels"):
        form.follow(part, True)
    request = form.build_request(case)
    assert set(request.inputs) == {"lobes", "airway"}  # the case has no vessels
    form.follow("report", False)
    request = form.build_request(case)
    assert request.parameters["text"] == ""
    before = request.inputs["lobes"].array.copy()
    case.mask.clear()
    assert np.array_equal(request.inputs["lobes"].array, before)
    with pytest.raises(ParameterError, match="nothing to follow"):
        form.build_request(case)


def test_a_pair_has_one_seed_and_one_sample_each(form, listen):
    told = listen(form.changed)
    form.text = ReportText("Clear.")
    form.comparing = True
    assert form.other == form.text
    assert told.heard == ["report", "other", "comparing"]
    with pytest.raises(ParameterError, match="say the same"):
        form.build_pair(None)
    form.other = ReportText("A large effusion.")
    form.set("count", 4)
    a, b = form.build_pair(None)
    assert [one.parameters["text"] for one in (a, b)] == ["Clear.", "A large effusion."]
    assert {(one.parameters["seed"], one.parameters["count"]) for one in (a, b)} == {(form.values["seed"], 1)}
    assert a.id != b.id
    form.follow("report", False)
    with pytest.raises(ParameterError, match="not followed"):
        form.build_pair(None)


def test_what_cannot_be_asked_is_refused(form):
    with pytest.raises(ParameterError, match="nothing to follow"):
        form.build_request(None)
    form.text = ReportText("word " * 200_000)
    with pytest.raises(ParameterError, match="characters"):
        form.build_request(None)
    assert form.text.findings.startswith("word")
    form.model = ""
    with pytest.raises(ModelNotFound):
        form.build_request(None)


def test_findings_tell_a_from_b_and_speak_of_anatomy_once(form, case, tmp_path):
    form.text, form.other = ReportText("There is a left pleural effusion."), ReportText("Der Erguss links ist groß.")
    form.comparing = True
    form.follow("lobes", True)
    found = form.findings(model("medsyn", tmp_path), case)
    assert any(fit.what.startswith("A: ") for fit in found)
    assert [fit.level for fit in found if fit.what == "B: Language"] == ["red"]
    assert any(fit.what == "Lobes" for fit in found)
    assert len(found) == len(set(found))
