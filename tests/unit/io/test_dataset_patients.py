"""Patients are told apart, dealt to parts, and never named."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from ctstudio.core.errors import ParameterError
from ctstudio.io.dataset_grouping import FoundCase
from ctstudio.io.dataset_options import DatasetOptions, split_from_text
from ctstudio.io.dataset_patients import by_name, tell_apart
from ctstudio.io.dataset_pieces import Piece
from ctstudio.io.dataset_privacy import Scrubber, machine_key, pseudonym
from ctstudio.io.dataset_series import Series
from ctstudio.io.dataset_split import split_patients
from ctstudio.io.dataset_words import Named

SHARES = (0.8, 0.1, 0.1)


def case(name: str, patient: str = "") -> FoundCase:
    path = Path(name)
    series = Series(path, "1.2", "ct", "CT", 9, 9, patient, (patient,), "") if patient else None
    return FoundCase(
        name, ("", name), [Piece(path, f"site/{name}_ct.nii.gz", Named("", name, "ct", True), "ct", series)]
    )


@pytest.mark.parametrize(
    ("names", "patients"),
    [
        (["liver_001_pre", "liver_001_post", "liver_002"], ["liver_001", "liver_001", "liver_002"]),
        (["P1-a", "P1-b", "P2-a"], ["P1", "P1", "P2"]),
        (["P1_1", "P1_2"], ["P1", "P1"]),
        ([f"BraTS2021_0000{n}" for n in range(5)], [f"BraTS2021_0000{n}" for n in range(5)]),
        ([f"P1_visit{n}" for n in range(3)], ["P1"] * 3),
        (["anna", "bert"], ["anna", "bert"]),
        (["case"], ["case"]),
    ],
)
def test_names_tell_patients(names: list[str], patients: list[str]) -> None:
    told = by_name(names)
    assert [told[name] for name in names] == patients


def test_dicom_ids_come_first_and_are_found_in_names_of_files() -> None:
    cases = [case("dicom_1", "AB-1234"), case("x_ab-1234_late"), case("q7"), case("dicom_2", "ANONYMOUS")]
    patients = tell_apart(cases, "")
    assert patients.of["dicom_1"] == patients.of["x_ab-1234_late"]
    assert len(set(patients.of.values())) == 3
    assert not any("ANONYMOUS" in patient for patient in patients.of.values())
    assert len(patients.how) == 4


def test_a_pattern_decides_and_says_when_it_finds_nothing() -> None:
    cases = [case("p1_x"), case("p1_y"), case("p2_x"), case("odd")]
    patients = tell_apart(cases, r"/(p\d)_")
    assert patients.of["p1_x"] == patients.of["p1_y"] == "named:p1"
    assert "odd" in patients.warnings[0]
    with pytest.raises(ParameterError, match="finds nothing"):
        tell_apart(cases, "zzz")
    with pytest.raises(ParameterError, match="regular expression"):
        DatasetOptions(patient_pattern="(")


def test_the_deal_depends_on_seed_and_patients_alone() -> None:
    names = [f"p{n}" for n in range(50)]
    shuffled = names * 2
    random.Random(1).shuffle(shuffled)
    dealt = split_patients(names, SHARES, 3)
    assert split_patients(shuffled, SHARES, 3) == dealt
    assert split_patients(names, SHARES, 4) != dealt
    assert [list(dealt.values()).count(part) for part in ("train", "validation", "test")] == [40, 5, 5]


@pytest.mark.parametrize(
    ("count", "counts"), [(1, [1, 0, 0]), (2, [1, 1, 0]), (3, [1, 1, 1]), (4, [2, 1, 1]), (20, [16, 2, 2])]
)
def test_small_sets_keep_training_first(count: int, counts: list[int]) -> None:
    dealt = list(split_patients(map(str, range(count)), SHARES, 0).values())
    assert [dealt.count(part) for part in ("train", "validation", "test")] == counts


def test_a_part_without_a_share_stays_empty() -> None:
    assert set(split_patients(map(str, range(9)), (1.0, 0.0, 0.0), 0).values()) == {"train"}


@pytest.mark.parametrize("text", ["1", "a,b,c", "0.5,0.5,0.5", "0,0.5,0.5", "1.5,-0.5,0"])
def test_a_split_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ParameterError):
        DatasetOptions(split_from_text(text))


def test_the_key_of_pseudonyms_is_kept_and_private(own_home: Path) -> None:
    key = machine_key()
    assert machine_key() == key
    file = next(own_home.rglob("pseudonym.key"))
    assert file.stat().st_mode & 0o077 == 0 or os.name == "nt"
    assert pseudonym("1234", key) == pseudonym("1234", key)
    assert pseudonym("1234", key) != pseudonym("1234", b"other" * 8)
    assert "1234" not in pseudonym("1234", key)
    file.write_bytes(b"")
    assert len(machine_key()) == 32


def test_names_and_ids_are_taken_out_however_they_are_written() -> None:
    clean = Scrubber(["STS-001", "Müller", "Jo"]).clean
    assert clean("a_STS_001_ct, sts001, x/müller.nii") == "a_***_ct, ***, x/***.nii"
    assert clean("STS-0012 Müllers Jo") == "STS-0012 Müllers Jo"
    assert Scrubber([]).clean("all stays") == "all stays"
