"""A partial mask is completed, and what it says is left as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ctstudio.catalog.shelf import find_model
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.protocol.events import Finished, Stepped
from ctstudio.protocol.request import Request
from ctstudio.protocol.result import Result
from ctstudio.systems.na_diff.completion import STEPS, filled_in, leaves_open, wholly_given
from ctstudio.systems.na_diff.conditions import LabelGroups, label_groups
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.layout import SCALE, LayoutNetwork, as_layout, layout_loss
from ctstudio.systems.na_diff.pipeline import generate
from ctstudio.systems.na_diff.weights import NaDiffModel, load
from tiny_na_diff import COMPLETING, SMALL, write_tiny_model

GROUPS = {
    "body": ("body", "skin"),
    "liver": ("liver",),
    "spleen": ("spleen",),
    "kidneys": ("kidney", "kidney_left"),
    "lesion": ("lesion", "liver_lesion"),
}
BODY, LIVER, SPLEEN, KIDNEY, LEFT, LESION = values_of(
    ["body", "liver", "spleen", "kidney", "kidney_left", "liver_lesion"]
)
CONFIG = NaDiffConfig(label_groups=GROUPS, layout=(32, 32), vae_factor=4, image_size=64, pixel_mm=6.0)


@pytest.fixture(scope="module")
def groups() -> LabelGroups:
    return label_groups(CONFIG)


def _given(*which: int) -> Tensor:
    given = torch.zeros(1, len(GROUPS), dtype=torch.bool)
    given[0, list(which)] = True
    return given


def _scores(**halves: int) -> Tensor:
    """(1, 6, 2, 2) scores: class `left` wins in the left column, `right` in the right one, background second."""
    scores = torch.zeros(1, len(GROUPS) + 1, 2, 2)
    scores[:, 0] = 0.5
    scores[:, halves["left"], :, 0] += 1
    scores[:, halves["right"], :, 1] += 1
    return scores


def test_open_pixels_take_the_usual_label_of_what_was_drawn(groups: LabelGroups) -> None:
    made = filled_in(_scores(left=3, right=4), torch.zeros(1, 4, 4, dtype=torch.uint8), _given(1), groups)
    assert made.dtype == torch.uint8
    assert made[0, :, 0].tolist() == [SPLEEN] * 4
    assert made[0, :, 3].tolist() == [KIDNEY] * 4


def test_painted_pixels_stay_whatever_was_drawn(groups: LabelGroups) -> None:
    labels = torch.zeros(1, 4, 4, dtype=torch.uint8)
    labels[0, 0], labels[0, 1] = LEFT, LESION
    made = filled_in(_scores(left=3, right=2), labels, _given(3, 4), groups)
    assert made[0, 0].tolist() == [LEFT] * 4
    assert made[0, 1].tolist() == [LESION] * 4
    assert made[0, 2:, 0].tolist() == [SPLEEN] * 2


def test_a_painted_organ_is_not_drawn_a_second_time(groups: LabelGroups) -> None:
    labels = torch.zeros(1, 4, 4, dtype=torch.uint8)
    labels[0, 0, 0] = LIVER
    made = filled_in(_scores(left=2, right=3), labels, _given(1), groups)
    assert (made == LIVER).sum() == 1
    assert made[0, 3, 0] == 0  # background, the second best


def test_a_given_envelope_is_filled_to_its_edge_and_no_further(groups: LabelGroups) -> None:
    labels = torch.zeros(1, 4, 4, dtype=torch.uint8)
    labels[0, :, :3] = BODY
    made = filled_in(_scores(left=0, right=3), labels, _given(0), groups)
    assert (made[0, :, :3] > 0).all()
    assert not made[0, :, 3].any()


@pytest.mark.parametrize(("given", "is_open"), [([1, 1, 1, 1, 0], False), ([0, 1, 1, 0, 1], True)])
def test_a_finding_alone_leaves_nothing_open(groups: LabelGroups, given: list[int], is_open: bool) -> None:
    assert leaves_open(np.full((1, 4, 4), LIVER, np.uint8), np.array(given, bool), groups) is is_open


def test_some_muscles_do_not_stand_for_all() -> None:
    groups = label_groups(
        CONFIG.model_copy(update={"label_groups": {**GROUPS, "muscle": ("skeletal_muscle", "iliopsoas_left")}})
    )
    psoas, muscle = values_of(["iliopsoas_left", "skeletal_muscle"])
    labels, given = np.full((1, 4, 4), psoas, np.uint8), np.ones(6, bool)
    assert wholly_given(labels, given, groups).tolist() == [True] * 5 + [False]
    labels[0, 0, 0] = muscle
    assert wholly_given(labels, given, groups).all()
    scores = torch.zeros(1, 7, 2, 2)
    scores[:, 6] = 1.0
    painted = torch.zeros(1, 4, 4, dtype=torch.uint8)
    painted[0, 0, 0] = psoas
    made = filled_in(scores, painted, torch.zeros(1, 6, dtype=torch.bool), groups)
    assert made[0, 0, 0] == psoas
    assert (made[0, 1:] == muscle).all()


@pytest.mark.parametrize(("unnamed", "is_open"), [(1, False), (4, True)])
def test_a_body_that_is_nearly_all_named_is_complete(groups: LabelGroups, unnamed: int, is_open: bool) -> None:
    labels = np.zeros((1, 8, 8), np.uint8)
    labels[0, :4] = LIVER
    labels[0, 0, :unnamed] = BODY
    assert leaves_open(labels, np.array([1, 1, 0, 0, 0], bool), groups) is is_open


def test_the_loss_falls_to_the_entropy_of_the_edges_when_every_pixel_is_named(groups: LabelGroups) -> None:
    labels = torch.zeros(1, 64, 64, dtype=torch.uint8)
    labels[:, 16:48, 16:48] = LIVER
    right = torch.full((1, 6, 16, 16), -30.0)
    right[:, 0], right[:, 2, 4:12, 4:12] = 0.0, 30.0
    told: list[Tensor] = []

    class Knowing(LayoutNetwork):
        def forward(self, x_t: Tensor, timesteps: Tensor, known: Tensor) -> Tensor:
            told.append(known)
            return right

    timesteps, noise = torch.tensor([500]), torch.randn(1, 6, 16, 16)
    loss = layout_loss(Knowing(CONFIG), labels, _given(1), groups, timesteps, noise)
    assert float(loss) < 1e-6
    assert told[0].shape == (1, 2 * len(GROUPS), 16, 16)


def test_layouts_are_shares_around_zero() -> None:
    assert as_layout(torch.tensor([0.0, 0.5, 1.0])).tolist() == [-SCALE, 0.0, SCALE]


@pytest.fixture(scope="module")
def completing(tmp_path_factory: pytest.TempPathFactory) -> NaDiffModel:
    changes = {**SMALL, **COMPLETING, "label_groups": {name: list(labels) for name, labels in GROUPS.items()}}
    folder = write_tiny_model(tmp_path_factory.mktemp("models") / "completing", changes=changes)
    return load(folder, find_model(folder).info, torch.device("cpu"), torch.float32)


def _run(model: NaDiffModel, **parameters: Any) -> tuple[list[Stepped], Result]:
    array = np.zeros((3, 64, 64), np.uint8)
    array[:2, 20:30, 20:34] = LIVER
    mask = LabelMap(array, Grid.centred(array.shape, (6.0, 6.0, 5.0)), standard_table())
    told = {"steps": 4, "seed": 3, **parameters}
    events = list(generate(Request("r", "na_diff", "generate", "tiny", told, {"mask": mask}), model))
    assert isinstance(events[-1], Finished)
    return [e for e in events if isinstance(e, Stepped)], events[-1].result


def test_the_completed_anatomy_comes_with_the_sample(completing: NaDiffModel) -> None:
    steps, result = _run(completing)
    assert [e.step for e in steps] == list(range(1, STEPS + 4 + 1))
    assert steps[-1].total == STEPS + 4
    outputs = result.samples[0].outputs
    labels, mask = outputs["labels"], outputs["mask"]
    assert isinstance(labels, LabelMap)
    assert labels.synthetic
    assert labels.grid == mask.grid
    painted = mask.array > 0
    assert (labels.array[painted] == LIVER).all()
    assert not (labels.array[~painted] == LIVER).any()
    assert not labels.array[2].any()  # no slice of its own: nothing was generated there


def test_off_means_off_and_the_image_is_another(completing: NaDiffModel) -> None:
    steps, result = _run(completing, complete=False)
    assert steps[-1].total == 4
    assert "labels" not in result.samples[0].outputs
    _, completed = _run(completing)
    assert not np.array_equal(result.samples[0].outputs["ct"].array, completed.samples[0].outputs["ct"].array)


def test_seeds_draw_different_anatomies_and_one_seed_the_same(completing: NaDiffModel) -> None:
    first, again, other = (_run(completing, seed=seed)[1].samples[0].outputs["labels"].array for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_stopping_while_the_anatomy_is_drawn_stops_at_once(completing: NaDiffModel) -> None:
    assert completing.layout is not None
    calls: list[int] = []
    hook = completing.layout.register_forward_hook(lambda *_: calls.append(1))
    array = np.zeros((1, 64, 64), np.uint8)
    array[:, 20:30, 20:34] = LIVER
    mask = LabelMap(array, Grid.centred(array.shape, (6.0, 6.0, 5.0)), standard_table())
    running = generate(Request("r", "na_diff", "generate", "tiny", {"steps": 4}, {"mask": mask}), completing)
    next(running)
    running.close()
    hook.remove()
    assert len(calls) == 1


def test_a_model_without_layout_weights_is_refused(tmp_path: Path) -> None:
    from ctstudio.core.errors import WeightMismatch

    folder = write_tiny_model(tmp_path / "tiny", changes={**SMALL, **COMPLETING})
    (folder / "layout" / "model.safetensors").unlink()
    with pytest.raises(WeightMismatch, match="layout"):
        load(folder, find_model(folder).info, torch.device("cpu"), torch.float32)
