"""Contradictions in reports, and reports that hold none."""

from __future__ import annotations

import pytest

from ctstudio.catalog.report_claims import claims_of, contradictions
from ctstudio.phantom.chest_population import draw_chest_findings
from ctstudio.phantom.chest_report import chest_report
from ctstudio.phantom.patient import make_patient


@pytest.mark.parametrize(
    "text",
    [
        "No effusion. Large effusion.",
        "Heart size is normal. Cardiomegaly.",
        "The heart is not enlarged. The heart is mildly enlarged.",
        "The lungs are clear. Consolidation in the right lower lobe.",
        "Small left effusion. [SEP] Large left effusion.",
        "Normal chest CT. Large effusion.",
        "No consolidation or nodule. Nodule in the left upper lobe.",
        "No right effusion. Large bilateral effusions.",
        "A pneumothorax on the left. Pneumothorax is not seen.",
    ],
)
def test_what_cannot_both_be_is_found(text: str) -> None:
    assert len(contradictions(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No pleural effusion on the right. Small left pleural effusion.",
        "Large right pleural effusion, but no effusion on the left.",
        "No pericardial effusion. Large pleural effusion.",
        "No large effusion. Small effusion.",
        "There is a 3.5 cm nodule. No other nodules.",
        "No effusion, large consolidation in the left lung.",
        "No consolidation in the upper lobes. Consolidation of the left lower lobe.",
        "Large left pleural effusion without pneumothorax. Pneumothorax is not seen.",
        "Left consolidation with right pleural effusion. No left effusion.",
        "Small nodule in the right upper lobe. Large nodule in the right upper lobe.",
    ],
)
def test_what_may_be_true_is_let_pass(text: str) -> None:
    assert contradictions(text) == []


def test_the_clauses_themselves_are_told() -> None:
    found = contradictions("There is no pleural effusion. Emphysema. Large left pleural effusion.")
    assert found == [("there is no pleural effusion", "large left pleural effusion")]


def test_sides_and_sizes_are_read() -> None:
    [claim] = claims_of("Bilateral small pleural effusions")
    assert (claim.present, claim.sides, claim.sizes) == (True, {"left", "right"}, {"small"})


def test_reports_that_tell_the_truth_hold_no_contradiction() -> None:
    for seed in range(60):
        patient = make_patient(seed, "chest", draw_chest_findings(seed))
        for wording in range(2):
            assert contradictions(chest_report(patient, wording, "all").text) == []


def test_a_pair_that_is_said_twice_is_named_once() -> None:
    text = "Large left pleural effusion. No pleural effusion. Large left pleural effusion."
    assert contradictions(text) == [("large left pleural effusion", "no pleural effusion")]
