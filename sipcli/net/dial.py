"""Open a WebSocket to one server, or say in which phase that failed (RFC 6455, RFC 7118)."""

import asyncio
import logging
import socket
import ssl
from dataclasses import replace
from typing import Any, Final, Literal, cast

from websockets.asyncio.client import ClientConnection, connect
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, InvalidProxy, InvalidProxyStatus, ProxyError
from websockets.typing import Origin, Subprotocol
from websockets.uri import parse_uri

from sipcli.config.server_settings import WsServer
from sipcli.errors import DESCRIPTORS_HINT, TOO_FEW_DESCRIPTORS, Phase, is_out_of_descriptors
from sipcli.journal.entries import StepEntry
from sipcli.journal.journal import Journal
from sipcli.net import dns, tcp, tls, upgrade_errors
from sipcli.net.errors import (
    DialError,
    LinkDetails,
    Problem,
    excerpt,
    read_certificate,
)
from sipcli.net.key_log import key_log
from sipcli.net.link import Link
from sipcli.net.link_options import LinkOptions
from sipcli.net.trim import MAX_SIZE
from sipcli.net.websocket import LINGER, MAX_UNSENT, WebSocketConnection
from sipcli.net.websockets_compat import Proxy, as_utf8, get_proxy, parse_proxy

SUBPROTOCOL: Final = "sip"
"""The WebSocket subprotocol of RFC 7118 §4."""
MAX_QUEUED: Final = 16
"""Received messages that may wait before we stop reading from the network."""

UNVERIFIED: Final = (
    "the server's certificate is not checked (tls_verify = false): anyone on the path"
    " can read and change the traffic"
)

_QUIET: Final = logging.getLogger("sipcli.websockets")
_QUIET.setLevel(logging.CRITICAL)
"""The library's own log would show headers and messages with their secrets."""


class _Connect(connect):
    """The library's `connect`, without following redirects.

    It would follow them to any host, and send there the headers and, later, the credentials that
    are meant for the host the user named.
    """

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def dial(server: WsServer, options: LinkOptions, journal: Journal | None = None) -> Link:
    """Connect to `server`, all phases within `options.connect_timeout` seconds.

    Raises `DialError`. When it raises anything, or is cancelled, no socket stays open.
    A proxy that the environment names (`https_proxy`, `no_proxy` and so on) is used.
    """
    attempt = _Attempt(server, options, journal or Journal())
    try:
        return await _dial(attempt, options)
    except DialError as failure:
        attempt.record("failed", failure.phase.whole, failure.reason)
        raise


async def _dial(attempt: "_Attempt", options: LinkOptions) -> Link:
    deadline = asyncio.get_running_loop().time() + options.connect_timeout
    try:
        async with asyncio.timeout_at(deadline):
            return await attempt.run()
    except ssl.SSLCertVerificationError as error:
        raise await attempt.untrusted(error, deadline) from error
    except (OSError, InvalidHandshake, ImportError) as error:
        raise attempt.failure(error) from error


