"""How an engine finds its desk: an address and a secret in its environment, never on its command line."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client

from ctstudio.core.errors import EngineError
from ctstudio.protocol.blocks import BorrowedBlocks
from ctstudio.protocol.channel import Channel

ADDRESS = "CTSTUDIO_ENGINE_ADDRESS"
SECRET = "CTSTUDIO_ENGINE_SECRET"

Address = str | tuple[str, int]


def invitation(address: Address, secret: bytes) -> dict[str, str]:
    """The environment variables that lead an engine to a desk."""
    place = address if isinstance(address, str) else f"tcp:{address[0]}:{address[1]}"
    return {ADDRESS: place, SECRET: secret.hex()}


def connect(environment: MutableMapping[str, str] = os.environ) -> Channel:
    """The engine's end of the line. The secret is taken out of the environment, so that no child sees it.

    Raises:
        EngineError: There is no invitation, or nobody is at the address.
    """
    place, secret = environment.pop(ADDRESS, ""), environment.pop(SECRET, "")
    if not place or not secret:
        raise EngineError(
            "The engine was started by hand: it has no window to talk to.",
            "Start CT Studio with 'ctstudio'; it starts its engine itself.",
        )
    try:
        connection = Client(_address(place), authkey=bytes.fromhex(secret))
    except (OSError, EOFError, ValueError, AuthenticationError) as error:
        raise EngineError("The engine cannot reach the window.", "Start CT Studio again.", str(error)) from error
    return Channel(connection, BorrowedBlocks())


def _address(place: str) -> Address:
    if not place.startswith("tcp:"):
        return place
    host, _, port = place.removeprefix("tcp:").rpartition(":")
    return host, int(port)
