"""What is asked of a MedSyn model: counts, seeds, words."""

from __future__ import annotations

from ctstudio.core.seeds import TRAINING_SEEDS
from ctstudio.evaluation.medsyn_prompts import AGAIN, ARMS, SAID_AGAIN, prompt_arms, report_arm, stranger_findings


def test_every_prompt_has_its_volumes_and_the_same_seeds() -> None:
    arms = prompt_arms(10)
    assert [arm.name for arm in arms] == [*ARMS, *(name + AGAIN for name in SAID_AGAIN)]
    assert all([asked.seed for asked in arm.asked] == list(range(10)) for arm in arms)
    assert all(arm.asked[n].findings == ARMS["effusion small"][n % 2] for arm in arms[1:2] for n in range(10))


def test_more_volumes_begin_with_the_fewer() -> None:
    few, many = prompt_arms(3), prompt_arms(5)
    assert all(list(b.asked)[:3] == list(a.asked) for a, b in zip(few, many, strict=True))
    assert list(report_arm(4).asked)[:2] == list(report_arm(2).asked)


def test_other_words_say_the_same() -> None:
    arms = {arm.name: arm for arm in prompt_arms(12)}
    for name in SAID_AGAIN:
        first, second = arms[name], arms[name + AGAIN]
        assert [a.findings for a in first.asked] == [a.findings for a in second.asked]
        assert sum(a.text != b.text for a, b in zip(first.asked, second.asked, strict=True)) >= 8


def test_patients_were_never_trained_on_and_none_comes_twice() -> None:
    reports, strangers = report_arm(5), stranger_findings(5)
    prompts = {seed for arm in prompt_arms(5) for seed in arm.patients}
    seeds = [prompts, set(reports.patients), {seed for seed, _ in strangers}]
    assert all(min(each) >= TRAINING_SEEDS.stop for each in seeds)
    assert not seeds[0] & seeds[1]
    assert not seeds[1] & seeds[2]
    assert all(asked.text or asked.impression for asked in reports.asked)
