"""The WebSocket server of the sandbox (RFC 7118)."""

import asyncio
import secrets
import ssl
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Final, Literal, Self

from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from sipcli.config.server_settings import WsServer
from sipcli.core.connection.flow import Flow
from sipcli.errors import ConfigError
from sipcli.journal.entries import SipEntry
from sipcli.journal.journal import Journal
from sipcli.net.trim import MAX_SIZE, TrimmedMessages
from sipcli.net.websockets_compat import BoundedFragments
from sipcli.sandbox.proxy import Proxy

MAX_CLIENTS: Final = 200
"""The default number of connections at a time; further ones are closed with 1013."""
REQUESTS_A_CLIENT: Final = 5
"""Requests in progress at a time, on average."""
MAX_QUEUED_MESSAGES: Final = 4
"""Messages of one client that may wait to be handled."""
MAX_UNSENT_BYTES: Final = 256 * 1024
"""Bytes that may wait for a client that does not read; beyond that it is disconnected."""

_WILDCARDS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Wildcard address -> the loopback address to connect to."""


class _Client(TrimmedMessages, BoundedFragments, ServerConnection):
    """The connection of a client."""


class SandboxServer:
    """Listens, and connects clients to the proxy. Use it with `async with`."""

    def __init__(
        self,
        passwords: Mapping[str, str],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        journal: Journal | None = None,
        max_clients: int = MAX_CLIENTS,
        max_requests: int = 0,
    ) -> None:
        """`journal` gets the messages of all connections, as the server sees them."""
        self._proxy = Proxy(
            passwords,
            lambda: secrets.token_hex(16),
            secrets.token_bytes(32),
            most_requests=max(max_requests, max_clients * REQUESTS_A_CLIENT),
        )
        self._max_clients = max_clients
        self._host = host
        self._port = port
        self._tls = tls
        self._journal = journal or Journal()
        self._connections: dict[Flow, ServerConnection] = {}
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        """Listen. Raises `ConfigError` if that fails."""
        try:
            self._server: Server = await serve(
                self._serve,
                self._host,
                self._port,
                ssl=self._tls,
                subprotocols=[Subprotocol("sip")],
                max_size=MAX_SIZE,
                max_queue=MAX_QUEUED_MESSAGES,
                create_connection=_Client,
                compression=None,
                server_header=None,
            )
        except OSError as error:
            reason = error.strerror or str(error)
            text = f"cannot listen on {self._host} port {self._port}: {reason}"
            raise ConfigError(text) from None
        self._port = next(iter(self._server.sockets)).getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._server.close(close_connections=False)
        for connection in self._connections.values():
            connection.transport.abort()  # no closing handshake, which clients could delay
        await self._server.wait_closed()

    @property
    def uri(self) -> WsServer:
        """The URI of the server, for clients on this machine."""
        scheme = "ws" if self._tls is None else "wss"
        host = _WILDCARDS.get(self._host, self._host)
        host = f"[{host}]" if ":" in host else host
        return WsServer(f"{scheme}://{host}:{self._port}")

    async def _serve(self, connection: ServerConnection) -> None:
        if len(self._connections) >= self._max_clients:
            await connection.close(1013, "too many clients")
            return
        self._count += 1
        flow = Flow(self._count, self.uri)
        self._connections[flow] = connection
        self._proxy.opened(flow)
        loop = asyncio.get_running_loop()
        try:
            with suppress(ConnectionClosed):
                while True:
                    data = await connection.recv(decode=False)
                    self._record("received", flow, connection, data)
                    self._proxy.received(flow, data, loop.time())
                    self._flush()
        finally:
            del self._connections[flow]
            self._proxy.closed(flow, loop.time())
            self._flush()

    def _tick(self) -> None:
        self._proxy.tick(asyncio.get_running_loop().time())
        self._flush()

    def _flush(self) -> None:
        """Send the messages of the proxy, and set the timer."""
        for flow, data in self._proxy.take_outgoing():
            connection = self._connections.get(flow)
            if connection is not None:
                self._record("sent", flow, connection, data)
                _send(connection, data)
        if self._timer is not None:
            self._timer.cancel()
        deadline = self._proxy.deadline()
        loop = asyncio.get_running_loop()
        self._timer = None if deadline is None else loop.call_at(deadline, self._tick)

    def _record(
        self,
        direction: Literal["sent", "received"],
        flow: Flow,
        connection: ServerConnection,
        data: bytes,
    ) -> None:
        if self._journal.wants(SipEntry):
            self._journal.record(
                SipEntry(
                    at=self._journal.now(),
                    direction=direction,
                    local=connection.local_address[:2],
                    remote=connection.remote_address[:2],
                    transport="ws" if self._tls is None else "wss",
                    server=str(self.uri),
                    peer=self._proxy.peer(flow),
                    data=data,
                )
            )


def _send(connection: ServerConnection, data: bytes) -> None:
    """Queue a message without waiting; disconnect a client that has too much unread data."""
    message: str | bytes = data
    with suppress(UnicodeDecodeError):
        message = data.decode()
    broadcast((connection,), message)
    if connection.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
        connection.transport.abort()
