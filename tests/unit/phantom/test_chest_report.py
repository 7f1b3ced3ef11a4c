"""Every word of a chest report is true of the patient, in all wordings; phrases held out are never trained on."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from ctstudio.core.errors import ParameterError
from ctstudio.phantom.chest_facts import CHEST_FINDINGS, ChestFact, facts_of
from ctstudio.phantom.chest_negations import CLEAR, NEGATED, NEGATED_ON_A_SIDE, NORMAL
from ctstudio.phantom.chest_phrases import LINES, SENTENCES
from ctstudio.phantom.chest_population import WHERE, draw_chest_findings
from ctstudio.phantom.chest_report import ChestReport, chest_report, describe
from ctstudio.phantom.patient import Patient, make_patient
from ctstudio.phantom.spots import spots_of

WORDINGS = ("train", "held_out", "all")
CLUES = {
    "effusion": ("effusion", "fluid", "pleural"),
    "cardiomegaly": ("heart", "cardi"),
    "emphysema": ("emphysem", "bulla", "bullous"),
    "consolidation": ("consolidation", "airspace", "pneumonia"),
    "nodule": ("nodul",),
    "nodes": ("lymph",),
    "tumour": ("mass", "tumour"),
    "liver_lesion": ("liver",),
    "kidney_lesion": ("kidney", "renal"),
}
WRONG_FOR = {
    "small": ("moderate", "moderately", "large", "marked", "markedly", "severe", "extensive", "massive", "sizeable"),
    "moderate": ("small", "mild", "slight", "minor", "tiny", "large", "marked", "severe", "extensive", "massive"),
    "large": ("small", "mild", "mildly", "slight", "minor", "tiny", "limited", "moderate", "moderate-sized", "little"),
}
DENIALS = ("no", "not", "normal", "clear", "unremarkable", "healthy")


@pytest.fixture(scope="module")
def patients() -> list[Patient]:
    """500 patients: half as training draws them, half as the seed alone does."""
    drawn = [make_patient(seed, "chest", draw_chest_findings(seed)) for seed in range(250)]
    return drawn + [make_patient(seed, "chest") for seed in range(250)]


def is_true(said: ChestFact, patient: Patient) -> bool:
    if not said.present:
        finding = patient.finding(said.finding)
        return finding is None or (said.side != "" and finding.side not in (said.side, "bilateral"))
    known = next((f for f in facts_of(patient) if f.finding == said.finding and f.present), None)
    return known is not None and all(value in ("", 0, getattr(known, key)) for key, value in asdict(said).items())


def words_of(text: str) -> set[str]:
    return set(text.lower().replace(".", " ").replace(",", " ").replace("-sided", " ").split())


def check_words(report: ChestReport, patient: Patient) -> None:
    """What the words alone say, whatever the writer noted."""
    for statement in report.said:
        words = words_of(statement.text)
        if len(statement.facts) != 1:
            continue
        (fact,) = statement.facts
        assert any(clue in statement.text.lower() for clue in CLUES[fact.finding]), statement.text
        finding = patient.finding(fact.finding)
        if not fact.present:
            assert words & set(DENIALS), statement.text
            assert finding is None or fact.side in words
            continue
        assert finding is not None
        assert not words & {"no", "not", "normal"} or "than normal" in statement.text
        assert not words & set(WRONG_FOR[finding.size]), statement.text
        sides = {"left", "right"} & words
        assert not sides or sides == {finding.side} or finding.side == "bilateral"
        assert not {"upper", "middle", "lower"} & words or finding.name == "emphysema" or finding.lobe in words


@pytest.mark.parametrize("wording", WORDINGS)
def test_every_statement_is_true_and_no_finding_is_left_out(patients: list[Patient], wording: str) -> None:
    for patient in patients:
        report = chest_report(patient, 7, wording)  # type: ignore[arg-type]
        said = [fact for statement in report.said for fact in statement.facts]
        for fact in said:
            assert is_true(fact, patient), (fact, report)
        assert {f.name for f in patient.findings} == {f.finding for f in said if f.present}
        check_words(report, patient)
        assert report.text == " ".join(s.text for s in report.said) or "[SEP]" in report.text
        assert 0 < len(report.text.split()) < 120
        assert "{" not in report.text


def test_figures_and_counts_are_those_of_the_anatomy() -> None:
    for seed in range(40):
        patient = make_patient(seed, "chest", {"nodule": "large-left", "emphysema": "small", "liver_lesion": "large"})
        spots = spots_of(patient)
        for fact in facts_of(patient):
            own = [s.radius_mm for s in spots if s.finding == fact.finding]
            if fact.present:
                assert (fact.count, fact.figure) == (len(own), round(2 * max(own)))


def test_one_patient_is_told_in_many_ways() -> None:
    patient = make_patient(3, "chest", {"effusion": "large-left", "cardiomegaly": "small"})
    reports = [chest_report(patient, seed) for seed in range(200)]
    assert len({r.text for r in reports}) > 190
    assert any(r.findings and r.impression for r in reports)
    assert any(not r.findings for r in reports)
    assert any(not r.impression for r in reports)
    assert min(len(r.text.split()) for r in reports) < 10
    both = next(r for r in reports if r.findings and r.impression)
    assert both.text == f"{both.findings} [SEP] {both.impression}"
    assert chest_report(patient, 5) == chest_report(patient, 5)


def test_absence_is_often_said_and_often_not() -> None:
    patient = make_patient(3, "chest", {"effusion": "large-left"})
    heart = sum("heart" in chest_report(patient, seed).text.lower() for seed in range(200))
    assert 20 < heart < 150


def every_kind() -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    kinds = [(f"line {n}", *p) for n, p in LINES.items()] + [(f"sentence {n}", *p) for n, p in SENTENCES.items()]
    kinds += [(f"no {n}", *p) for n, p in NEGATED.items()] + [(f"side {n}", *p) for n, p in NEGATED_ON_A_SIDE.items()]
    return [*kinds, *(("clear", *c.phrases) for c in CLEAR), ("normal", *NORMAL.phrases)]


def test_about_a_fifth_of_the_phrases_is_held_out_and_none_is_both() -> None:
    trained = {(kind.split()[-1], phrase) for kind, train, _ in every_kind() for phrase in train}
    held_out = {(kind.split()[-1], phrase) for kind, _, held in every_kind() for phrase in held}
    assert not trained & held_out
    for name in WHERE:
        own = [(len(train), len(held)) for kind, train, held in every_kind() if kind.split()[-1] == name]
        held_share = sum(h for _, h in own) / sum(t + h for t, h in own)
        assert 0.15 < held_share < 0.33, name


@pytest.mark.parametrize("wording", WORDINGS)
@pytest.mark.parametrize("size", ["", "small", "moderate", "large"])
def test_whatever_is_asked_can_be_described(size: str, wording: str) -> None:
    for name, where in WHERE.items():
        for place in ("", *where):
            value = "-".join(part for part in (size, place) if part)
            if not value:
                continue
            for seed in range(6):
                text = describe({name: value}, seed, wording).lower()  # type: ignore[arg-type]
                assert any(clue in text for clue in CLUES[name]), text
                assert "{" not in text
                others = [clue for other in WHERE if other != name for clue in CLUES[other]]
                assert not any(clue in text for clue in others), text
                assert not ("left" in text and "right" in place) or place == "bilateral"


def test_what_is_denied_is_denied_and_what_is_not_mentioned_stays_so() -> None:
    for seed in range(40):
        text = describe({"effusion": "none", "nodule": "large-right"}, seed).lower()
        assert "nodul" in text
        assert words_of(text) & set(DENIALS)
        assert any(clue in text for clue in CLUES["effusion"])
        assert "heart" not in text
    normal = {describe({}, seed) for seed in range(40)}
    assert "Normal chest CT." in normal
    assert all(words_of(text) & set(DENIALS) for text in normal)


def test_no_phrase_of_a_test_is_ever_trained_on() -> None:
    held_out = {"There is no fluid on either side.", "The chest is normal.", "The size of the heart is normal."}
    healthy = make_patient(1, "chest", {})
    trained = {s.text for seed in range(300) for s in chest_report(healthy, seed, "train").said}
    tested = {s.text for seed in range(300) for s in chest_report(healthy, seed, "held_out").said}
    assert not trained & tested
    assert held_out <= tested


def test_unknown_findings_are_refused() -> None:
    with pytest.raises(ParameterError):
        describe({"fracture": "large"}, 1)


def test_all_findings_of_a_chest_have_words() -> None:
    assert set(CHEST_FINDINGS) <= set(LINES) & set(SENTENCES) & set(NEGATED)
