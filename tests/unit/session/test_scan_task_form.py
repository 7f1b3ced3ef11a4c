"""What a task gets from the open case: its scan, its anatomy, its lesion; what is missing is said in plain words."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.catalog.cards import card
from ctstudio.core.errors import GeometryError, IntensityError, MaskError, ModelNotFound
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.core.volume import Volume
from ctstudio.session.document import Case, Document
from ctstudio.session.scan_task_form import ScanTaskForm, lesion_of, organs_in

GRID = Grid.centred((6, 20, 24), (5.0, 5.0, 10.0))
LIVER, SPLEEN, LESION = values_of(["liver", "spleen", "liver_lesion"])


def form(task: str, system: str = "meddiff_fm") -> ScanTaskForm:
    return ScanTaskForm(card(system, task), "a-model")


@pytest.fixture
def case() -> Case:
    found = Document().open_volume(Volume(np.zeros(GRID.shape, np.int16), GRID, name="torso"))
    array = np.zeros(GRID.shape, np.uint8)
    array[1:4, 4:12, 4:12], array[4, 4:6, 4:6], array[2, 6:8, 6:8] = LIVER, SPLEEN, LESION
    found.mask.replace(array, "Paint")
    return found


def test_the_case_gives_scan_lesion_and_anatomy(case) -> None:
    task = form("inpaint-lesion")
    told = {one.name: (one.words, one.there, one.required) for one in task.given(case)}
    assert told == {
        "scan": ("torso", True, True),
        "lesion": ("1.0 mL of liver lesion", True, True),
        "anatomy": ("2 labels of the mask", True, False),
    }
    request = task.build_request(case)
    assert request.inputs["scan"] is case.volume
    assert set(request.inputs["lesion"].present()) == {LESION}
    assert set(request.inputs["anatomy"].present()) == {LIVER, SPLEEN, LESION}
    case.mask.clear()
    assert request.inputs["lesion"].array.any()  # later strokes change nothing


def test_anatomy_that_is_not_there_is_left_out_where_it_may_be(case) -> None:
    case.mask.replace(np.zeros(GRID.shape, np.uint8), "Clear")
    assert set(form("denoise").build_request(case).inputs) == {"scan"}
    with pytest.raises(MaskError, match="no organ") as error:
        form("detect").build_request(case)
    assert "Ctrl+Shift+T" in error.value.remedy
    with pytest.raises(MaskError, match="No lesion is marked"):
        form("remove-lesion").build_request(case)


def test_a_mask_alone_is_enough_to_make_a_ct_of(case) -> None:
    document = Document()
    alone = document.open_mask(LabelMap(case.mask.array.copy(), GRID, standard_table()))
    assert set(form("synthesize").build_request(alone).inputs) == {"anatomy"}
    with pytest.raises(IntensityError, match="no CT to work on"):
        form("denoise").build_request(alone)


def test_organs_are_offered_the_largest_first(case) -> None:
    assert organs_in(case) == ("liver", "spleen")
    assert organs_in(None) == ()
    assert np.count_nonzero(lesion_of(case).array) == 4


def test_a_scan_to_read_must_be_a_ct_of_some_size() -> None:
    task, document = form("segment", "medsyn"), Document()
    with pytest.raises(IntensityError, match="no CT to work on"):
        task.build_request(None)
    read = document.open_volume(Volume(np.zeros(GRID.shape, np.int16), GRID))
    request = task.build_request(read)
    assert request.inputs["scan"] is read.volume
    assert (request.task, request.parameters["text"]) == ("segment", "")
    mr = document.open_volume(Volume(np.zeros(GRID.shape, np.int16), GRID, "MR", "arbitrary"))
    with pytest.raises(IntensityError, match="Hounsfield"):
        task.build_request(mr)
    thin = document.open_volume(Volume(np.zeros((4, 1, 9), np.int16), Grid((4, 1, 9))))
    with pytest.raises(GeometryError):
        task.build_request(thin)
    task.model = ""
    with pytest.raises(ModelNotFound):
        task.build_request(read)
