"""A connection to a HEP server, over UDP, TCP or TLS."""

import asyncio
import os
import socket
import ssl
from contextlib import suppress
from typing import Final, Protocol

from sipcli.config.server_settings import HepServer
from sipcli.net import dns, tcp, tls
from sipcli.net.dns import SocketAddress
from sipcli.phone.waiter import within

CONNECT_TIMEOUT_S: Final = 10.0
_CLOSE_TIMEOUT_S: Final = 0.2


class HepConnection(Protocol):
    """A connection to a HEP server. Always `close` it in the end."""

    async def send(self, message: bytes) -> None:
        """Send a message; wait while the network takes no more. Raises `OSError`."""

    async def close(self) -> None:
        """Close; what was sent before goes out first, if that takes only a moment."""


async def connect(server: HepServer, context: ssl.SSLContext | None) -> HepConnection:
    """Look the server up and connect to it; `context` is for TLS. Raises `OSError`."""
    async with asyncio.timeout(CONNECT_TIMEOUT_S):
        addresses = await dns.resolve(server.hostname, server.port)
        if server.transport == "udp":
            return _Datagrams(addresses)
        connected, _ = await tcp.connect(addresses)
        name = None if context is None else server.hostname
        streams = await asyncio.open_connection(sock=connected, ssl=context, server_hostname=name)
        return _Stream(*streams)


def explain(error: OSError, server: HepServer) -> str:
    """Return why `connect` or `send` failed."""
    match error:
        case socket.gaierror():
            return dns.explain(error, server.hostname).what
        case tcp.Unreachable():
            return tcp.explain(error).what
        case ssl.SSLCertVerificationError():
            problem = tls.explain_untrusted(error, server.hostname, None)
            return f"{problem.what} (tls_ca_file, tls_verify)"
        case ssl.SSLError():
            return tls.explain(error).what
        case TimeoutError():
            return f"no connection within {CONNECT_TIMEOUT_S:g} s"
        case _:
            return error.strerror or str(error)


class _Datagrams:
    def __init__(self, addresses: tuple[SocketAddress, ...]) -> None:
        if not addresses:
            raise tcp.Unreachable([])
        self._socket = socket.socket(addresses[0].family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            self._socket.connect(addresses[0].sockaddr)
        except OSError:
            self._socket.close()
            raise

    async def send(self, message: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._socket, message)
        # That nobody listens there is known once a datagram has come back (ICMP): now on this
        # machine, else with a later message.
        fault = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if fault:
            raise OSError(fault, os.strerror(fault))

    async def close(self) -> None:
        self._socket.close()


class _Stream:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        # So that `drain` waits for all of it; with a limit of 0, TLS would never go on.
        writer.transport.set_write_buffer_limits(high=1, low=0)

    async def send(self, message: bytes) -> None:
        if self._reader.at_eof():
            raise ConnectionResetError("the server closed the connection")
        self._writer.write(message)
        await self._writer.drain()

    async def close(self) -> None:
        self._writer.close()
        try:
            with suppress(OSError):  # a timeout is one, too
                await within(_CLOSE_TIMEOUT_S, self._writer.wait_closed())
        finally:
            self._writer.transport.abort()
