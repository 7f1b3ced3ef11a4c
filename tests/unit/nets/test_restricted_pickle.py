"""Pickles may hold tensors and settings; what they ask to run is never run."""

from __future__ import annotations

import argparse
import io
import os
import pickle
from collections import OrderedDict, UserDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctstudio.nets import restricted_pickle
from ctstudio.nets.restricted_pickle import RefusedPickle, StandIn


class _Bomb:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.function, self.arguments


def _read(content: object, protocol: int = 2) -> Any:
    return restricted_pickle.load(io.BytesIO(pickle.dumps(content, protocol=protocol)))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_containers_come_through(protocol: int) -> None:
    content = OrderedDict(a=[1, 2.5, None], b=("x", True), c={"d": "e"})
    assert _read(content, protocol) == content


def test_settings_of_a_program_become_stand_ins_that_keep_their_state() -> None:
    read = _read({"args": argparse.Namespace(model="DiT-XL/2"), "w": 3})
    assert read["w"] == 3
    assert isinstance(read["args"], StandIn)
    assert read["args"].state == {"model": "DiT-XL/2"}


class _Settings(UserDict[str, int]):
    """A class of a training program."""


class _Names(list[str]):
    """Another."""


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("content", [np.float64(3), np.arange(3), Path("a/b"), _Settings(a=1), _Names("ab")])
def test_objects_of_any_class_become_stand_ins(content: object, protocol: int) -> None:
    assert isinstance(_read(content, protocol), StandIn)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("function", ["system", "eval", "exec", "getattr", "open"])
def test_a_bomb_is_refused_by_name_and_does_not_go_off(tmp_path: Path, function: str, protocol: int) -> None:
    mark = tmp_path / "mark"
    code = f"open({str(mark)!r}, 'w')"
    bombs = {
        "system": _Bomb(os.system, f"touch {mark}"),
        "eval": _Bomb(eval, code),
        "exec": _Bomb(exec, code),
        "getattr": _Bomb(getattr, "x", "upper"),
        "open": _Bomb(open, str(mark), "w"),
    }
    with pytest.raises(RefusedPickle, match=function):
        _read({"weights": bombs[function]}, protocol)
    assert not mark.exists()


def test_functions_of_other_libraries_are_stood_in_for_and_not_called(tmp_path: Path) -> None:
    target = tmp_path / "made.npy"
    read = _read([_Bomb(np.save, str(target), 3)])
    assert isinstance(read[0], StandIn)
    assert not target.exists()
