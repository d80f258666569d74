"""Detect network changes on this machine: new addresses, links that come and go.

The test is which of our addresses reaches each far end; the kernel answers that without sending a
packet. On Linux the kernel also announces changes (rtnetlink); elsewhere we poll every `POLL`
seconds.
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
"""Documentation addresses (RFC 5737, RFC 3849), which stand for the default routes."""
POLL: Final = 2.0
"""Seconds between polls on systems that do not announce changes."""
SETTLE: Final = 0.2
"""Seconds to wait after a change: addresses and routes come and go in several steps."""

_GROUPS: Final = 0x1 | 0x10 | 0x40 | 0x100 | 0x400
"""Links, addresses and routes of IPv4 and IPv6 (RTMGRP_… of linux/rtnetlink.h)."""
_MESSAGE: Final = 65_536

LocalAddresses = dict[str, str | None]
"""Remote address -> our address that reaches it; None if it is unreachable."""


class NetworkWatch:
    """Reports changes from `start` to `stop`.

    `remotes` returns the IP addresses of interest now. `on_change` is called, on the loop, when one
    of them is reached from another local address than before; not when it becomes unreachable,
    since nothing can be done until it is back.
    """

    def __init__(self, remotes: Callable[[], Iterable[str]], on_change: Callable[[], None]) -> None:
        self._remotes = remotes
        self._on_change = on_change
        self._loop = asyncio.get_running_loop()
        self._addresses: LocalAddresses = {}
        self._socket: socket.socket | None = None
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start watching."""
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
        """Stop watching."""
        if self._handle is not None:
            self._handle.cancel()
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _told(self) -> None:
        """The kernel announced something; `_compare` finds out what."""
        with suppress(OSError):  # drained, or the buffer overflowed
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
    """Return our IP address that reaches `remote`; None if unreachable. Sends nothing.

    Host names return None: looking them up would block.
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
    """True if this machine has the IP address, or if that is unknown (no file descriptor left)."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError as error:
        return error.errno != errno.EADDRNOTAVAIL
    return True


def _route_socket() -> socket.socket | None:
    """Return the socket on which the kernel announces changes; None if there is none."""
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
