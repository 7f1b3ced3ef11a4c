"""Two ends of a line, in one process and through the door."""

from __future__ import annotations

import os
import threading
import time
from multiprocessing.connection import Listener, Pipe

import numpy as np
import pytest

from ctstudio.core.errors import EngineError
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.protocol.blocks import OwnedBlocks
from ctstudio.protocol.channel import Channel
from ctstudio.protocol.commands import Cancel, Submit
from ctstudio.protocol.door import ADDRESS, SECRET, connect, invitation
from ctstudio.protocol.events import Hello
from ctstudio.protocol.request import Request


def test_messages_keep_their_order() -> None:
    here, there = Pipe()
    desk, engine = Channel(here, OwnedBlocks()), Channel(there, OwnedBlocks())
    for number in range(200):
        desk.send(Cancel(str(number)))
    assert [engine.receive() for _ in range(200)] == [Cancel(str(n)) for n in range(200)]
    assert engine.receive(0.0) is None
    assert not engine.gone
    desk.close()
    assert engine.receive() is None
    assert engine.gone
    engine.close()


def test_with_wait_the_array_may_change_afterwards() -> None:
    here, there = Pipe()
    desk, engine = Channel(here, OwnedBlocks()), Channel(there, OwnedBlocks())
    array = np.ones((2, 3, 4), np.float32)
    desk.send(Submit(Request("r", "s", "t", "m", inputs={"scan": Volume(array, Grid((2, 3, 4)))})), wait=True)
    array[:] = 9
    message = engine.receive()
    assert isinstance(message, Submit)
    assert (message.request.inputs["scan"].array == 1).all()
    desk.close()
    engine.close()


def test_what_cannot_be_sent_is_said_and_the_line_lives_on() -> None:
    here, there = Pipe()
    desk, engine = Channel(here, OwnedBlocks()), Channel(there, OwnedBlocks())
    with pytest.raises(EngineError, match="cannot be sent"):
        desk.send(Submit(Request("r", "s", "t", "m", {"bad": object()})), wait=True)
    desk.send(Cancel("x"))
    assert engine.receive() == Cancel("x")
    desk.close()
    engine.close()


def test_sending_to_nobody_does_not_hang() -> None:
    here, there = Pipe()
    desk = Channel(here, OwnedBlocks())
    there.close()
    desk.send(Cancel("x"), wait=True)
    desk.send(Cancel("y"), wait=True)
    assert desk.receive() is None
    desk.close()


def test_news_of_blocks_does_not_hold_up_who_waits_for_a_moment() -> None:
    here, there = Pipe()
    blocks = OwnedBlocks()
    desk, engine = Channel(here, blocks), Channel(there, blocks)
    grid = Grid((16, 128, 128))
    desk.send(Submit(Request("r", "s", "t", "m", inputs={"scan": Volume(np.ones(grid.shape, np.float32), grid)})))
    assert isinstance(engine.receive(), Submit)
    began = time.monotonic()
    assert desk.receive(0.3) is None  # the block came back, and that is not a message
    assert 0.25 < time.monotonic() - began < 2
    engine.close()
    desk.close()


def test_malformed_bytes_are_an_engine_error() -> None:
    here, there = Pipe()
    desk = Channel(here, OwnedBlocks())
    there.send_bytes(b"\x80\x04pickle")
    with pytest.raises(EngineError):
        desk.receive()
    desk.close()


def test_the_door_opens_with_the_invitation_only() -> None:
    listener = Listener(authkey=b"secret")
    environment = invitation(listener.address, b"secret")
    box: list[Channel] = []
    thread = threading.Thread(target=lambda: box.append(Channel(listener.accept(), OwnedBlocks())))
    thread.start()
    engine = connect(environment)
    thread.join()
    engine.send(Hello(os.getpid()))
    assert box[0].receive() == Hello(os.getpid())
    assert ADDRESS not in environment
    assert SECRET not in environment
    engine.close()
    box[0].close()
    listener.close()


def test_a_tcp_address_survives_the_environment() -> None:
    listener = Listener(("localhost", 0), authkey=b"secret")
    environment = invitation(listener.address, b"secret")
    thread = threading.Thread(target=lambda: listener.accept().close())
    thread.start()
    engine = connect(environment)
    assert engine.receive() is None
    thread.join()
    engine.close()
    listener.close()


def test_without_an_invitation_the_engine_says_why() -> None:
    with pytest.raises(EngineError, match="started by hand"):
        connect({})
    with pytest.raises(EngineError, match="cannot reach"):
        connect(invitation("/nowhere/at/all", b"x"))


def test_what_memory_does_not_hold_is_said_and_the_line_lives_on() -> None:
    here, there = Pipe()
    desk, engine = Channel(here, OwnedBlocks()), Channel(there, OwnedBlocks())
    grid = Grid((1 << 22, 1 << 22, 1))
    huge = np.broadcast_to(np.float32(0), grid.shape)  # 64 TiB when written out
    with pytest.raises(EngineError, match="not enough memory"):
        desk.send(Submit(Request("r", "s", "t", "m", inputs={"scan": Volume(huge, grid)})), wait=True)
    desk.send(Cancel("x"))
    assert engine.receive() == Cancel("x")
    desk.close()
    engine.close()