class _Attempt:
    """One connection attempt: its progress, and the sentence for its failure."""

    def __init__(self, server: WsServer, options: LinkOptions, journal: Journal) -> None:
        self._server = server
        self._journal = journal
        self._options = options
        self._phase = Phase.DNS
        self._began: list[tuple[Phase, float]] = []
        self._addresses: tuple[dns.SocketAddress, ...] = ()
        self._reached: dns.SocketAddress | None = None
        self._proxy: Proxy | None = None
        self._connection: WebSocketConnection | None = None
        self._tls_facts: dict[str, Any] = {}
        """The TLS fields of `LinkDetails`, as far as known."""

    async def run(self) -> Link:
        """Run all phases; errors are raised unchanged."""
        proxy = get_proxy(parse_uri(self._server.ws_uri))
        if proxy is None:
            connection = await self._connect(proxy=None, sock=await self._reach())
        else:
            self._enter(Phase.TCP)
            self._proxy = self._read_proxy(proxy)
            if self._proxy.scheme == "https":  # the library makes a context of its own for it
                key_log()
            connection = await self._connect(proxy=proxy)
        self._enter(Phase.SUBPROTOCOL)
        if connection.subprotocol != SUBPROTOCOL:
            connection.transport.abort()
            raise self._failed(upgrade_errors.explain_choice([]))
        details = replace(self._details(), subprotocol=SUBPROTOCOL)
        self.record("done", Phase.WEBSOCKET, facts=_websocket_facts(details))
        return Link(connection, details)

    async def untrusted(self, error: ssl.SSLCertVerificationError, deadline: float) -> DialError:
        """Return why the certificate is not trusted; fetches it again to see whose it is."""
        self._phase = Phase.TLS
        host = self._server.hostname
        seen = None
        if self._reached is not None:
            der = await tls.look_at_certificate(self._reached, host, deadline)
            self._tls_facts = {"certificate_der": der}
            seen = None if der is None else read_certificate(der)
        return self._failed(tls.explain_untrusted(error, host, seen))

    def failure(self, error: Exception) -> DialError:
        """Return what any other `error` means, with the phase it belongs to."""
        if is_out_of_descriptors(error):
            lack = Problem(TOO_FEW_DESCRIPTORS, DESCRIPTORS_HINT)
            return self._failed(lack)
        if self._connection is not None and self._phase is Phase.HTTP:
            return upgrade_errors.upgrade_failed(self._details(), error, self._connection)
        if isinstance(error, socket.gaierror):
            self._phase = Phase.DNS
            host = self._proxy.host if self._proxy else self._server.hostname
            return self._failed(dns.explain(error, host))
        if isinstance(error, ssl.SSLError):
            self._phase = Phase.TLS
            return self._failed(tls.explain(error))
        if isinstance(error, TimeoutError):
            return self._failed(self._explain_timeout())
        if self._proxy is not None:
            return self._failed(_explain_proxy(error, self._proxy))
        if isinstance(error, tcp.Unreachable):
            return self._failed(tcp.explain(error))
        return self._failed(tls.explain(error))

    async def _reach(self) -> socket.socket:
        """Open a TCP connection to the server itself."""
        self._enter(Phase.DNS)
        self._addresses = await dns.resolve(self._server.hostname, self._server.port)
        self._enter(Phase.TCP)
        sock, self._reached = await tcp.connect(self._addresses)
        return sock

    async def _connect(self, **through: Any) -> WebSocketConnection:
        """Do TLS if needed, then the upgrade, over an open TCP connection or through a proxy."""
        options = self._options
        if self._server.secure:
            through |= {
                "ssl": options.tls,
                "ssl_handshake_timeout": options.connect_timeout,
                "ssl_shutdown_timeout": LINGER,
            }
            if self._reached is not None:
                self._enter(Phase.TLS)
        opened = await _Connect(
            self._server.ws_uri,
            origin=None if options.origin is None else Origin(as_utf8(options.origin)),
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            # SIP servers seldom offer it and SIP messages are small. Inflating a peer's data
            # would let a small message cost a lot of memory.
            compression=None,
            additional_headers=[(name, as_utf8(value)) for name, value in options.headers],
            user_agent_header=None if options.user_agent is None else as_utf8(options.user_agent),
            open_timeout=None,  # our timeout covers the earlier phases too
            ping_interval=options.ping_interval,
            ping_timeout=options.ping_timeout,
            max_size=MAX_SIZE,
            max_queue=MAX_QUEUED,
            write_limit=MAX_UNSENT,
            logger=_QUIET,
            # Any callable will do, says the documentation; the annotation wants a class.
            create_connection=cast("type[ClientConnection]", self._make),
            **through,
        )
        return cast("WebSocketConnection", opened)

    def _make(self, protocol: ClientProtocol, **limits: Any) -> WebSocketConnection:
        """Connection factory for the library; keeps the connection to explain a failure."""
        self._connection = made = WebSocketConnection(
            protocol, on_made=lambda: self._made(made), **limits
        )
        return made

    def _made(self, connection: WebSocketConnection) -> None:
        """TCP, and TLS if used, are up."""
        tls_object: ssl.SSLObject | None = connection.transport.get_extra_info("ssl_object")
        if tls_object is not None:
            self._tls_facts = _tls_facts(tls_object)
        self._enter(Phase.HTTP)

    def record(
        self,
        state: Literal["begun", "done", "failed"],
        phase: Phase,
        text: str = "",
        facts: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Record a step of this connection in the journal."""
        if self._journal.wants(StepEntry):
            self._journal.record(
                StepEntry(
                    at=self._journal.now(),
                    phase=phase,
                    state=state,
                    server=str(self._server),
                    text=text,
                    facts=facts,
                )
            )

    def _enter(self, phase: Phase) -> None:
        """Begin a phase; the one before it is done."""
        before, now = self._phase.whole, phase.whole
        if not self._began or before is not now:
            if self._began:
                self.record("done", before, facts=self._facts(before))
            self.record("begun", now)
        self._phase = phase
        self._began.append((phase, asyncio.get_running_loop().time()))

    def _failed(self, problem: Problem) -> DialError:
        return DialError(self._phase, problem, self._details())

    def _read_proxy(self, proxy: str) -> Proxy:
        try:
            return parse_proxy(proxy)
        except InvalidProxy as error:  # do not quote the address: it may hold a password
            problem = Problem(f"the proxy set in the environment: {error.msg}")
            raise self._failed(problem) from None
        except ValueError:
            problem = Problem("the proxy set in the environment has no valid port")
            raise self._failed(problem) from None

    def _explain_timeout(self) -> Problem:
        within = f"within {self._options.connect_timeout:g} s"
        if self._proxy is not None:
            return Problem(f"no connection through the proxy {_shown(self._proxy)} {within}")
        if self._phase is Phase.DNS:
            return Problem(f"DNS did not resolve {self._server.hostname} {within}")
        if self._phase is Phase.TCP:
            tried = ", ".join(map(str, self._addresses))
            what = f"no answer from {tried} {within}"
            return Problem(what, "check the network and the firewall")
        return Problem(f"the TLS handshake did not finish {within}", "does the port speak TLS?")

    def _facts(self, phase: Phase) -> tuple[tuple[str, str], ...]:
        """Return what a phase that is done has shown."""
        if not self._journal.wants(StepEntry):
            return ()
        match phase:
            case Phase.DNS:
                return (("addresses", ", ".join(map(str, self._addresses))),)
            case Phase.TCP:
                far_end = _shown(self._proxy) if self._proxy is not None else str(self._reached)
                return (("connected to", far_end),)
            case Phase.TLS:
                return _tls_shown(self._details())
            case _:
                return ()

    def _details(self) -> LinkDetails:
        ends = [*(at for _, at in self._began[1:]), asyncio.get_running_loop().time()]
        response = None if self._connection is None else self._connection.response
        servers = response.headers.get_all("Server") if response else []
        return LinkDetails(
            server=str(self._server),
            addresses=tuple(map(str, self._addresses)),
            peer_address=None if self._reached is None else str(self._reached),
            proxy=None if self._proxy is None else _shown(self._proxy),
            http_server=excerpt(servers[0]) if servers else None,
            elapsed_ms=tuple(
                (phase, (end - at) * 1000)
                for (phase, at), end in zip(self._began, ends, strict=True)
            ),
            **self._tls_facts,
        )


def _tls_facts(tls_object: ssl.SSLObject) -> dict[str, Any]:
    cipher = tls_object.cipher()
    return {
        "tls_version": tls_object.version(),
        "cipher": cipher[0] if cipher else None,
        "certificate_der": tls_object.getpeercert(binary_form=True),
        "warnings": () if tls_object.context.verify_mode else (UNVERIFIED,),
    }


def _tls_shown(details: LinkDetails) -> tuple[tuple[str, str], ...]:
    facts = [("version", details.tls_version or "?"), ("cipher", details.cipher or "?")]
    found = details.certificate
    if found is not None:
        facts += [
            ("certificate of", excerpt(found.subject) or "(no name)"),
            ("issued by", excerpt(found.issuer) or "(no name)"),
            ("valid until", f"{found.not_after:%Y-%m-%d %H:%M} UTC"),
            ("valid for", excerpt(", ".join(found.names))),
        ]
    return tuple(facts)


def _websocket_facts(details: LinkDetails) -> tuple[tuple[str, str], ...]:
    server = (("server", details.http_server),) if details.http_server is not None else ()
    return (("subprotocol", details.subprotocol or "?"), *server)


def _shown(proxy: Proxy) -> str:
    return f"{proxy.host}:{proxy.port}"


def _explain_proxy(error: Exception, proxy: Proxy) -> Problem:
    """Return why the proxy did not let us through."""
    named = f"the proxy {_shown(proxy)} (from the environment)"
    if isinstance(error, InvalidProxyStatus):
        refused = error.response
        return Problem(f"{named} answered {refused.status_code} {excerpt(refused.reason_phrase)}")
    if isinstance(error, ImportError):
        what = f"{named} is a SOCKS proxy, which needs the python-socks package"
        return Problem(what, "pip install 'sipcli[socks]'")
    if isinstance(error, ProxyError):
        return Problem(f"{named} gave an invalid answer", "is it a proxy?")
    return Problem(f"{named} cannot be reached: {excerpt(str(error))}")
