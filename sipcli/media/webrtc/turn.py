"""A TURN allocation (RFC 8656) as an ICE datagram transport, over UDP, TCP or TLS."""

import asyncio
import ssl
import struct
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, cast

from aioice import stun, turn

from sipcli.media.webrtc.candidates import HostPort, is_credible, show
from sipcli.media.webrtc.errors import ServerFailed, explain_connection, explain_stun
from sipcli.media.webrtc.ice import IceAgent
from sipcli.media.webrtc.ice_socket import LARGEST_DATAGRAM, IceSocket

RELEASE_TIMEOUT: Final = 0.3
"""Seconds to wait for a server to confirm the release of an allocation."""

CHANNEL_LIFE: Final = 240.0
"""Seconds until a channel is bound again: its permission expires after 300 (RFC 8656 §9, §12)."""

MIN_REFRESH: Final = 5.0
"""Minimum seconds between two refreshes of an allocation, whatever lifetime is granted."""

MAX_WAITING: Final = 32
"""Maximum datagrams queued until a channel is bound."""

UNKNOWN_BASE: Final = (("0.0.0.0", 9), ("::", 9))
"""The related address, IPv4 and IPv6, to hide the real one (RFC 8839 §5.1)."""


@dataclass(frozen=True, slots=True)
class TurnEndpoint:
    """The address and transport of a TURN server."""

    host: str
    """The name or address that the server's certificate must match."""
    address: HostPort
    """The resolved address of `host`."""
    stream: bool
    """TCP rather than UDP."""
    tls: ssl.SSLContext | None
    """None without TLS; TLS is over TCP only."""
    username: str | None
    password: str | None = field(repr=False)


class _RefreshingClient(turn.TurnClientMixin):
    """Refreshes the allocation (RFC 8656 §8), at a rate that the server cannot drive up."""

    granted = 0
    """Seconds: the lifetime granted with the allocation."""

    def refresh(self, time_to_expiry: int) -> Coroutine[Any, Any, None]:
        """Return the task that aioice starts once it has the allocation."""
        self.granted = time_to_expiry
        return self._keep(time_to_expiry)

    async def _keep(self, lifetime: int) -> None:
        while lifetime > 0:
            await asyncio.sleep(max(MIN_REFRESH, 5 / 6 * min(lifetime, self.lifetime)))
            request = stun.Message(stun.Method.REFRESH, stun.Class.REQUEST)
            request.attributes["LIFETIME"] = self.lifetime
            try:
                response, _ = await self.request_with_retry(request)
            except stun.TransactionError:
                break
            lifetime = response.attributes.get("LIFETIME", 0)
        self.transport.close()


