"""Foreign labels are guessed, mapped without losing others, and remembered by vocabulary."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.core.errors import MaskError, UnreadableFile
from ctstudio.core.grid import Grid
from ctstudio.core.labels import Label, LabelMap, LabelTable, standard_table, values_of
from ctstudio.session.label_mapping import LEAVE_OUT, guess, labels_in, mapped
from ctstudio.session.label_memory import LabelMemory
from ctstudio.session.painting import Painting

GRID = Grid.centred((2, 4, 6), (10.0, 10.0, 10.0))
LIVER, SPLEEN, BODY = values_of(["liver", "spleen", "body"])
FOREIGN = LabelTable((*standard_table().labels, Label(200, "Leber", (1, 2, 3)), Label(201, "Fundus", (4, 5, 6))))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Leber", "liver"),
        ("Right Kidney", "kidney_right"),
        ("kidney_r", "kidney_right"),
        ("KidneyLeft", "kidney_left"),
        ("Milz_mask", "spleen"),
        ("livr", "liver"),
        ("portal_vein_and_splenic_vein", "portal_vein_and_splenic_vein"),
        ("esophagous", "esophagus"),
        ("Tumour", "lesion"),
        ("background", LEAVE_OUT),
        ("label_200", None),
        ("wombat", None),
    ],
)
def test_names_are_guessed(name, meant) -> None:
    assert guess(name) == meant


def test_what_the_table_does_not_know_comes_first_with_its_volume() -> None:
    mask = Painting(GRID, FOREIGN)
    array = np.zeros(GRID.shape, np.uint8)
    array[0, 0, :3], array[0, 1, :2], array[1, 0, 0] = 200, LIVER, 201
    mask.replace(array, "Import")
    found = labels_in(mask)
    assert [(one.name, one.known, one.volume_ml) for one in found] == [
        ("Leber", False, 3.0), ("Fundus", False, 1.0), ("liver", True, 2.0),
    ]  # fmt: skip


def test_told_labels_join_ours_and_the_rest_stays() -> None:
    array = np.zeros(GRID.shape, np.uint8)
    array[0, 0, :3], array[0, 1, :2], array[1, 0, 0], array[1, 1, 0] = 200, LIVER, 201, SPLEEN
    labels = LabelMap(array, GRID, FOREIGN, synthetic=True)
    done = mapped(labels, {200: "liver", SPLEEN: LEAVE_OUT})
    assert np.count_nonzero(done.array == LIVER) == 5
    assert not np.any(done.array == SPLEEN)
    assert [done.table.by_value(v).name for v in done.present()] == ["liver", "Fundus"]
    assert done.synthetic
    assert done.table is FOREIGN  # undo finds the old names


def test_values_that_swap_their_meaning_swap() -> None:
    array = np.array([[[1, 2, 3]]], np.uint8)
    labels = LabelMap(array, Grid((1, 1, 3)), standard_table())
    done = mapped(labels, {1: "liver", 2: "spleen", 3: LEAVE_OUT})
    assert done.array.ravel().tolist() == [LIVER, SPLEEN, 0]


def test_a_name_that_is_not_ours_is_refused() -> None:
    labels = LabelMap(np.ones((1, 1, 3), np.uint8), Grid((1, 1, 3)), standard_table())
    with pytest.raises(MaskError, match="wombat"):
        mapped(labels, {1: "wombat"})


def test_a_vocabulary_is_remembered_and_the_closest_one_answers(tmp_path) -> None:
    memory = LabelMemory(tmp_path / "meanings.json")
    assert memory.recall(["Leber"]) == {}
    memory.remember({"Leber": "liver", "Milz": "spleen"})
    memory.remember({"Leber": "liver_lesion", "Fundus": "stomach", "X": LEAVE_OUT})
    again = LabelMemory(tmp_path / "meanings.json")
    assert again.recall(["Leber", "Milz"]) == {"Leber": "liver", "Milz": "spleen"}
    assert again.recall(["Fundus", "X", "new"]) == {"Fundus": "stomach", "X": LEAVE_OUT}
    again.remember({"Milz": "body", "Leber": "body"})
    assert again.recall(["Leber", "Milz"]) == {"Leber": "body", "Milz": "body"}


def test_a_damaged_memory_is_said_and_can_be_forgotten(tmp_path) -> None:
    (tmp_path / "meanings.json").write_text("[]")
    memory = LabelMemory(tmp_path / "meanings.json")
    with pytest.raises(UnreadableFile):
        memory.recall(["Leber"])
    memory.forget()
    assert memory.recall(["Leber"]) == {}
