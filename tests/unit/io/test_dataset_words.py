"""Names of files tell case and kind, in every layout."""

from __future__ import annotations

import pytest

from ctstudio.io.dataset_label_names import standard_value
from ctstudio.io.dataset_words import read_name


@pytest.mark.parametrize(
    ("path", "folder", "stem", "kind", "sure"),
    [
        ("p1/ct", "p1", "", "ct", True),
        ("p1/scan", "p1", "", "ct", False),
        ("p1/segmentation", "p1", "", "labels", True),
        ("p1/MR_T1", "p1", "", "mr", True),
        ("a/p1/report", "a/p1", "", "report", True),
        ("p1_ct", "", "p1", "ct", True),
        ("p1_pet", "", "p1", "pet", True),
        ("CT-LUNG-003", "", "LUNG_003", "ct", True),
        ("p1_ct_mask", "", "p1", "labels", True),
        ("volume-7", "", "7", "ct", False),
        ("imagesTr/liver_3", "", "liver_3", "ct", False),
        ("labelsTr/liver_3", "", "liver_3", "labels", True),
        ("site/reports/p1", "site", "p1", "report", True),
        ("liver_3", "", "liver_3", None, False),
        ("scan1/ct", "scan1", "", "ct", True),
        ("ct.nii", "", "nii", "ct", True),
    ],
)
def test_a_name_tells_case_and_kind(path: str, folder: str, stem: str, kind: str | None, sure: bool) -> None:
    *folders, name = path.split("/")
    named = read_name(folders, name)
    assert (named.folder, named.stem, named.kind, named.sure) == (folder, stem, kind, sure)


def test_a_mask_says_what_it_was_drawn_on() -> None:
    assert read_name((), "p1_PET_mask").of == "pet"
    assert read_name((), "p1_mask").of is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("liver", 5), ("Right Kidney", 2), ("kidney_left", 3), ("left adrenal gland", 9), ("Bladder", 21),
        ("background", 0), ("tumour", 130), ("left-lung", 128), ("spaceship", None), ("", None), ("Vertebrae_l1", 31),
    ],
)  # fmt: skip
def test_names_of_others_find_their_value(name: str, value: int | None) -> None:
    assert standard_value(name) == value
