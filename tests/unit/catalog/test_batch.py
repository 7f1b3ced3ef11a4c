"""What a batch is: settings that are checked, a plan that knows its samples and cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctstudio.catalog.batch import BatchMask, BatchPlan, check_size, folder_of, plan_from_json
from ctstudio.core.errors import InputError, ParameterError
from small_masks import settings


def mask(name: str, slabs: tuple[tuple[int, int], ...] = ((2, 3),)) -> BatchMask:
    return BatchMask(
        name=name, file=f"{name}.nii.gz", group=name, digest=name, shape=(9, 40, 48), slabs=slabs, labels={"liver": 9}
    )


def plan(*masks: BatchMask, **more: str) -> BatchPlan:
    return BatchPlan(settings=settings(Path("masks"), **more), masks=masks, labels=("liver",))


def test_a_plan_counts_and_names_its_samples_and_cases() -> None:
    made = plan(mask("a"), mask("b", ((0, 1), (4, 2))))
    assert (made.sample_count, made.case_count, made.slice_count) == (4, 6, 12)
    samples = list(made.samples())
    assert [one.name for one in samples][:2] == ["a_dose0p1_seed0", "a_dose0p5_seed0"]
    assert made.cases_of(samples[0]) == ("a_dose0p1_seed0",)
    assert made.cases_of(samples[2]) == ("b_dose0p1_seed0_part1", "b_dose0p1_seed0_part2")
    runs = plan(mask("b", ((0, 1), (4, 2))), layout="runs", name="b")
    assert runs.case_count == runs.sample_count == 2
    assert runs.cases_of(next(runs.samples())) == ("b_dose0p1_seed0",)


def test_a_plan_comes_back_from_its_text_as_it_was() -> None:
    made = plan(mask("a"))
    assert plan_from_json(made.model_dump_json(), "there") == made
    with pytest.raises(InputError, match="there"):
        plan_from_json('{"settings": {}}', "there")


@pytest.mark.parametrize("name", ["Liver", "Dataset5_Liver", "Dataset501", "Dataset501_", "Dataset501_a/b", ""])
def test_names_that_nnunet_does_not_take_are_refused(name: str) -> None:
    with pytest.raises(ParameterError, match="nnU-Net"):
        settings(Path("masks"), name=name).check()
    settings(Path("masks"), name=name, layout="runs").check()


def test_choices_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ParameterError, match="not known before"):
        settings(Path("masks"), label_source="completed").check()
    settings(Path("masks"), label_source="completed", labels=("liver",)).check()
    with pytest.raises(ParameterError, match="twice"):
        settings(Path("masks"), labels=("liver", "liver")).check()
    with pytest.raises(ParameterError, match="regular expression"):
        settings(Path("masks"), patient_pattern="(").check()


def test_a_batch_that_nobody_means_and_cases_of_one_name_are_refused() -> None:
    many = plan(*(mask(f"m{n}") for n in range(3)))
    huge = many.model_copy(update={"settings": settings(Path("masks"), lists={"seed": "0-49999"})})
    with pytest.raises(ParameterError, match="300000 samples"):
        check_size(huge)
    check_size(many)
    rivals = plan(mask("a", ((0, 1), (2, 1))), mask("A", ((0, 1), (2, 1))))
    with pytest.raises(ParameterError, match="Two cases"):
        check_size(rivals)


def test_the_data_set_lies_below_out_unless_out_is_itself() -> None:
    asked = settings(Path("masks"), name="Dataset502_Liver")
    assert folder_of(Path("raw"), asked) == Path("raw/Dataset502_Liver")
    assert folder_of(Path("raw/Dataset502_Liver"), asked) == Path("raw/Dataset502_Liver")
    assert folder_of(Path("raw"), settings(Path("masks"), layout="runs", name="x")) == Path("raw")
