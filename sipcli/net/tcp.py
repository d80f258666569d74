"""Connect to the first address that answers, IPv6 or IPv4 ("Happy Eyeballs", RFC 8305)."""

import asyncio
import errno
import socket
from collections import deque
from itertools import zip_longest
from typing import Final, TypeAlias

from sipcli.errors import DESCRIPTORS_HINT, is_out_of_descriptors
from sipcli.net.dns import SocketAddress
from sipcli.net.errors import Problem

ATTEMPT_DELAY: Final = 0.25
"""Seconds before the next address is tried in parallel (RFC 8305 §5)."""

_Attempt: TypeAlias = asyncio.Task[socket.socket | OSError]


class Unreachable(OSError):  # noqa: N818 - the word of the errno it stands for
    """No address answered; `failures` has the error of each."""

    def __init__(self, failures: list[tuple[SocketAddress, OSError]]) -> None:
        super().__init__(errno.EHOSTUNREACH, "no address answered")
        self.failures = tuple(failures)


async def connect(addresses: tuple[SocketAddress, ...]) -> tuple[socket.socket, SocketAddress]:
    """Open a TCP connection to the first of `addresses` that answers.

    Raises `Unreachable`. In all cases, cancellation included, only the returned socket stays open.
    The caller sets the timeout.
    """
    waiting = deque(interleave(addresses))
    attempts: dict[_Attempt, SocketAddress] = {}
    running: set[_Attempt] = set()
    failures: list[tuple[SocketAddress, OSError]] = []
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
            task.add_done_callback(_close)  # not awaited: the await could be cancelled too


def _close(loser: _Attempt) -> None:
    """Close a connection that succeeded at the same moment as the winner."""
    if not loser.cancelled() and isinstance(outcome := loser.result(), socket.socket):
        outcome.close()


def interleave(addresses: tuple[SocketAddress, ...]) -> list[SocketAddress]:
    """Alternate the address families, starting with the resolver's first choice (RFC 8305 §4)."""
    family = addresses[0].family if addresses else None
    first = [address for address in addresses if address.family == family]
    other = [address for address in addresses if address.family != family]
    return [each for pair in zip_longest(first, other) for each in pair if each is not None]


async def _attempt(address: SocketAddress) -> socket.socket | OSError:
    """Connect to one address; return the error, since the other attempts continue."""
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


def explain(error: Unreachable) -> Problem:
    """Return what happened to each address, with a hint."""
    if not error.failures:
        return Problem("the host has no IPv4 or IPv6 address")
    refused = [str(at) for at, fault in error.failures if isinstance(fault, ConnectionRefusedError)]
    if len(refused) == len(error.failures):
        what = f"{' and '.join(refused)} refused the connection"
        return Problem(what, "is the server running there?")
    each = [f"{at}: {fault.strerror or fault}" for at, fault in error.failures]
    if any(is_out_of_descriptors(fault) for _, fault in error.failures):
        return Problem(f"no connection to {'; '.join(each)}", DESCRIPTORS_HINT)
    return Problem(f"no connection to {'; '.join(each)}", "check the network and the firewall")
