"""What the denoiser is told."""

from __future__ import annotations

import tomllib

import pytest
import torch
from torch import Tensor

from ctstudio.core.labels import values_of
from ctstudio.core.resources import resources_dir
from ctstudio.systems.na_diff.conditions import (
    LabelGroups,
    drop_groups,
    grouped,
    label_groups,
    map_picture,
    mask_picture,
    spatial_condition,
)
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.telling import calibrated

CONFIG = NaDiffConfig(
    image_size=16,
    vae_factor=4,
    noise_map_scale_hu=50.0,
    label_groups={
        "body": ("body", "skin"),
        "liver": ("liver",),
        "kidneys": ("kidney_left", "kidney_right"),
        "lesion": ("liver_lesion", "kidney_lesion"),
    },
)
BODY, SKIN, LIVER, LEFT, RIGHT, IN_LIVER, IN_KIDNEY, SPLEEN = values_of(
    ["body", "skin", "liver", "kidney_left", "kidney_right", "liver_lesion", "kidney_lesion", "spleen"]
)


@pytest.fixture
def groups() -> LabelGroups:
    return label_groups(CONFIG)


def _given(*channels: int) -> Tensor:
    given = torch.zeros(1, 4, dtype=torch.bool)
    given[0, list(channels)] = True
    return given


def _image(**quarters: int) -> Tensor:
    """(1, 16, 16) labels; each quarter of the slice one value: nw, ne, sw, se."""
    labels = torch.zeros(1, 16, 16, dtype=torch.uint8)
    for name, value in quarters.items():
        rows = slice(0, 8) if name[0] == "n" else slice(8, 16)
        labels[0, rows, slice(0, 8) if name[1] == "w" else slice(8, 16)] = value
    return labels


def test_labels_of_a_group_share_its_channel_and_strangers_have_none(groups: LabelGroups) -> None:
    row = torch.tensor([[[0, BODY, SKIN, LIVER, LEFT, RIGHT, IN_LIVER, IN_KIDNEY, SPLEEN]]], dtype=torch.uint8)
    assert grouped(row, _given(0, 1, 2, 3), groups)[0, 0].tolist() == [0, 1, 1, 2, 3, 3, 4, 4, 0]


def test_without_the_lesion_group_a_finding_is_what_it_lies_in(groups: LabelGroups) -> None:
    row = torch.tensor([[[LIVER, IN_LIVER, IN_KIDNEY]]], dtype=torch.uint8)
    assert grouped(row, _given(0, 1, 2), groups)[0, 0].tolist() == [2, 2, 3]
    assert grouped(row, _given(1), groups)[0, 0].tolist() == [2, 2, 0]


def test_a_group_that_is_not_given_is_forgotten(groups: LabelGroups) -> None:
    row = torch.tensor([[[BODY, LIVER, LEFT]]], dtype=torch.uint8)
    assert grouped(row, _given(1), groups)[0, 0].tolist() == [0, 2, 0]
    assert not grouped(row, _given(), groups).any()


def test_each_sample_of_a_batch_has_groups_of_its_own(groups: LabelGroups) -> None:
    rows = torch.tensor([[[LIVER, IN_LIVER]], [[LIVER, IN_LIVER]]], dtype=torch.uint8)
    given = torch.cat([_given(1, 3), _given(0, 1)])
    assert grouped(rows, given, groups)[:, 0].tolist() == [[2, 4], [2, 2]]


def test_the_condition_holds_occupancy_flags_and_noise(groups: LabelGroups) -> None:
    noise = torch.zeros(1, 1, 16, 16)
    noise[..., 8:] = 25.0
    made = spatial_condition(_image(nw=LIVER, se=LEFT), _given(1, 2), noise, CONFIG, groups)
    assert made.shape == (1, 9, 4, 4)
    assert made[0, 1].tolist() == [[1, 1, 0, 0]] * 2 + [[0] * 4] * 2
    assert made[0, 2].tolist() == [[0] * 4] * 2 + [[0, 0, 1, 1]] * 2
    assert made[0, 4:8].amin(dim=(1, 2)).tolist() == made[0, 4:8].amax(dim=(1, 2)).tolist() == [0, 1, 1, 0]
    assert made[0, 8].tolist() == [[0, 0, 0.5, 0.5]] * 4


