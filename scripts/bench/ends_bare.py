"""Ends without media: what waking up for a call costs on this machine, whoever does it.

Each sends a datagram of a packet's length every 20 ms, and throws away what comes.
"""

import asyncio
import json
import socket
from typing import Final

from scripts.bench.ends import Conversation, SetUp
from sipcli.media.audio_io.ticker import Ticker

_DATAGRAM: Final = bytes(182)
"""As long as 20 ms of PCMU with their headers and SRTP's tag."""


class BareEnd(asyncio.DatagramProtocol):
    """One socket and one timer."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(("127.0.0.1", 0))
        self._transport: asyncio.DatagramTransport | None = None
        self._peer: tuple[str, int] | None = None
        self._ticker = Ticker(self._tick)
        self._received = 0

    async def offer(self) -> str:
        """Where we are."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=self._socket)
        return json.dumps(self._socket.getsockname())

    async def answer(self, offer: str) -> str:
        """Where we are, too."""
        await self.accept(offer)
        return await self.offer()

    async def accept(self, answer: str) -> None:
        """Begin."""
        address, port = json.loads(answer)
        self._peer = address, port
        self._ticker.start()

    async def connected(self) -> None:
        """At once."""

    async def first_heard(self) -> SetUp:
        """There is nothing to hear."""
        raise ValueError("a bare end hears nothing")

    @property
    def frames(self) -> tuple[int, int]:
        """As many as came."""
        return self._received, 0

    def forget(self) -> None:
        """Count anew."""
        self._received = 0

    async def conversation(self) -> Conversation:
        """There is none."""
        raise ValueError("a bare end keeps nothing")

    async def close(self) -> None:
        """Stop."""
        self._ticker.stop()
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Something has come."""
        self._received += 1

    def _tick(self, _now: float) -> None:
        if self._transport is not None:
            self._transport.sendto(_DATAGRAM, self._peer)


class BareEngine:
    """Nothing is shared."""

    def end(self, codec: str, *, keeps: bool) -> BareEnd:
        """A new end, whatever the codec."""
        return BareEnd()

    async def close(self) -> None:
        """Nothing is held."""
