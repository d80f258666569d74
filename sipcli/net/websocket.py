"""The library's WebSocket connection, with a limit on every wait (RFC 6455 §5.5, §7.1).

A client of `websockets` waits for the server in four places where a server can make it wait
forever or use up memory: for the rest of an answer that is not HTTP, for the end of TCP after a
Close frame or an error, for a pong, and for room to write. Here each of these waits is limited,
and exceeding it ends the connection with a sentence that says why.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from websockets.asyncio.client import ClientConnection
from websockets.client import ClientProtocol

from sipcli import awake
from sipcli.net.network_watch import is_ours
from sipcli.net.trim import TrimmedMessages
from sipcli.net.websockets_compat import BoundedFragments

LINGER: Final = 1.0
"""Seconds for the server to end TCP once a Close frame was sent or received (RFC 6455 §7.1.1)."""
MAX_UNSENT: Final = 256 * 1024
"""Unsent bytes after which a server that does not read is disconnected; about 100 SIP messages."""
HEAD: Final = 512
"""First bytes to keep: they show what a port speaks if not WebSocket."""


class WebSocketConnection(TrimmedMessages, BoundedFragments, ClientConnection):
    """One WebSocket connection; `cut` ends it at once and says why.

    `ping_interval` and `ping_timeout` are seconds: a dead server is noticed within their
    sum. `on_made` is called when TCP, and TLS if used, are up.
    """

    def __init__(
        self,
        protocol: ClientProtocol,
        *,
        ping_interval: float,
        ping_timeout: float,
        on_made: Callable[[], None],
        **limits: Any,
    ) -> None:
        super().__init__(protocol, ping_interval=ping_interval, ping_timeout=ping_timeout, **limits)
        self.close_timeout = LINGER
        self.head = b""
        """The first bytes received, at most `HEAD`."""
        self.fault: str | None = None
        """Why we cut the connection; None if we did not."""
        self.lost_by: Exception | None = None
        """The error that ended TCP or TLS; None for an orderly end."""
        self._interval = ping_interval
        self._timeout = ping_timeout
        self._on_made = on_made
        self._linger: asyncio.TimerHandle | None = None

    def cut(self, fault: str) -> None:
        """End the connection now, without a closing handshake."""
        if self.fault is None:
            self.fault = fault
        self.transport.abort()

    def check_unsent(self) -> None:
        """Cut the connection when more than `MAX_UNSENT` bytes wait to be sent."""
        if self.transport.get_write_buffer_size() > MAX_UNSENT:
            self.cut("the server does not read what we send")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note that TCP and TLS are up (asyncio.Protocol)."""
        super().connection_made(transport)
        self._on_made()

    def data_received(self, data: bytes) -> None:
        """Handle bytes from the server (asyncio.Protocol)."""
        self.head += data[: HEAD - len(self.head)]
        super().data_received(data)
        self.check_unsent()  # pongs pile up for a server that sends pings but reads nothing
        if not self.head.startswith(b"HTTP/"[: len(self.head)]):
            self.transport.abort()  # the library would wait for the end of a line, or of TCP
        elif self.protocol.close_expected() and self._linger is None:
            self._linger = self.loop.call_later(LINGER, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that TCP has ended (asyncio.Protocol)."""
        self.lost_by = exc
        if self._linger is not None:
            self._linger.cancel()
        if hasattr(self, "transport"):  # not so where TLS failed behind a proxy
            super().connection_lost(exc)

    async def keepalive(self) -> None:
        """Send pings and cut the connection when a pong is missing (RFC 6455 §5.5.2).

        Replaces the library's own, which would then wait for the closing handshake, and without
        a limit for room to write. The library starts and stops it.
        """
        while True:
            await asyncio.sleep(self._interval)
            await self.check_alive(self._timeout)

    async def check_alive(self, within: float) -> None:
        """Cut the connection unless the server answers a ping `within` seconds.

        Raises `ConnectionClosed` if it ends first. If this machine has lost the connection's
        local address, it is cut at once: no answer can reach it.
        """
        sockname = self.transport.get_extra_info("sockname")
        if sockname is not None and not is_ours(sockname[0]):
            self.cut(f"this machine no longer has the address {sockname[0]}")
            return
        try:
            async with awake.timeout(within):
                await (await self.ping())
        except TimeoutError:
            self.cut(f"the server is gone: no pong within {within:g} s")