def test_a_latent_pixel_says_which_part_of_it_a_group_covers(groups: LabelGroups) -> None:
    labels = torch.zeros(1, 16, 16, dtype=torch.uint8)
    labels[0, 4:6, 4:7] = LIVER
    made = spatial_condition(labels, _given(1), torch.zeros(1, 1, 16, 16), CONFIG, groups)
    assert made[0, 1, 1, 1].item() == pytest.approx(6 / 16)
    assert made[0, 1].sum().item() == pytest.approx(6 / 16)


def test_the_envelope_covers_all_that_is_labelled_but_only_when_given(groups: LabelGroups) -> None:
    labels, noise = _image(nw=LIVER, ne=BODY, se=SPLEEN), torch.zeros(1, 1, 16, 16)
    expected = [[1, 1, 1, 1]] * 2 + [[0, 0, 1, 1]] * 2
    assert spatial_condition(labels, _given(0, 1), noise, CONFIG, groups)[0, 0].tolist() == expected
    assert not spatial_condition(labels, _given(1), noise, CONFIG, groups)[0, 0].any()


def test_very_strong_noise_is_bounded(groups: LabelGroups) -> None:
    made = spatial_condition(_image(), _given(), torch.full((1, 1, 16, 16), 1e4), CONFIG, groups)
    assert made[0, -1].unique().tolist() == [4.0]


def test_the_picture_gives_every_group_of_the_demo_a_colour_of_its_own() -> None:
    recipe = tomllib.loads((resources_dir() / "recipes" / "demo" / "na-diff.toml").read_text(encoding="utf-8"))
    names = recipe["network"]["label_groups"]
    groups = label_groups(NaDiffConfig(label_groups=names))
    labels = torch.tensor(values_of([labels[0] for labels in names.values()]), dtype=torch.uint8).view(1, 1, -1)
    colours = mask_picture(labels, torch.ones(1, len(names), dtype=torch.bool), groups)[0, :, 0].T  # (G, 3)
    assert (torch.cdist(colours, colours) + 10 * torch.eye(len(colours))).min() > 0.02
    assert colours.min() > 0.1
    assert colours.max() <= 1.0


def test_where_nothing_is_known_the_picture_is_black(groups: LabelGroups) -> None:
    picture = mask_picture(_image(nw=LIVER, se=LEFT), _given(2), groups)
    assert picture.shape == (1, 3, 16, 16)
    assert not picture[..., :8, :8].any()
    assert picture[..., 8:, 8:].all()


def test_the_map_picture_keeps_the_dose() -> None:
    picture = map_picture(torch.tensor([30.0, 60.0, 1e4]).view(3, 1, 1, 1))
    assert picture.shape == (3, 3, 1, 1)
    assert picture[:, 0, 0, 0].tolist() == pytest.approx([0.2, 0.4, 1.0])


def test_groups_are_dropped_as_often_as_said(groups: LabelGroups) -> None:
    count = 8000
    kept = drop_groups(count, groups, torch.Generator().manual_seed(0))
    assert kept.shape == (count, 4)
    alone, with_body = (_given(*which)[0] for which in ((1,), (0, 1)))
    # Besides the fixed kinds, a free draw with rate p hits any one set of k of 4 groups k! (4 - k)! / 5! of the time.
    free = 1 - 0.375
    for which, share in [
        (torch.ones(4, dtype=torch.bool), 0.125 + free / 5),
        (alone, 0.125 + free / 20),
        (with_body, 0.125 + free / 30),
        (torch.zeros(4, dtype=torch.bool), free / 5),
    ]:
        assert (kept == which).all(dim=1).float().mean().item() == pytest.approx(share, abs=0.018)


def test_dropping_is_decided_by_the_generator_alone(groups: LabelGroups) -> None:
    first, again, other = (drop_groups(64, groups, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_calibrated_map_asks_for_what_gain_and_floor_will_spoil() -> None:
    config = NaDiffConfig(noise_gain=0.9, noise_floor_hu=10.0)
    wanted = torch.tensor([50.0, 22.0, 15.0])
    told = calibrated(wanted, config)
    torch.testing.assert_close(((0.9 * told) ** 2 + 100.0).sqrt(), wanted)
    assert calibrated(torch.tensor([8.0]), config).item() == 4.0, "never below half"
    torch.testing.assert_close(calibrated(wanted, NaDiffConfig()), wanted)
