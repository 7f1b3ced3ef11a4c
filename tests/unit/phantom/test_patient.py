"""A patient follows from its seed, and unknown wishes are refused with the list of what exists."""

import pytest

from ctstudio.core.errors import ParameterError
from ctstudio.phantom.findings import FINDINGS
from ctstudio.phantom.patient import make_patient


def test_the_same_seed_gives_the_same_patient():
    assert make_patient(7, "chest") == make_patient(7, "chest")


@pytest.mark.parametrize("region", ["chest", "abdomen", "head"])
def test_no_two_seeds_give_the_same_build(region):
    builds = {make_patient(seed, region).habitus for seed in range(40)}
    assert len(builds) == 40


def test_healthy_means_no_findings():
    assert make_patient(3, "chest", {}).findings == ()


def test_findings_asked_for_do_not_change_the_rest_of_the_anatomy():
    healthy, ill = make_patient(5, "chest", {}), make_patient(5, "chest", {"effusion": "large-left"})
    assert healthy.habitus == ill.habitus
    assert healthy.organs == ill.organs
    effusion = ill.finding("effusion")
    assert effusion is not None
    assert (effusion.size, effusion.side) == ("large", "left")


def test_chance_draws_some_findings_and_not_always():
    counts = [len(make_patient(seed, "chest").findings) for seed in range(60)]
    assert min(counts) == 0
    assert max(counts) >= 3


@pytest.mark.parametrize(
    ("region", "wish"),
    [("chest", {"fracture": "large"}), ("head", {"effusion": "large"}), ("chest", {"effusion": "huge"})],
)
def test_unknown_findings_and_values_are_refused(region, wish):
    with pytest.raises(ParameterError) as refused:
        make_patient(1, region, wish)
    assert refused.value.remedy
    assert "tumour" in refused.value.remedy or "large" in refused.value.remedy


def test_a_size_said_twice_is_refused():
    with pytest.raises(ParameterError):
        make_patient(1, "chest", {"effusion": "large-small"})


def test_unknown_region_is_refused():
    with pytest.raises(ParameterError, match="leg"):
        make_patient(1, "leg")  # type: ignore[arg-type]


def test_every_value_of_every_finding_can_be_asked_for():
    for name, kind in FINDINGS.items():
        for value in kind.values:
            patient = make_patient(2, kind.regions[0], {name: value})
            finding = patient.finding(name)
            assert finding is not None
            assert value in (finding.size, finding.side)
