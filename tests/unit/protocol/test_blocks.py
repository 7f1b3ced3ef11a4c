"""Large arrays through shared memory, between two real processes where it matters."""

from __future__ import annotations

import subprocess
import sys
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np
import pytest

from ctstudio.core.errors import EngineError
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.protocol.blocks import SMALLEST_BYTES, Blocks, OwnedBlocks
from ctstudio.protocol.events import Preview
from ctstudio.protocol.wire import decode, encode

LARGE = (16, 128, 128)


def preview(value: float) -> Preview:
    return Preview("r", 1, Volume(np.full(LARGE, value, np.float32), Grid(LARGE)))


def exists(name: str) -> bool:
    try:
        SharedMemory(name).close()
    except FileNotFoundError:
        return False
    return True


def test_large_arrays_leave_the_message_and_blocks_are_used_again() -> None:
    owned = OwnedBlocks()
    sender, receiver = Blocks(owned.make, owned.find), Blocks(owned.make, owned.find)
    names = set()
    for value in range(5):
        data = encode(preview(value), sender)
        assert len(data) < 2000
        back = decode(data, receiver)
        assert isinstance(back, Preview)
        assert (back.image.array == value).all()
        returned = receiver.taken()
        names.update(returned)
        sender.returned(returned)
    owned.close()
    assert len(names) == 1
    assert not any(exists(name) for name in names)


def test_a_block_not_yet_returned_is_not_overwritten() -> None:
    owned = OwnedBlocks()
    sender, receiver = Blocks(owned.make, owned.find), Blocks(owned.make, owned.find)
    first, second = encode(preview(1), sender), encode(preview(2), sender)
    for data, value in ((second, 2), (first, 1)):
        back = decode(data, receiver)
        assert isinstance(back, Preview)
        assert (back.image.array == value).all()
    assert len(set(receiver.taken())) == 2
    owned.close()


def test_small_arrays_stay_in_the_message() -> None:
    owned = OwnedBlocks()
    assert Blocks(owned.make, owned.find).put(np.zeros(SMALLEST_BYTES, np.uint8)) is None
    owned.close()


@pytest.mark.parametrize("limit", [0, 4 * 1024])
def test_without_shared_memory_the_bytes_travel_in_the_message(limit: int) -> None:
    owned = OwnedBlocks(limit_bytes=limit)
    blocks = Blocks(owned.make, owned.find)
    data = encode(preview(3), blocks)
    assert len(data) > np.prod(LARGE) * 4
    back = decode(data, blocks)
    assert isinstance(back, Preview)
    assert (back.image.array == 3).all()
    owned.close()


def test_more_than_the_machine_has_is_refused_not_fatal() -> None:
    owned = OwnedBlocks(limit_bytes=2**60)
    assert owned.make(2**50) is None
    owned.close()


def test_a_block_too_small_or_unknown_is_refused() -> None:
    owned = OwnedBlocks()
    blocks = Blocks(owned.make, owned.find)
    name = blocks.put(np.zeros(LARGE, np.float32))
    assert name is not None
    with pytest.raises(EngineError, match="more than its memory block"):
        blocks.take(name, np.dtype(np.float32), (1000, 1000, 1000))
    with pytest.raises(EngineError, match="does not exist"):
        blocks.take("psm_elsewhere", np.dtype(np.float32), (1, 1, 1))
    owned.close()


def test_after_close_no_block_is_made() -> None:
    owned = OwnedBlocks()
    owned.close()
    assert owned.make(2**20) is None


BORROWER = """
import sys
import numpy as np
from ctstudio.protocol.blocks import BorrowedBlocks
borrowed = BorrowedBlocks()
block = borrowed.find(sys.argv[1])
np.ndarray((4,), np.uint8, block.buf)[:] = 7
borrowed.close()
"""


def test_a_borrower_that_ends_does_not_remove_the_block() -> None:
    owned = OwnedBlocks()
    block = owned.make(2**20)
    assert block is not None
    root = Path(__file__).resolve().parents[3]
    run = subprocess.run(
        [sys.executable, "-c", BORROWER, block.name], cwd=root, capture_output=True, text=True, check=True
    )
    assert run.stderr == ""
    assert exists(block.name)
    assert bytes(block.buf[:4]) == b"\x07" * 4
    name = block.name
    owned.close()
    assert not exists(name)
