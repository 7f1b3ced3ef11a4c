"""Cards validate what is given, and say in plain words what is wrong with it."""

import json

import pytest

from ctstudio.catalog.cards import all_cards, card
from ctstudio.core.errors import ParameterError


def test_defaults_are_valid_json_values_of_every_parameter():
    for task in all_cards():
        values = task.defaults()
        assert json.loads(json.dumps(values)) == values
        assert set(values) == {field.name for field in task.fields()}


def test_na_diff_defaults():
    values = card("na_diff", "generate").validated({})
    assert values == {
        "dose": 0.25, "seed": 0, "count": 1, "steps": 20, "sampler": "dpm++", "guidance": 2.5, "complete": True,
    }  # fmt: skip


def test_given_values_are_kept():
    values = card("na_diff", "generate").validated({"dose": 1.0, "seed": 2**31 - 1, "sampler": "ddpm", "steps": 1000})
    assert (values["dose"], values["seed"], values["sampler"], values["steps"]) == (1.0, 2**31 - 1, "ddpm", 1000)


@pytest.mark.parametrize("dose", [0, 0.0, 0.049, 1.5, -1, 150])
def test_dose_outside_its_range_names_title_range_and_what_was_given(dose):
    with pytest.raises(ParameterError) as caught:
        card("na_diff", "generate").validated({"dose": dose})
    assert caught.value.message == f"Dose {dose} is outside 0.05 to 1 (fraction)."
    assert "0.05 to 1" in caught.value.remedy


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"dose": float("nan")}, ["Dose nan"]),
        ({"dose": float("inf")}, ["Dose inf"]),
        ({"dose": "strong"}, ["Dose 'strong'", "number"]),
        ({"seed": -1}, ["Seed -1", "0 to 2147483647"]),
        ({"seed": 2**31}, ["Seed 2147483648", "0 to 2147483647"]),
        ({"count": 0}, ["Samples 0", "1 to 16"]),
        ({"count": 2.5}, ["Samples 2.5", "whole number"]),
        ({"steps": 3}, ["Steps 3", "4 to 1000"]),
        ({"guidance": 5.5}, ["Guidance 5.5", "1 to 5"]),
        ({"sampler": "euler"}, ["Sampler 'euler'", "ddpm, ddim, dpm++, unipc, lcm"]),
        ({"colour": 1}, ["colour", "no parameter"]),
        ({"dose": 2, "steps": 1}, ["Dose 2", "Steps 1"]),
    ],
)
def test_a_wrong_value_is_a_parameter_error_in_plain_words(values, words):
    with pytest.raises(ParameterError) as caught:
        card("na_diff", "generate").validated(values)
    assert all(word in caught.value.message for word in words)
    assert caught.value.remedy
    assert caught.value.exit_code == 2


def test_fields_carry_what_a_form_needs():
    fields = {field.name: field for field in card("na_diff", "generate").fields()}
    dose, sampler = fields["dose"], fields["sampler"]
    assert (dose.title, dose.unit, dose.widget, dose.low, dose.high) == ("Dose", "fraction", "dose", 0.05, 1.0)
    assert (fields["seed"].kind, fields["seed"].widget) == ("whole number", "seed")
    assert (sampler.kind, sampler.choices) == ("choice", ("ddpm", "ddim", "dpm++", "unipc", "lcm"))
    assert all(field.help and field.title and field.source for field in fields.values())


def test_an_unknown_task_names_the_known_ones():
    with pytest.raises(ParameterError) as caught:
        card("na_diff", "paint")
    assert "na_diff generate" in caught.value.remedy


def test_catalog_never_imports_torch():
    import subprocess
    import sys

    rooms = ", ".join(f"ctstudio.catalog.{name}" for name in ("cards", "shelf", "fit"))
    code = f"import sys, {rooms}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("given", ["perhaps", 2, None])
def test_what_is_neither_yes_nor_no_is_said_plainly(given):
    with pytest.raises(ParameterError) as caught:
        card("na_diff", "generate").validated({"complete": given})
    assert caught.value.message == f"Complete the anatomy {given!r} is neither yes nor no."
    assert caught.value.remedy == "Give true or false."
