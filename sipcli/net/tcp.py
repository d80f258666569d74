"""The first address that answers, IPv6 and IPv4 side by side ("Happy Eyeballs", RFC 8305)."""

import asyncio
import errno
import socket
from collections import deque
from itertools import zip_longest
from typing import Final, TypeAlias

from sipcli.net.failure import Fault
from sipcli.net.resolve import Address

ATTEMPT_DELAY: Final = 0.25
"""Seconds before the next address is tried beside the last one (RFC 8305 §5)."""

_Attempt: TypeAlias = asyncio.Task[socket.socket | OSError]


class Unreachable(OSError):  # noqa: N818 - the word of the errno it stands for
    """No address answered; `failures` says what became of each."""

    def __init__(self, failures: list[tuple[Address, OSError]]) -> None:
        super().__init__(errno.EHOSTUNREACH, "no address answered")
        self.failures = tuple(failures)


async def connect(addresses: tuple[Address, ...]) -> tuple[socket.socket, Address]:
    """Open a TCP connection to whichever of `addresses` answers first.

    Raises `Unreachable`. Whatever happens, cancellation included, no socket but the one
    returned stays open. There is no timeout of its own.
    """
    waiting = deque(interleave(addresses))
    attempts: dict[_Attempt, Address] = {}
    running: set[_Attempt] = set()
    failures: list[tuple[Address, OSError]] = []
    winner: _Attempt | None = None
    try:
        while waiting or running:
            if waiting:
                address = waiting.popleft()
                task = asyncio.create_task(_attempt(address))
                attempts[task] = address
                running.add(task)
            done, running = await asyncio.wait(
                running,
                timeout=ATTEMPT_DELAY if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                outcome = task.result()
                if isinstance(outcome, socket.socket):
                    winner = task
                    return outcome, attempts[task]
                failures.append((attempts[task], outcome))
        raise Unreachable(failures)
    finally:
        for task in attempts.keys() - {winner}:
            task.cancel()
            task.add_done_callback(_close)  # nothing is awaited: that could be cancelled too


def _close(loser: _Attempt) -> None:
    """Two attempts may succeed in the same moment; one connection is enough."""
    if not loser.cancelled() and isinstance(outcome := loser.result(), socket.socket):
        outcome.close()


def interleave(addresses: tuple[Address, ...]) -> list[Address]:
    """The families in turn, beginning with the resolver's first choice (RFC 8305 §4)."""
    family = addresses[0].family if addresses else None
    first = [address for address in addresses if address.family == family]
    other = [address for address in addresses if address.family != family]
    return [each for pair in zip_longest(first, other) for each in pair if each is not None]


async def _attempt(address: Address) -> socket.socket | OSError:
    """Connect to one address; its fault is a value, since the others go on."""
    try:
        sock = socket.socket(address.family, socket.SOCK_STREAM)
    except OSError as error:  # a family that this machine does not have
        return error
    try:
        sock.setblocking(False)
        # asyncio does this for sockets of its own making; SIP is small messages both ways.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(sock, address.sockaddr)
    except OSError as error:
        sock.close()
        return error
    except BaseException:
        sock.close()
        raise
    return sock


def explain(error: Unreachable) -> Fault:
    """What became of the addresses, and what to look at."""
    if not error.failures:
        return Fault("the host has no IPv4 or IPv6 address")
    refused = [str(at) for at, fault in error.failures if isinstance(fault, ConnectionRefusedError)]
    if len(refused) == len(error.failures):
        what = f"{' and '.join(refused)} refused the connection"
        return Fault(what, "is the server running there?")
    each = [f"{at}: {fault.strerror or fault}" for at, fault in error.failures]
    return Fault(f"no connection to {'; '.join(each)}", "check the network and the firewall")
