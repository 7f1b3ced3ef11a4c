"""Of two reports only what is not there yet is made again."""

import numpy as np
import pytest

from ctstudio.catalog.cards import card
from ctstudio.core.grid import Grid
from ctstudio.core.provenance import Provenance
from ctstudio.core.volume import Volume
from ctstudio.protocol.result import Sample
from ctstudio.session.report_form import ReportForm
from ctstudio.session.report_pair import ReportPair
from ctstudio.session.report_text import ReportText
from ctstudio.session.results import SampleView


@pytest.fixture
def pair():
    form = ReportForm(card("medsyn", "generate"), "medsyn-demo")
    form.text, form.other = ReportText("Clear."), ReportText("Large effusion.")
    return form.build_pair(None)


def view_of(request, request_id="old", inputs=None, **changes):
    ct = Volume(np.zeros((2, 2, 2), np.int16), Grid((2, 2, 2), (1.0, 1.0, 1.0)), synthetic=True)
    told = {**request.parameters, **changes}
    provenance = Provenance("medsyn", "generate", told, told["seed"], request.model, inputs=inputs or {})
    return SampleView(Sample(told["seed"], {"ct": ct}, {}, provenance), request_id)


def test_both_are_wanted_at_first_and_taken_as_they_come(pair):
    a, b = pair
    found = ReportPair(a, b, ())
    assert list(found.wanted) == ["A", "B"]
    assert found.owns(a.id)
    assert not found.owns("another")
    found.take(view_of(a, a.id))
    assert (list(found.wanted), found.both) == (["B"], None)
    found.take(view_of(b, b.id))
    assert found.both is not None


def test_a_sample_of_the_same_words_seed_and_settings_is_used_again(pair):
    a, b = pair
    old = view_of(a, count=3)
    assert list(ReportPair(a, b, (old,)).wanted) == ["B"]


@pytest.mark.parametrize("changes", [{"seed": 5}, {"steps": 3}, {"text": "Other."}, {"impression": "More."}])
def test_any_other_sample_is_not(pair, changes):
    a, b = pair
    assert list(ReportPair(a, b, (view_of(a, **changes),)).wanted) == ["A", "B"]


def test_one_that_followed_anatomy_is_not(pair):
    a, b = pair
    assert list(ReportPair(a, b, (view_of(a, inputs={"lobes": {}}),)).wanted) == ["A", "B"]
