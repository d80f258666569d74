"""Notices when the network of this machine changes: other addresses, a link that went or came.

What matters is by which of our addresses each far end is reached. The kernel tells that without
a packet being sent, and of each change too (rtnetlink, on Linux); elsewhere it is asked every
few seconds.
"""

import asyncio
import errno
import socket
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from ipaddress import ip_address
from typing import Final

DEFAULTS: Final = ("198.51.100.1", "2001:db8::1")
"""Addresses of nobody (RFC 5737, RFC 3849): the default routes lead there."""
POLL: Final = 2.0
"""Seconds between looks where the system does not tell of changes."""
SETTLE: Final = 0.2
"""Seconds from a change to the look: addresses and routes come and go in several steps."""

_GROUPS: Final = 0x1 | 0x10 | 0x40 | 0x100 | 0x400
"""Links, addresses and routes of IPv4 and IPv6 (RTMGRP_… of linux/rtnetlink.h)."""
_MESSAGE: Final = 65_536

LocalAddresses = dict[str, str | None]
"""Far addresses, and by which of ours they are reached; None where they are not."""


class NetworkWatch:
    """Tells of changes from `start` to `stop`.

    `remotes` says which IP addresses are of interest just now. `on_change` is called, on the
    loop, when one of them is reached in another way than before; not when it is out of reach,
    where nothing can be done until it is back.
    """

    def __init__(self, remotes: Callable[[], Iterable[str]], on_change: Callable[[], None]) -> None:
        self._remotes = remotes
        self._on_change = on_change
        self._loop = asyncio.get_running_loop()
        self._addresses: LocalAddresses = {}
        self._socket: socket.socket | None = None
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._addresses = self._look()
        self._socket = _route_socket()
        if self._socket is not None:
            try:
                self._loop.add_reader(self._socket, self._told)
            except NotImplementedError:
                self._socket.close()
                self._socket = None
        if self._socket is None:
            self._handle = self._loop.call_later(POLL, self._compare)

    def stop(self) -> None:
        """Watch no more."""
        if self._handle is not None:
            self._handle.cancel()
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _told(self) -> None:
        """The kernel has something to tell; what it is, the next look shows."""
        with suppress(OSError):  # there is no more, or more than the buffer holds
            while self._socket is not None and self._socket.recv(_MESSAGE):
                pass
        if self._handle is None:
            self._handle = self._loop.call_later(SETTLE, self._compare)

    def _compare(self) -> None:
        self._handle = None
        if self._socket is None:
            self._handle = self._loop.call_later(POLL, self._compare)
        before, self._addresses = self._addresses, self._look()
        if any(
            remote in before and way is not None and way != before[remote]
            for remote, way in self._addresses.items()
        ):
            self._on_change()

    def _look(self) -> LocalAddresses:
        return {remote: local_address_for(remote) for remote in (*DEFAULTS, *self._remotes())}


def local_address_for(remote: str) -> str | None:
    """Our IP address by which `remote` is reached; None where there is no way. Sends nothing.

    A name has no way: to look it up would take its time.
    """
    family = socket.AF_INET6 if ":" in remote else socket.AF_INET
    try:
        ip_address(remote)
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((remote, 9))
            return str(probe.getsockname()[0])
    except (OSError, ValueError):
        return None


def is_ours(address: str) -> bool:
    """Whether this machine has the IP address; true where it cannot be told (no file is left)."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError as error:
        return error.errno != errno.EADDRNOTAVAIL
    return True


def _route_socket() -> socket.socket | None:
    """Where the kernel tells of changes; None where it does not, or does not let us know."""
    if sys.platform != "linux":
        return None
    try:
        listening = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE
        )
    except OSError:
        return None
    try:
        listening.bind((0, _GROUPS))
    except OSError:
        listening.close()
        return None
    return listening
