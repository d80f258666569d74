"""A SIP server on loopback for tests of the phone and the commands: a registrar, and Bob."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from sipcli.sip import build
from sipcli.sip.message import Request, Response
from sipcli.sip.parser import encode, parse
from tests.core import digest_server
from tests.core.factories import accept

REALM = "example.com"


@dataclass(kw_only=True)
class Behaviour:
    """How the server answers."""

    password: str | None = None
    """Challenge every REGISTER without the right digest; None: let everybody in."""
    statuses: dict[str, int] = field(default_factory=dict)
    """The final answer to a method; 200 where it is not named."""
    silent: frozenset[str] = frozenset()
    """Methods that get no answer. UNREGISTER is a REGISTER with expires=0."""
    hangs_up: frozenset[str] = frozenset()
    """Methods that cost their sender the connection, without a Close frame."""
    reason: str | None = None
    """Reason phrase of all answers but those to REGISTER."""
    expires: int = 600
    fields: tuple[tuple[str, str], ...] = ()
    """More header fields of a 2xx to REGISTER."""
    damage: dict[str, Callable[[bytes], bytes]] = field(default_factory=dict)
    """What becomes of the answers to a method on the wire."""
    greeting: tuple[bytes, ...] = ()
    """What is sent after each registration."""


class SipServer:
    """`async with` it; then `uri` is where it listens. All clients are its friends."""

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.behaviour = behaviour or Behaviour()
        self.received: list[Request] = []
        self._port = port
        self._tls = tls
        self._clients: set[ServerConnection] = set()
        self._heard = asyncio.Event()
        self._auth = digest_server.Server(
            realm=REALM, password=self.behaviour.password or "", algorithm="MD5"
        )

    async def __aenter__(self) -> Self:
        self._server: Server = await serve(
            self._serve,
            "127.0.0.1",
            self._port,
            subprotocols=[Subprotocol("sip")],
            ssl=self._tls,
        )
        self._port = next(iter(self._server.sockets)).getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    @property
    def uri(self) -> str:
        scheme = "ws" if self._tls is None else "wss"
        return f"{scheme}://127.0.0.1:{self._port}"

    @property
    def port(self) -> int:
        return self._port

    def requests(self, method: str) -> list[Request]:
        return [request for request in self.received if request.method == method]

    async def heard(self, method: str, count: int = 1) -> Request:
        """The `count`th request of that kind, once it is there."""
        while len(self.requests(method)) < count:
            self._heard.clear()
            await self._heard.wait()
        return self.requests(method)[count - 1]

    async def break_connections(self) -> None:
        """End all connections without a word."""
        for client in list(self._clients):
            client.transport.abort()
            await client.wait_closed()

    async def _serve(self, client: ServerConnection) -> None:
        self._clients.add(client)
        try:
            while True:
                data = await client.recv(decode=False)
                message = parse(data).message
                if isinstance(message, Request):
                    await self._answer(client, message)
        except ConnectionClosed:
            pass
        finally:
            self._clients.discard(client)

    async def _answer(self, client: ServerConnection, request: Request) -> None:
        self.received.append(request)
        self._heard.set()
        is_leaving = (
            request.method == "REGISTER" and request.contacts[0].params.get("expires") == "0"
        )
        kinds = {request.method, "UNREGISTER"} if is_leaving else {request.method}
        if kinds & self.behaviour.hangs_up:
            client.transport.abort()
        if request.method == "ACK" or kinds & (self.behaviour.silent | self.behaviour.hangs_up):
            return
        response = self._register(request) if request.method == "REGISTER" else None
        if response is None:
            status = self.behaviour.statuses.get(request.method, 200)
            response = build.response(request, status, self.behaviour.reason, to_tag="s")
        data = encode(response)
        damage = self.behaviour.damage.get(request.method)
        data = data if damage is None else damage(data)
        await client.send(data.decode("utf-8", "replace"))
        if request.method == "REGISTER" and response.status == 200 and not is_leaving:
            for data in self.behaviour.greeting:
                await client.send(data, text=False)

    def _register(self, request: Request) -> Response | None:
        if self.behaviour.statuses.get("REGISTER", 200) != 200:
            return None
        if self.behaviour.password is not None:
            shown = request.headers.get("Authorization")
            if shown is None or not self._auth.accepts(request):
                fields = [self._auth.challenge()]
                return build.response(request, 401, to_tag="s", headers=fields)
        return accept(request, self.behaviour.expires, *self.behaviour.fields)


@contextmanager
def in_a_thread(behaviour: Behaviour | None = None) -> Iterator[SipServer]:
    """A server with a loop of its own, for clients that have theirs in the main thread."""
    ready, over = threading.Event(), asyncio.Event()
    servers: list[SipServer] = []
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve_until_over() -> None:
        async with SipServer(behaviour) as server:
            servers.append(server)
            loops.append(asyncio.get_running_loop())
            ready.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve_until_over(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield servers[0]
    finally:
        loops[0].call_soon_threadsafe(over.set)
        thread.join(10)
