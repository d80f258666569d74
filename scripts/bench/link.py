"""Two network namespaces joined by a bad network: what one sends, the other gets, or does not.

Each namespace has one network device, a TUN (Linux's net/tun.h), whose other side is here.
Needs root.
"""

import asyncio
import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from scripts.bench.network import CLEAN, Impairment, Lane

_TUN: Final = Path("/dev/net/tun")
_TUNSETIFF: Final = 0x400454CA
_IFF_TUN: Final = 0x0001
_IFF_NO_PI: Final = 0x1000
_REQUEST: Final = struct.Struct("16sH22x")
_LARGEST: Final = 2048
_IPV4: Final = 4


def available() -> str | None:
    """Why it cannot be done here; None where it can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not _TUN.exists():
        return f"there is no {_TUN}"
    return None


@dataclass(slots=True)
class Link:
    """The way between two namespaces; clean until `impair`."""

    lanes: tuple[Lane, Lane]
    prefixes: tuple[Sequence[str], Sequence[str]]
    """What runs a command in either namespace."""

    def impair(self, impairment: Impairment) -> None:
        """From now on, the network is like that in both directions."""
        for lane in self.lanes:
            lane.impairment = impairment


@contextmanager
def link(number: int, seed: int) -> Iterator[Link]:
    """Link number 0 to 99 of this machine; to be used inside of a running event loop."""
    loop = asyncio.get_running_loop()
    lanes = Lane(CLEAN, seed), Lane(CLEAN, seed + 1)
    names = [f"bench{number}{side}" for side in "ab"]
    addresses = [f"10.77.{number}.{host}" for host in (1, 2)]
    with ExitStack() as stack:
        devices = []
        for name, own, other in zip(names, addresses, addresses[::-1], strict=True):
            _run("ip", "netns", "add", name)
            stack.callback(_run, "ip", "netns", "delete", name)
            device = _tun(name)
            stack.callback(os.close, device)
            _run("ip", "link", "set", name, "netns", name)
            _run("ip", "-n", name, "addr", "add", own, "peer", other, "dev", name)
            for each in ("lo", name):
                _run("ip", "-n", name, "link", "set", each, "up")
            # Chromium shows the address of the default route and no other.
            _run("ip", "-n", name, "route", "add", "default", "dev", name)
            devices.append(device)
        for lane, device, other_device in zip(lanes, devices, devices[::-1], strict=True):
            loop.add_reader(device, _carry, loop, lane, device, other_device)
            stack.callback(loop.remove_reader, device)
        yield Link(lanes, tuple(("ip", "netns", "exec", name) for name in names))  # type: ignore[arg-type]  # two


def _tun(name: str) -> int:
    device = os.open(_TUN, os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, _TUNSETIFF, _REQUEST.pack(name.encode(), _IFF_TUN | _IFF_NO_PI))
    return device


def _carry(loop: asyncio.AbstractEventLoop, lane: Lane, device: int, other: int) -> None:
    packet = os.read(device, _LARGEST)
    if packet[0] >> 4 != _IPV4:  # the kernel looks for IPv6 neighbours
        return
    arrival = lane.arrival(loop.time())
    if arrival is None:
        return
    if arrival <= loop.time():
        _write(other, packet)
    else:
        loop.call_at(arrival, partial(_write, other, packet))


def _write(device: int, packet: bytes) -> None:
    try:
        os.write(device, packet)
    except OSError:
        return  # the link has ended, or its queue is full: a packet is lost


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
