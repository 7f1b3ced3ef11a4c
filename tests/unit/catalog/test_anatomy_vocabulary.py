"""Labels of other tables in the words of MedDiff-FM."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.catalog.anatomy_vocabulary import BODY, to_model
from ctstudio.catalog.label_meanings import class_named, meanings
from ctstudio.core.errors import ParameterError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import Label, LabelMap, LabelTable, standard_table, values_of
from ctstudio.core.totalsegmentator import TOTAL_NAMES


def _labels(array: np.ndarray, table: LabelTable | None = None) -> LabelMap:
    return LabelMap(array.astype(np.uint8), Grid(array.shape, (2.0, 2.0, 3.0)), table or standard_table())


def _value(name: str) -> int:
    return values_of([name])[0]


def test_the_118_classes_stay_as_they_are() -> None:
    array = np.arange(120, dtype=np.uint8).reshape(1, 12, 10)
    array[array == 119] = 0
    found = to_model(_labels(array))
    assert np.array_equal(found.array, array)
    assert (found.notes, found.unknown) == ((), ())


def test_a_lesion_becomes_the_organ_it_lies_in() -> None:
    array = np.full((6, 12, 12), _value("body"))
    array[:, :, :6], array[:, :, 6:] = _value("liver"), _value("spleen")
    array[2:4, 3:5, 2:4] = _value("lesion")
    array[2:4, 3:5, 9:11] = _value("lesion")
    found = to_model(_labels(array)).array
    assert (found[:, :, :6] == _value("liver")).all()
    assert (found[:, :, 6:] == _value("spleen")).all()


def test_vessels_of_the_lung_become_the_lobe_around_them() -> None:
    array = np.full((4, 10, 20), _value("lung_upper_lobe_right"))
    array[:, :, 10:] = _value("lung_lower_lobe_left")
    array[1, 5, 3:8] = _value("lung_vessels")
    array[1, 5, 13:18] = _value("lung_nodule")
    found = to_model(_labels(array)).array
    assert set(np.unique(found[:, :, :10])) == {_value("lung_upper_lobe_right")}
    assert set(np.unique(found[:, :, 10:])) == {_value("lung_lower_lobe_left")}


def test_a_part_whose_organ_is_absent_has_a_class_still() -> None:
    array = np.zeros((4, 8, 8), np.uint8)
    array[1, 2, 2], array[1, 4, 4], array[1, 6, 6] = (_value(n) for n in ("liver_lesion", "lymph_node", "lung_vessels"))
    found = to_model(_labels(array)).array
    assert found[1, 2, 2] == _value("liver")
    assert found[1, 4, 4] == BODY
    assert found[1, 6, 6] in values_of(["lung_upper_lobe_left", "lung_upper_lobe_right"])


def test_the_side_of_kidneys_and_lungs_is_told_by_where_they_lie() -> None:
    array = np.full((4, 8, 20), _value("body"))
    array[:, 2:5, 2:6], array[:, 2:5, 14:18] = _value("kidney"), _value("kidney")
    found = to_model(_labels(array))
    assert (found.array[:, 2:5, 2:6] == _value("kidney_right")).all()
    assert (found.array[:, 2:5, 14:18] == _value("kidney_left")).all()
    assert "side" in found.notes[0]


def test_fat_muscle_and_fluid_are_body() -> None:
    array = np.zeros((1, 1, 5), np.uint8)
    array[0, 0] = values_of(["subcutaneous_fat", "skeletal_muscle", "skin", "pleural_effusion", "torso_fat"])
    assert (to_model(_labels(array)).array == BODY).all()


def test_unknown_labels_become_body_and_are_named() -> None:
    found = to_model(_labels(np.array([[[5, 200, 0]]])))
    assert found.array.tolist() == [[[5, BODY, 0]]]
    assert found.unknown == ("label 200",)
    assert "label 200" in found.notes[0]


def test_what_the_user_says_wins_over_the_name() -> None:
    found = to_model(_labels(np.array([[[1, 2, 200]]])), meanings("1=liver, 2: left kidney\n200=0"))
    assert found.array.tolist() == [[[_value("liver"), _value("kidney_left"), 0]]]
    assert found.unknown == ()


def test_another_table_is_read_by_its_names() -> None:
    names = ("Left Kidney", "Oesophagus", "right_lung_upper_lobe", "Vertebrae L1", "bladder")
    table = LabelTable(tuple(Label(value, name, (0, 0, 0)) for value, name in enumerate(names, 1)))
    found = to_model(_labels(np.array([[[1, 2, 3, 4, 5]]]), table))
    wanted = ("kidney_left", "esophagus", "lung_upper_lobe_right", "vertebrae_L1", "urinary_bladder")
    assert tuple(TOTAL_NAMES[v - 1] for v in found.array.ravel()) == wanted


@pytest.mark.parametrize("text", ["liver", "1=", "300=liver", "0=liver", "1=dragon", "1=150", "1=liver=2"])
def test_what_cannot_be_read_is_said_with_an_example(text: str) -> None:
    with pytest.raises(ParameterError) as caught:
        meanings(text)
    assert caught.value.remedy


def test_nothing_said_means_nothing() -> None:
    assert meanings(" \n, ") == {}
    assert class_named("dragon") is None
