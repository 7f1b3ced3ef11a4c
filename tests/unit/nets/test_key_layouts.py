"""Keys to keys: nothing is dropped unsaid, nothing is guessed."""

from __future__ import annotations

import pytest
import torch
from torch import Size

from ctstudio.core.errors import WeightMismatch
from ctstudio.nets.key_layouts import Layout, Rule, check_fit, renamed

LAYOUT = Layout(
    "a toy",
    "in.w",
    (
        Rule(r"in\.(w|b)", r"first.\1"),
        *(Rule(rf"at\.(\d)\.{name}", r"attn.\1.qkv", part) for part, name in enumerate("qkv")),
        Rule(r"side\.w", "turned", transposed=True),
        Rule(r"conv\.w", "flat", flat=True),
        Rule(r"copy\.w", "first.w", twin=True),
        Rule(r"loss\..*", why="a loss"),
    ),
    ("", "net."),
)
STATE = {
    "in.w": torch.arange(4.0).view(2, 2),
    "at.0.v": torch.full((1, 2), 3.0),
    "at.0.q": torch.full((1, 2), 1.0),
    "at.0.k": torch.full((1, 2), 2.0),
    "side.w": torch.arange(6.0).view(2, 3),
    "conv.w": torch.arange(4.0).view(2, 2, 1, 1),
    "copy.w": torch.arange(4.0).view(2, 2),
    "loss.x": torch.zeros(1),
}
WANTED = {"first.w": Size([2, 2]), "attn.0.qkv": Size([3, 2]), "turned": Size([3, 2]), "flat": Size([2, 2])}


def test_each_tensor_goes_where_it_belongs_and_says_where_it_came_from() -> None:
    made = renamed(LAYOUT, STATE)
    assert made.tensors["attn.0.qkv"].tolist() == [[1, 1], [2, 2], [3, 3]]
    assert torch.equal(made.tensors["turned"], STATE["side.w"].t())
    assert made.tensors["flat"].tolist() == [[0, 1], [2, 3]]
    assert made.sources["attn.0.qkv"] == ("at.0.q", "at.0.k", "at.0.v")
    assert made.unused == {"loss.x": "a loss", "copy.w": "a copy of in.w"}
    assert check_fit(made, WANTED, (), "file") == ()
    used = {key for keys in made.sources.values() for key in keys} | set(made.unused)
    assert used == set(STATE)


def test_a_prefix_marks_the_network_among_others() -> None:
    state = {**{f"net.{key}": value for key, value in STATE.items()}, "other.w": torch.zeros(1)}
    made = renamed(LAYOUT, state)
    assert check_fit(made, WANTED, (), "file") == ()
    assert made.sources["first.w"] == ("net.in.w",)
    assert "another network" in made.unused["other.w"]


def _refused(state: dict[str, torch.Tensor], new: tuple[str, ...] = ()) -> str:
    with pytest.raises(WeightMismatch) as caught:
        check_fit(renamed(LAYOUT, state), WANTED, new, "weights.pt")
    assert "weights.pt" in caught.value.message
    return caught.value.message


def test_what_is_missing_is_named_unless_it_may_be_new() -> None:
    state = {key: value for key, value in STATE.items() if key != "conv.w"}
    assert "missing: flat" in _refused(state)
    assert check_fit(renamed(LAYOUT, state), WANTED, ("fl",), "file") == ("flat",)


def test_what_is_unknown_is_named_as_the_file_calls_it() -> None:
    assert "unknown: odd.key" in _refused({**STATE, "odd.key": torch.zeros(1)})
    assert "unknown: in.b" in _refused({**STATE, "in.b": torch.zeros(1)})  # the rules know it, the network has none


def test_other_shapes_are_named_with_both() -> None:
    assert "in.w has shape (2, 3), not (2, 2)" in _refused(
        {**STATE, "in.w": torch.zeros(2, 3), "copy.w": torch.zeros(2, 3)}
    )
    assert "at.0.q + at.0.k has shape (2, 2), not (3, 2)" in _refused({k: v for k, v in STATE.items() if k != "at.0.v"})
    assert "(1, 3)" in _refused({**STATE, "at.0.q": torch.zeros(1, 3)})
    assert "(2, 2, 3, 3)" in _refused({**STATE, "conv.w": torch.zeros(2, 2, 3, 3)})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_no_numbers_are_named(value: float) -> None:
    assert "not finite: side.w" in _refused({**STATE, "side.w": torch.full((2, 3), value)})


def test_a_copy_that_differs_is_refused() -> None:
    with pytest.raises(WeightMismatch, match=r"copy\.w should be a copy of in\.w"):
        renamed(LAYOUT, {**STATE, "copy.w": torch.zeros(2, 2)})
    with pytest.raises(WeightMismatch, match=r"copy\.w should be a copy"):
        renamed(LAYOUT, {key: value for key, value in STATE.items() if key != "in.w"} | {"in.b": torch.zeros(1)})


def test_a_long_list_is_cut_and_counted() -> None:
    message = _refused({**STATE, **{f"odd.{i}": torch.zeros(1) for i in range(20)}})
    assert "and 14 more" in message
