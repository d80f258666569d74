"""An open WebSocket that carries SIP (RFC 7118): send, receive, close."""

import asyncio
from contextlib import suppress

from websockets.asyncio.server import broadcast
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from sipcli.journal.entries import NO_ADDRESS, IpPort
from sipcli.net.errors import LinkClosed, LinkDetails, excerpt
from sipcli.net.websocket import WebSocketConnection


class Link:
    """A connection to one server, made by `dial`. Always `close` it in the end.

    Messages are bytes: a text frame comes out as its UTF-8 bytes, a binary frame as it is
    (RFC 7118 §5.2 allows both), cut off after `MAX_MESSAGE` bytes. Text that is not
    UTF-8 is handed on too, instead of ending the connection (RFC 6455 §8.1): it is one bad
    message, and the SIP parser reports it.
    """

    def __init__(self, connection: WebSocketConnection, details: LinkDetails) -> None:
        self._connection = connection
        self.details = details
        self.local = _ip_port(connection, "sockname")
        """Our address and port of the TCP connection."""
        self.remote = _ip_port(connection, "peername")
        """Those of its other end: the server, or a proxy on the way to it."""

    @property
    def latency(self) -> float:
        """Round-trip time of the last ping, in seconds; 0.0 before the first."""
        return self._connection.latency

    def send(self, data: bytes) -> None:
        """Queue one message: as text if it is UTF-8, else as binary.

        Never waits and never raises. On a closed link it does nothing. A server that does not
        read is disconnected once too much has piled up; `receive` then raises `LinkClosed`.
        """
        message: str | bytes = data
        with suppress(UnicodeDecodeError):
            message = data.decode()
        # The library's way to send without waiting for room; it works for a single client.
        broadcast((self._connection,), message)
        self._connection.check_unsent()

    async def receive(self) -> bytes:
        """Return the next message; one caller at a time. Raises `LinkClosed`.

        Call it without pause: once sixteen messages are unread, nothing more is read from the
        network, pongs included. Cancelling it loses nothing.
        """
        try:
            return await self._connection.recv(decode=False)
        except ConnectionClosed as closed:
            raise self._ended(closed) from closed

    async def check_alive(self, within: float) -> bool:
        """True if the server answers a ping `within` seconds; if it does not, the link ends."""
        try:
            await self._connection.check_alive(within)
        except ConnectionClosed:
            return False
        return self._connection.fault is None

    async def close(
        self,
        code: int = 1000,
        reason: str = "",
        timeout: float = 1.0,  # noqa: ASYNC109 - bounds the closing handshake only; the connection always ends
    ) -> None:
        """Close the connection, with a closing handshake if that takes less than `timeout` seconds.

        Messages sent before go out first. Closing twice is fine.
        """
        try:
            # Not asyncio.timeout: before Python 3.11.3 it is none in a task that was cancelled.
            await asyncio.wait_for(self._connection.close(code, reason), timeout)
        except TimeoutError:
            pass
        finally:
            self._connection.transport.abort()
        await self._connection.wait_closed()

    def _ended(self, closed: ConnectionClosed) -> LinkClosed:
        """Return which side ended the connection, and why."""
        connection = self._connection
        if connection.fault is not None:
            return LinkClosed(None, connection.fault)
        theirs, ours = closed.rcvd, closed.sent
        if ours is not None and not closed.rcvd_then_sent:
            return LinkClosed(ours.code, f"closed by us: {excerpt(ours.reason) or 'done'}")
        if theirs is not None:
            code = None if theirs.code == CloseCode.NO_STATUS_RCVD else theirs.code
            return LinkClosed(code, f"closed by the server: {_meaning(theirs.code, theirs.reason)}")
        if connection.lost_by is not None:
            return LinkClosed(None, f"the connection broke: {excerpt(str(connection.lost_by))}")
        return LinkClosed(None, "the server closed the connection without a Close frame")


def _ip_port(connection: WebSocketConnection, which: str) -> IpPort:
    name = connection.transport.get_extra_info(which)
    return NO_ADDRESS if name is None else (str(name[0]), int(name[1]))


def _meaning(code: int, reason: str) -> str:
    """Return the server's own reason, else the name of the code (RFC 6455 §7.4.1)."""
    if reason:
        return excerpt(reason)
    try:
        return CloseCode(code).name.replace("_", " ").lower()
    except ValueError:
        return "no reason given"
