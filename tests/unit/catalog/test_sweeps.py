"""Lists of parameter values, as people type them."""

from __future__ import annotations

import pytest

from ctstudio.catalog.cards import card
from ctstudio.catalog.sweeps import combinations, sweeps_from, tag_of, text_of
from ctstudio.core.errors import ParameterError

TASK = card("na_diff", "generate")


def test_numbers_percent_ranges_choices_and_answers_are_read() -> None:
    given = {"dose": "0.05, 10 %;25% 1", "seed": "0-2,7", "sampler": "dpm++, ddim", "complete": "yes,no"}
    sweeps = sweeps_from(TASK, given)
    assert sweeps["dose"] == (0.05, 0.1, 0.25, 1.0)
    assert sweeps["seed"] == (0, 1, 2, 7)
    assert sweeps["sampler"] == ("dpm++", "ddim")
    assert sweeps["complete"] == (True, False)
    assert sweeps["steps"] == (20,)
    assert "count" not in sweeps


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("dose", "", "empty"),
        ("dose", " , ", "empty"),
        ("seed", "", "empty"),
        ("dose", "0", "outside"),
        ("dose", "1.01", "outside"),
        ("dose", "-0.5", "outside"),
        ("dose", "nan", "nan"),
        ("dose", "120%", "outside"),
        ("dose", "low", "not a number"),
        ("dose", "0.1,0.1", "twice"),
        ("dose", "10%,0.1", "twice"),
        ("seed", "0-2,1", "twice"),
        ("seed", "5-1", "5-1"),
        ("seed", "0-999999999", "0-999999999"),
        ("seed", "1.5", "whole"),
        ("sampler", "magic", "magic"),
        ("complete", "maybe", "maybe"),
        ("count", "3", "count"),
        ("nonsense", "3", "nonsense"),
    ],
)
def test_what_cannot_be_used_is_named(name: str, text: str, said: str) -> None:
    with pytest.raises(ParameterError) as caught:
        sweeps_from(TASK, {name: text})
    assert said in caught.value.message
    assert caught.value.remedy


def test_every_combination_comes_once_with_seeds_fastest() -> None:
    sweeps = sweeps_from(TASK, {"dose": "0.1,0.2", "seed": "0-2"})
    found = [(one["dose"], one["seed"], one["count"]) for one in combinations(sweeps)]
    assert found == [(dose, seed, 1) for dose in (0.1, 0.2) for seed in (0, 1, 2)]
    assert all(TASK.validated(one) for one in combinations(sweeps))


def test_names_hold_letters_and_digits_and_only_what_varies() -> None:
    sweeps = sweeps_from(TASK, {"dose": "0.125", "sampler": "dpm++,ddim"})
    tags = [tag_of(TASK, sweeps, one) for one in combinations(sweeps)]
    assert tags == ["dose0p125_seed0_samplerdpmplusplus", "dose0p125_seed0_samplerddim"]


@pytest.mark.parametrize("text", ["0-4", "3, 7, 11", "0.05, 0.1, 1", "yes, no", "dpm++, ddim"])
def test_a_list_is_written_as_it_can_be_read(text: str) -> None:
    names = {"0-4": "seed", "3, 7, 11": "seed", "yes, no": "complete", "dpm++, ddim": "sampler"}
    name = names.get(text, "dose")
    values = sweeps_from(TASK, {name: text})[name]
    assert text_of(values) == text
