"""Resolve host names without ever delaying the exit of the program."""

import asyncio
import contextlib
import socket
import threading
from dataclasses import dataclass
from typing import Any

from sipcli.net.errors import Problem


@dataclass(frozen=True, slots=True)
class SocketAddress:
    """An address to open a TCP connection to."""

    family: socket.AddressFamily
    sockaddr: tuple[Any, ...]
    """As in the socket module: host and port, plus flow label and scope for IPv6."""

    def __str__(self) -> str:
        host, port = self.sockaddr[:2]
        return f"[{host}]:{port}" if self.family == socket.AF_INET6 else f"{host}:{port}"


async def resolve(host: str, port: int) -> tuple[SocketAddress, ...]:
    """Return the addresses of `host`, in the resolver's order; a literal address is returned as is.

    Raises `OSError` (`socket.gaierror`) if there is none. The look-up runs in its own
    daemon thread: a resolver may take half a minute to give up and cannot be interrupted, and the
    program would wait for the loop's own executor at exit.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[tuple[SocketAddress, ...]] = loop.create_future()

    def settle(found: tuple[SocketAddress, ...] | Exception) -> None:
        if answer.done():
            return  # cancelled while we waited
        if isinstance(found, Exception):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def look_up() -> None:
        found: tuple[SocketAddress, ...] | Exception
        try:
            found = _addresses(host, port)
        except Exception as error:  # noqa: BLE001 - it would be lost with this thread
            found = error
        with contextlib.suppress(RuntimeError):  # the loop is closed, so the result is not needed
            loop.call_soon_threadsafe(settle, found)

    threading.Thread(target=look_up, name="sipcli-resolver", daemon=True).start()
    return await answer


def _addresses(host: str, port: int) -> tuple[SocketAddress, ...] | OSError:
    """Return the result of `getaddrinfo`, or its error as a value, to pass it between threads."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return error
    except UnicodeError:  # from the idna codec: an empty label, or one over 63 characters
        return socket.gaierror(socket.EAI_NONAME, "not a host name")
    usable = (socket.AF_INET, socket.AF_INET6)
    return tuple(dict.fromkeys(SocketAddress(f, at) for f, _, _, _, at in found if f in usable))


def explain(error: socket.gaierror, host: str) -> Problem:
    """Return what a failed look-up means to the user."""
    if error.errno == socket.EAI_AGAIN:
        return Problem(f"{host} cannot be looked up right now", "is this machine online?")
    what = f"no address found for {host} ({error.strerror})"
    return Problem(what, "check the spelling in ws_servers")
