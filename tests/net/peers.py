"""Servers to dial: good ones, and ones that only know the bytes a test gives them."""

import asyncio
import contextlib
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from hashlib import sha1
from typing import Any, Final, TypeVar

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.frames import Frame, Opcode
from websockets.typing import Subprotocol

from sipcli.config.server_settings import WsServer
from sipcli.net.dial import dial
from sipcli.net.errors import DialError, LinkClosed
from sipcli.net.link import Link
from sipcli.net.link_options import LinkOptions

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Result = TypeVar("Result")

PATIENCE: Final = 10.0
"""Seconds that any test of this folder may take; what should not happen takes longer."""


def options(**changes: Any) -> LinkOptions:
    """Options for a server on loopback: patient with it, and without pings."""
    usual: dict[str, Any] = {
        "connect_timeout": PATIENCE / 2,
        "ping_interval": 60.0,
        "user_agent": "sipcli/0",
    }
    return LinkOptions(**usual | changes)


@asynccontextmanager
async def raw_server(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A TCP server on loopback that plays `script` to each client; yields its port."""
    playing: set[asyncio.Task[Any]] = set()
    over = asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            playing.add(task)
        try:
            if not over.is_set():  # a handshake may end after the test
                await script(reader, writer)
        except (asyncio.CancelledError, ConnectionError, asyncio.IncompleteReadError):
            pass  # the end of the test, or of the client
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(play, "127.0.0.1", 0, ssl=tls)
    try:
        yield port_of(server.sockets[0])
    finally:
        server.close()
        over.set()
        for task in playing:
            task.cancel()
        await asyncio.gather(*playing, return_exceptions=True)


@contextmanager
def alerting_server(tls: ssl.SSLContext, clients: int = 2) -> Iterator[int]:
    """A TLS server in a thread, for `clients` in turn, whose alerts arrive; yields its port.

    A server of asyncio's throws away the alert that says why a handshake failed.
    """

    def play(client: socket.socket) -> None:
        with client, client.dup() as plain:
            plain.settimeout(PATIENCE)
            with (
                contextlib.suppress(OSError),
                tls.wrap_socket(client, True, do_handshake_on_connect=False) as wrapped,
            ):
                wrapped.do_handshake()
                wrapped.recv(1)
            with contextlib.suppress(OSError):  # no reset may overtake the alert
                plain.shutdown(socket.SHUT_WR)
                while plain.recv(4096):
                    pass

    def serve_all() -> None:
        for _ in range(clients):
            try:
                client, _ = listener.accept()
            except OSError:
                return
            play(client)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        thread = threading.Thread(target=serve_all, daemon=True)
        thread.start()
        yield port_of(listener)
        listener.shutdown(socket.SHUT_RDWR)  # ends `accept`
    thread.join(PATIENCE)


@asynccontextmanager
async def sip_server(
    handler: Callable[[ServerConnection], Awaitable[None]], host: str = "127.0.0.1", **more: Any
) -> AsyncIterator[int]:
    """A well-behaved WebSocket server that offers `sip`; yields its port."""
    more.setdefault("subprotocols", [Subprotocol("sip")])
    server: Server
    async with serve(handler, host, 0, **more) as server:
        yield port_of(next(iter(server.sockets)))


def port_of(sock: Any) -> int:
    """The port a socket is bound to."""
    return int(sock.getsockname()[1])


async def nothing(connection: ServerConnection) -> None:
    """A handler that waits until the client leaves."""
    await connection.wait_closed()


async def for_ever(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """A script that accepts and then neither reads nor writes."""
    await asyncio.Event().wait()


def says(data: bytes) -> Script:
    """A script that reads the request, sends `data` and ends the connection."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await writer.drain()
        writer.write_eof()
        await reader.read()

    return script


def says_and_stays(data: bytes) -> Script:
    """A script that sends `data` and keeps the connection open for ever."""

    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await asyncio.Event().wait()

    return script


async def upgrade(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    *headers: str,
    subprotocol: str | None = "sip",
) -> str:
    """Accept the WebSocket by hand; returns the request."""
    request = (await reader.readuntil(b"\r\n\r\n")).decode()
    key = request.partition("Sec-WebSocket-Key: ")[2].partition("\r\n")[0]
    guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 §1.3
    accept = b64encode(sha1((key + guid).encode()).digest()).decode()
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept}",
        *headers,
    ]
    if subprotocol is not None:
        lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
    writer.write("\r\n".join([*lines, "", ""]).encode())
    return request


def then(*frames: Frame) -> Script:
    """A script that accepts the WebSocket, sends `frames` and keeps TCP open for ever."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        for frame in frames:
            writer.write(frame.serialize(mask=False))
        await asyncio.Event().wait()

    return script


async def read_frame(reader: asyncio.StreamReader) -> tuple[Opcode, bytes]:
    """Read one short, masked frame of a client (RFC 6455 §5.2)."""
    first, length = await reader.readexactly(2)
    mask = await reader.readexactly(4)
    masked = await reader.readexactly(length & 0x7F)
    data = bytes(byte ^ mask[i % 4] for i, byte in enumerate(masked))
    return Opcode(first & 0x0F), data


async def dial_port(port: int, path: str = "", **changes: Any) -> Link:
    """Connect over `ws:` to a port on loopback."""
    return await dial(WsServer(f"ws://127.0.0.1:{port}{path}"), options(**changes))


def closed_port() -> int:
    """A port on loopback where nothing listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return port_of(sock)


async def failure(port: int, path: str = "", **changes: Any) -> DialError:
    """How connecting over `ws:` to a port on loopback fails."""
    try:
        link = await dial_port(port, path, **changes)
    except DialError as failed:
        return failed
    await link.close()
    raise AssertionError("it was connected")


async def fails(script: Script, path: str = "", **changes: Any) -> DialError:
    """How connecting fails to a server that plays `script`."""
    async with raw_server(script) as port:
        return await failure(port, path, **changes)


async def end_of(link: Link) -> LinkClosed:
    """Receive until the link ends; returns how it does."""
    while True:
        try:
            await link.receive()
        except LinkClosed as closed:
            return closed
