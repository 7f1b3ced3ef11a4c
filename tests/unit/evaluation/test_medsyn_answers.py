"""Whether chests show what their texts say: decisions, counts, and arms that are missing."""

from __future__ import annotations

import pytest

from ctstudio.core.labels import LUNG_LOBES
from ctstudio.evaluation.chest_figures import NAN, Figures
from ctstudio.evaluation.medsyn_answers import questions, shown
from ctstudio.evaluation.medsyn_prompts import AGAIN, ARMS, LOBE_PLACES


def figures(left: float = 0.0, right: float = 0.0, ratio: float = 0.42, laa: float = 1.0, lobe: int = 0) -> Figures:
    """Of a chest whose consolidation, if any, lies in one lobe."""
    dense = {f"consolidation_{name}_ml": 90.0 if n == lobe else 0.0 for n, name in enumerate(LUNG_LOBES, start=1)}
    told = {"effusion_left_ml": left, "effusion_right_ml": right, "cardiothoracic_ratio": ratio}
    return {**told, "laa_950_percent": laa, **dense}


def right_answers(volumes: int = 10) -> dict[str, list[Figures]]:
    """What a perfect model would show."""
    lobes = [1 + LOBE_PLACES.index(f["consolidation"].split("-", 1)[1]) for f in ARMS["consolidation"]]
    sides = [(1.0, 0.0), (0.0, 1.0)]
    made = {
        "effusion none": [figures()] * volumes,
        "effusion small": [figures(*(200 * s for s in sides[n % 2])) for n in range(volumes)],
        "effusion large": [figures(*(900 * s for s in sides[n % 2])) for n in range(volumes)],
        "cardiomegaly none": [figures()] * volumes,
        "cardiomegaly": [figures(ratio=0.6)] * volumes,
        "bullae none": [figures()] * volumes,
        "bullae": [figures(laa=20.0)] * volumes,
        "consolidation none": [figures()] * volumes,
        "consolidation": [figures(lobe=lobes[n % len(lobes)]) for n in range(volumes)],
    }
    return made | {arm + AGAIN: made[arm] for arm in ("effusion large", "consolidation")}


def test_a_perfect_model_answers_everything() -> None:
    found = {question.name: question.answer for question in questions(right_answers())}
    assert len(found) == 8
    assert all(answer.value == 1.0 for answer in found.values())
    assert found["negations"].count == 40
    assert found["effusion present"].count == 20
    assert found["effusion present"].low < 0.9  # 20 of 20 do not prove 97 %


@pytest.mark.parametrize(
    ("arm", "wrong", "question", "value"),
    [
        ("effusion none", figures(left=200.0), "effusion present", 0.5),
        ("effusion large", figures(left=100.0), "effusion size", 0.0),
        ("effusion large", figures(left=900.0), "effusion side", 0.75),
        ("cardiomegaly", figures(ratio=0.4), "cardiomegaly", 0.0),
        ("bullae none", figures(laa=30.0), "bullae", 0.0),
        ("consolidation", figures(lobe=1), "consolidation lobe", 0.2),
        ("consolidation", figures(), "consolidation lobe", 0.0),
        ("consolidation none", figures(lobe=3), "negations", 0.75),
        ("effusion large" + AGAIN, figures(right=900.0), "paraphrases", 0.75),
    ],
)
def test_each_fault_is_counted(arm: str, wrong: Figures, question: str, value: float) -> None:
    measured = {**right_answers(), arm: [wrong] * 10}
    found = {each.name: each.answer.value for each in questions(measured)}
    assert found[question] == pytest.approx(value)


def test_what_was_not_measured_is_not_asked() -> None:
    assert [q.name for q in questions({"bullae": [figures()], "bullae none": [figures()]})] == ["bullae", "negations"]
    assert questions({}) == []


def test_what_could_not_be_measured_is_not_shown() -> None:
    nowhere = dict.fromkeys(figures(), NAN)
    assert not any(shown(nowhere).values())
    measured = {**right_answers(), "consolidation": [nowhere] * 10, "cardiomegaly": [nowhere] * 10}
    found = {each.name: each.answer.value for each in questions(measured)}
    assert found["consolidation lobe"] == found["cardiomegaly"] == 0.0
