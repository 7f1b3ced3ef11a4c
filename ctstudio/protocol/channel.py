"""One end of the line between desk and engine: messages in, messages out, from any thread.

One thread of its own encodes and writes, so that no caller waits for a copy and no two writers mix.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory

from ctstudio.core.errors import EngineError
from ctstudio.protocol.blocks import BlockLent, Blocks, BlocksReturned, BlockWanted, BorrowedBlocks, OwnedBlocks
from ctstudio.protocol.wire import Message, decode, encode

_LOAN_SECONDS = 5.0


@dataclass
class _Letter:
    message: Message
    gone: threading.Event
    error: EngineError | None = None


class Channel:
    """A connection that speaks messages.

    Args:
        connection: An open, authenticated connection; closed by `close`.
        store: The desk's own blocks, or the engine's view of them; closed by `close`.
    """

    def __init__(self, connection: Connection, store: OwnedBlocks | BorrowedBlocks) -> None:
        self._connection = connection
        self._store = store
        self._blocks = Blocks(store.make if isinstance(store, OwnedBlocks) else self._borrow, store.find)
        self._letters: queue.SimpleQueue[_Letter | None] = queue.SimpleQueue()
        self._loans: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._broken = threading.Event()
        self._writer = threading.Thread(target=self._write_all, name="ctstudio-channel", daemon=True)
        self._writer.start()

    def send(self, message: Message, wait: bool = False) -> None:
        """Send a message; with `wait`, return only when its bytes are written and its arrays may change.

        A message to a partner that has gone is dropped: `receive` says that it has gone.

        Raises:
            EngineError: With `wait`: the message cannot be sent.
        """
        letter = _Letter(message, threading.Event())
        self._letters.put(letter)
        if not wait:
            return
        while not letter.gone.wait(0.2):
            if self._broken.is_set() or not self._writer.is_alive():
                return
        if letter.error is not None:
            raise letter.error

    @property
    def gone(self) -> bool:
        """Whether the partner has gone."""
        return self._broken.is_set()

    def receive(self, seconds: float | None = None) -> Message | None:
        """The next message. One thread alone may call this.

        Args:
            seconds: How long to wait for it; without end when None.

        Returns:
            None when no message came in time, or when the partner has gone: see `gone`.

        Raises:
            EngineError: The bytes are not a message of this version.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            try:
                if deadline is not None and not self._connection.poll(max(0.0, deadline - time.monotonic())):
                    return None
                data = self._connection.recv_bytes()
            except (EOFError, OSError):
                self._broken.set()
                return None
            try:
                message = decode(data, self._blocks)
            finally:
                self._hand_back()
            if not self._is_housekeeping(message):
                return message

    def close(self) -> None:
        """Write what is waiting, then close the connection and the blocks."""
        self._letters.put(None)
        self._writer.join(timeout=2.0)
        self._connection.close()
        self._store.close()

    def _hand_back(self) -> None:
        names = self._blocks.taken()
        if names:
            self.send(BlocksReturned(names))

    def _is_housekeeping(self, message: Message) -> bool:
        if isinstance(message, BlocksReturned):
            self._blocks.returned(message.names)
        elif isinstance(message, BlockLent):
            self._loans.put(message.name)
        elif isinstance(message, BlockWanted):
            block = self._store.make(message.size) if isinstance(self._store, OwnedBlocks) else None
            self.send(BlockLent(block.name if block is not None else ""))
        else:
            return False
        return True

    def _borrow(self, size: int) -> SharedMemory | None:
        """Ask the desk for a block and wait for it; runs in the writing thread."""
        self._connection.send_bytes(encode(BlockWanted(size)))
        try:
            while name := self._loans.get(timeout=_LOAN_SECONDS):
                block = self._store.find(name)
                if block.size >= size:
                    return block
        except queue.Empty:
            return None
        return None

    def _write_all(self) -> None:
        while (letter := self._letters.get()) is not None:
            if not self._broken.is_set():
                self._write(letter)
            letter.gone.set()

    def _write(self, letter: _Letter) -> None:
        try:
            self._connection.send_bytes(encode(letter.message, self._blocks))
        except EngineError as error:
            letter.error = error
        except (OSError, ValueError):
            self._broken.set()
