"""Steps of a request are told as steps of its stages, whatever the sampler counts."""

import pytest

from ctstudio.protocol.events import Stepped
from ctstudio.session.stage_words import progress_words, stage_place

DEMO = {"steps": 20, "upscale_steps": 12}


def step(number, total=32, sample=1, samples=1):
    return Stepped("r", number, total, sample, samples)


def test_the_coarse_stage_says_what_follows_it():
    assert progress_words(DEMO, step(12)) == "Coarse volume, step 12 of 20 · then 12 steps of refinement"
    assert progress_words(DEMO, step(21)) == "Refinement, step 1 of 12"
    assert progress_words(DEMO, step(32)) == "Refinement, step 12 of 12"


def test_published_samplers_count_one_step_more_in_each_stage():
    paper = {"steps": 50, "upscale_steps": 20}
    assert progress_words(paper, step(51, 72)) == "Coarse volume, step 51 of 51 · then 21 steps of refinement"
    assert progress_words(paper, step(52, 72)) == "Refinement, step 1 of 21"


def test_each_sample_has_its_own_stages():
    assert progress_words(DEMO, step(32 + 5, 64, 2, 2)) == (
        "Sample 2 of 2: Coarse volume, step 5 of 20 · then 12 steps of refinement"
    )


def test_without_refinement_there_is_one_stage():
    for parameters in (DEMO, DEMO | {"upscale_steps": 0}):
        place = stage_place(parameters, step(3, 20))
        assert place is not None
        assert (place.words, place.later) == ("Coarse volume, step 3 of 20", 0)


@pytest.mark.parametrize("parameters", [{}, {"steps": 20}, {"steps": None, "upscale_steps": 3}])
def test_tasks_without_stages_count_plainly(parameters):
    assert progress_words(parameters, step(3, 20)) == "Generating, step 3 of 20"
