"""An open WebSocket that carries SIP (RFC 7118): send, receive, close."""

import asyncio
from contextlib import suppress

from websockets.asyncio.server import broadcast
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from sipcli.net.connection import Connection
from sipcli.net.details import LinkDetails
from sipcli.net.failure import LinkClosed, excerpt


class Link:
    """One connection to one server. Made by `dial`; `close` it in the end, whatever happened.

    Messages are bytes: a text frame comes out as its UTF-8 bytes, a binary frame as it is
    (RFC 7118 §5.2 allows both), the end of a large one left out (`MAX_MESSAGE`). Text that is not
    UTF-8 is handed on too instead of costing the connection (RFC 6455 §8.1): it is one bad
    message, and the SIP parser says so.
    """

    def __init__(self, connection: Connection, details: LinkDetails) -> None:
        self._connection = connection
        self.details = details

    @property
    def latency(self) -> float:
        """Seconds that the last ping took to be answered; 0.0 before the first."""
        return self._connection.latency

    def send(self, data: bytes) -> None:
        """Queue one message: as text where it is UTF-8, else as binary.

        Never waits and never raises. On a closed link it does nothing, and a server that
        lets too much pile up is cut off: `receive` is where the end is heard of.
        """
        message: str | bytes = data
        with suppress(UnicodeDecodeError):
            message = data.decode()
        # The library's way to send without waiting for room; it works for a single client.
        broadcast((self._connection,), message)
        self._connection.check_unsent()

    async def receive(self) -> bytes:
        """The next message; one caller at a time. Raises `LinkClosed`.

        To be called without pause: where sixteen messages lie unread, nothing more is read
        from the network, pongs included. Can be cancelled without loss.
        """
        try:
            return await self._connection.recv(decode=False)
        except ConnectionClosed as closed:
            raise self._ended(closed) from closed

    async def prove(self, within: float) -> bool:
        """Whether the server answers a ping `within` seconds; if not, the link ends by that."""
        try:
            await self._connection.prove(within)
        except ConnectionClosed:
            return False
        return self._connection.fault is None

    @property
    def remote_address(self) -> str | None:
        """The IP address that TCP goes to, a proxy's where there is one; None if it has ended."""
        peer = self._connection.transport.get_extra_info("peername")
        return None if peer is None else str(peer[0])

    async def close(
        self,
        code: int = 1000,
        reason: str = "",
        timeout: float = 1.0,  # noqa: ASYNC109 - it limits the politeness; the end is sure
    ) -> None:
        """End the connection, politely if the server plays its part within `timeout` seconds.

        What was sent before goes out first. Closing twice is fine.
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
        """Who ended the connection, and why."""
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


def _meaning(code: int, reason: str) -> str:
    """The server's own words, else those of the code (RFC 6455 §7.4.1)."""
    if reason:
        return excerpt(reason)
    try:
        return CloseCode(code).name.replace("_", " ").lower()
    except ValueError:
        return "no reason given"
