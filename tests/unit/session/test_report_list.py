"""A table becomes requests; chests that are there are not made again; what does not belong there is refused."""

import numpy as np
import pytest

from ctstudio.catalog.cards import card
from ctstudio.core.errors import InputError, ModelNotFound
from ctstudio.core.grid import Grid
from ctstudio.core.provenance import Provenance
from ctstudio.core.volume import Volume
from ctstudio.io.samples import write_sample
from ctstudio.protocol.result import Sample
from ctstudio.session.report_form import ReportForm
from ctstudio.session.report_list import Wanted, read_list


@pytest.fixture
def form():
    return ReportForm(card("medsyn", "generate"), "medsyn-demo")


@pytest.fixture
def wanted(tmp_path):
    table = tmp_path / "reports.csv"
    table.write_text("name,findings,impression,seed\na,Clear.,,7\nb,,Large effusion.,\nbad,,,\n")
    return Wanted(str(table), str(tmp_path / "out"), leave_out=True)


def make(found, name, **changes):
    request = next(request for row, request in found.asked if row.name == name)
    told = {**request.parameters, **changes}
    ct = Volume(np.zeros((2, 2, 2), np.int16), Grid((2, 2, 2), (1.0, 1.0, 1.0)), synthetic=True)
    provenance = Provenance("medsyn", "generate", told, told["seed"], "medsyn-demo")
    write_sample(found.folder, Sample(told["seed"], {"ct": ct}, {}, provenance), name)


def test_each_row_brings_its_words_and_seed_and_the_form_the_rest(form, wanted):
    form.set("seed", 99)
    form.set("steps", 5)
    form.set("count", 3)
    found = read_list(wanted, form)
    a, b = (request.parameters for _, request in found.asked)
    assert (a["text"], a["impression"], a["seed"]) == ("Clear.", "", 7)
    assert (b["text"], b["impression"], b["seed"]) == ("", "Large effusion.", 99)
    assert {(one["steps"], one["count"]) for one in (a, b)} == {(5, 1)}
    assert len(found.missing) == 2
    assert "Row 4" in found.bad[0]


def test_what_is_there_is_not_made_again(form, wanted):
    make(read_list(wanted, form), "a")
    found = read_list(wanted, form)
    assert [row.name for row, _ in found.missing] == ["b"]
    make(found, "b", guidance=9.0)
    with pytest.raises(InputError, match="other guidance"):
        read_list(wanted, form)
    form.set("guidance", 9.0)
    with pytest.raises(InputError, match="other guidance"):
        read_list(wanted, form)


def test_a_folder_of_something_else_is_refused(form, wanted, tmp_path):
    (tmp_path / "out" / "b").mkdir(parents=True)
    with pytest.raises(InputError, match="holds no sample"):
        read_list(wanted, form)


def test_places_model_and_rows_are_wanted(form, wanted):
    with pytest.raises(InputError, match="table of reports is not chosen"):
        read_list(Wanted(), form)
    with pytest.raises(InputError, match="folder for the chests is not chosen"):
        read_list(Wanted(wanted.table), form)
    with pytest.raises(InputError, match="Row 4"):
        read_list(Wanted(wanted.table, wanted.out), form)
    form.model = ""
    with pytest.raises(ModelNotFound):
        read_list(wanted, form)
