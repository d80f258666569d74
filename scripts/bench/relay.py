"""A bad network that needs no privileges: the two ends of a call meet through UDP sockets here.

Each end is told an address of ours in place of the other's; what comes there goes on to the
other, or does not, as a `Lane` says.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from scripts.bench.network import CLEAN, Impairment, Lane

_HOST: Final = "127.0.0.1"
_CANDIDATE: Final = re.compile(
    r"a=candidate:(?P<head>\S+ 1 udp \d+) 127\.0\.0\.1 (?P<port>\d+) ", re.IGNORECASE
)
Address = tuple[str, int]


class _Front(asyncio.DatagramProtocol):
    """The socket that one end takes for the other."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._loop = asyncio.get_running_loop()
        self.transport: asyncio.DatagramTransport | None = None
        self.behind: _Front | None = None
        """The socket that what comes here leaves by."""
        self.end: Address | None = None
        """Who talks to this socket."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        arrival = self._lane.arrival(self._loop.time())
        if arrival is None or self.behind is None:
            return
        if arrival <= self._loop.time():
            self.behind.send(data)
        else:
            self._loop.call_at(arrival, partial(self.behind.send, data))

    def send(self, data: bytes) -> None:
        """Pass on to the end."""
        transport = self.transport
        if transport is not None and self.end is not None and not transport.is_closing():
            transport.sendto(data, self.end)

    @property
    def port(self) -> int:
        """Of the socket."""
        if self.transport is None:
            raise RuntimeError("the socket is not open")
        return int(self.transport.get_extra_info("sockname")[1])


@dataclass(slots=True)
class Relay:
    """The way between a caller and a callee; clean until `impair`."""

    lanes: tuple[Lane, Lane]
    _caller: _Front
    _callee: _Front

    def offer(self, description: str) -> str:
        """The caller's offer, as the callee is to see it."""
        self._caller.end, rewritten = _rewrite(description, self._callee.port)
        return rewritten

    def answer(self, description: str) -> str:
        """The callee's answer, as the caller is to see it."""
        self._callee.end, rewritten = _rewrite(description, self._caller.port)
        return rewritten

    def impair(self, impairment: Impairment) -> None:
        """From now on, the network is like that in both directions."""
        for lane in self.lanes:
            lane.impairment = impairment


@asynccontextmanager
async def relay(seed: int) -> AsyncIterator[Relay]:
    """A relay for one call."""
    loop = asyncio.get_running_loop()
    lanes = Lane(CLEAN, seed), Lane(CLEAN, seed + 1)
    fronts = [
        (await loop.create_datagram_endpoint(partial(_Front, lane), local_addr=(_HOST, 0)))[1]
        for lane in lanes
    ]
    for front, other in zip(fronts, fronts[::-1], strict=True):
        front.behind = other
    try:
        yield Relay(lanes, *fronts)
    finally:
        for front in fronts:
            if front.transport is not None:
                front.transport.close()


def _rewrite(description: str, port: int) -> tuple[Address, str]:
    """Where the description leads, and the same with us in its place; no other way is left."""
    found: Address | None = None
    lines = []
    for line in description.splitlines():
        candidate = _CANDIDATE.match(line)
        if candidate is not None and found is None:
            found = (_HOST, int(candidate["port"]))
            line = f"a=candidate:{candidate['head']} {_HOST} {port} typ host"
        elif line.startswith("a=candidate:"):
            continue
        lines.append(line)
    if found is None:
        raise ValueError("the description has no candidate on loopback")
    return found, "\r\n".join(lines) + "\r\n"