class _UdpClient(_RefreshingClient, turn.TurnClientUdpProtocol):
    lost_reason: Final = ("nothing listens at its port", "is the server running there?")
    """The arguments of a `ServerFailed` for a lost connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.ended = asyncio.Event()
        super().connection_made(transport)

    def datagram_received(self, data: bytes | str, addr: HostPort) -> None:
        # An attribute of a wrong length makes aioice raise this besides ValueError.
        with suppress(struct.error):
            super().datagram_received(data, addr)

    def error_received(self, exc: Exception) -> None:
        if isinstance(exc, ConnectionRefusedError):  # ICMP port unreachable
            self.ended.set()


class _TcpClient(_RefreshingClient, turn.TurnClientTcpProtocol):
    lost_reason: Final = ("it closed the connection", "")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.ended = asyncio.Event()
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        try:
            super().data_received(data)
        except struct.error:
            self.transport.abort()


class _Relay(asyncio.DatagramTransport):
    """The transport of an IceSocket that is a TURN allocation.

    Replaces aioice's TurnTransport, which creates a task for each packet and needs a minute to
    close if the server is dead.
    """

    def __init__(self, client: _UdpClient | _TcpClient) -> None:
        super().__init__()
        self._client = client
        self._bound_until: dict[int, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    def sendto(self, data: Any, addr: Any = None) -> None:
        if self._closing or self._client.transport.is_closing():
            return
        channel = self._client.peer_to_channel.get(addr)
        if channel is None:
            if len(self._tasks) < MAX_WAITING:
                self._spawn(self._client.send_data(data, addr))  # binds a channel first
            return
        now = asyncio.get_running_loop().time()
        if now >= self._bound_until.setdefault(channel, now + CHANNEL_LIFE):
            self._bound_until[channel] = now + CHANNEL_LIFE
            self._spawn(self._client.channel_bind(channel, addr))
        self._client._send(struct.pack("!HH", channel, len(data)) + data)

    def get_write_buffer_size(self) -> int:
        transport: Any = self._client.transport  # typeshed lacks it for datagrams
        return int(transport.get_write_buffer_size())

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._client.relayed_address if name == "sockname" else default

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            for task in self._tasks:
                task.cancel()
            self._spawn(self._end())

    async def _end(self) -> None:
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(RELEASE_TIMEOUT):
                    await self._client.delete()
        finally:
            # Not close(): TCP would wait for unsent data, TLS for the server's close_notify.
            self._client.transport.abort()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved: the datagram is lost, and ICE repeats its checks


async def add_relay(
    agent: IceAgent, server: TurnEndpoint, preference: int, *, hide_base: bool
) -> HostPort:
    """Allocate a relay at a TURN server, add its candidate to `agent`, and return its address.

    `preference` is the local preference of RFC 8445 §5.1.2.1; with `hide_base` the candidate does
    not disclose our own address. Raises `ServerFailed`. Takes a minute with a silent server; may
    be cancelled at any time.
    """
    client = await _connect(server)
    try:
        relayed = await _allocate(client, has_credentials=server.username is not None)
    except BaseException:
        if client.refresh_task is not None:
            client.refresh_task.cancel()
        client.transport.abort()
        raise
    opened = IceSocket(agent)
    client.receiver = opened
    opened.connection_made(_Relay(client))
    seen = client.mapped_address
    is_shown = seen is not None and not hide_base and is_credible(seen, server.address)
    base = seen if seen is not None and is_shown else UNKNOWN_BASE[":" in relayed[0]]
    agent.add_relay(opened, preference, base=base, server=server.address[0])
    return relayed


async def _connect(server: TurnEndpoint) -> _UdpClient | _TcpClient:
    loop = asyncio.get_running_loop()
    identity = (server.address, server.username, server.password)
    lifetime = turn.DEFAULT_ALLOCATION_LIFETIME
    try:
        if not server.stream:
            transport, client = await loop.create_datagram_endpoint(
                lambda: _UdpClient(*identity, lifetime, int(CHANNEL_LIFE)),
                remote_addr=server.address,
            )
            cast(Any, transport).max_size = LARGEST_DATAGRAM
            return client
        _, stream = await loop.create_connection(
            lambda: _TcpClient(*identity, lifetime, int(CHANNEL_LIFE)),
            *server.address,
            ssl=server.tls,
            server_hostname=server.host if server.tls else None,
        )
    except OSError as error:
        raise explain_connection(error) from error
    return stream


async def _allocate(client: _UdpClient | _TcpClient, *, has_credentials: bool) -> HostPort:
    """Request the allocation until the connection ends; returns its address."""
    asking = asyncio.ensure_future(client.connect())
    ending = asyncio.ensure_future(client.ended.wait())
    try:
        await asyncio.wait({asking, ending}, return_when=asyncio.FIRST_COMPLETED)
        if not asking.done():
            raise ServerFailed(*client.lost_reason)
        relayed = await asking
    except stun.TransactionError as error:
        raise explain_stun(error, has_credentials=has_credentials) from error
    except ConnectionError as error:
        raise ServerFailed("its answer has no address") from error
    finally:
        asking.cancel()
        ending.cancel()
        await asyncio.gather(asking, ending, return_exceptions=True)
    if client.granted == 0:
        raise ServerFailed("it granted a relay for 0 s")
    if not is_credible(relayed, client.server):
        raise ServerFailed(f"it granted {show(relayed)}, which is unreachable")
    return relayed
