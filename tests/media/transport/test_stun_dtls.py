"""STUN over DTLS (RFC 7350), with a server of a few lines; test_turn.py meets a real one."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trustme
from aioice import stun
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL

from sipcli.config.settings import Settings
from sipcli.errors import ConfigError
from sipcli.media.transport.ice_servers import IceServer, IceServers
from sipcli.media.transport.server_probe import probe_servers
from sipcli.media.webrtc.dtls_flights import DtlsFlights
from sipcli.media.webrtc.stun_dtls import ServerTrust
from tests.core.factories import settings
from tests.event_loop import now
from tests.media.transport.fake_servers import Address, FakeStun, serving
from tests.media.transport.transport_pair import (
    NAT,
    Party,
    connect,
    exchange,
    gathered,
    kinds,
    stun_uri,
)

pytestmark = pytest.mark.virtual_time

AUTHORITY, STRANGER = trustme.CA(), trustme.CA()


class FakeStuns(FakeStun):
    """Speaks DTLS; `loses` says which datagrams it neither gets nor sends, counted from 0."""

    def __init__(
        self,
        mapped: Address | None = None,
        *,
        authority: trustme.CA = AUTHORITY,
        name: str = "127.0.0.1",
        loses: Callable[[int], bool] = lambda _: False,
        **others: Any,
    ) -> None:
        super().__init__(mapped, **others)
        self.loses = loses
        self.datagrams = 0
        self.noise: list[bytes] = []
        """What is sent, encrypted, before each answer."""
        self.breaks_off = False
        """Whether it answers a request with a farewell."""
        self.connections: dict[Address, SSL.Connection] = {}
        self._flights: dict[Address, DtlsFlights] = {}
        issued = authority.issue_cert(name)
        self._context = SSL.Context(SSL.DTLS_METHOD)
        key = load_pem_private_key(issued.private_key_pem.bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._context.use_privatekey(key)
        chain = [x509.load_pem_x509_certificate(each.bytes()) for each in issued.cert_chain_pems]
        self._context.use_certificate(chain[0])
        for each in chain[1:]:
            self._context.add_extra_chain_cert(each)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        client = (addr[0], addr[1])
        if self._is_lost() or self.mute:
            return
        if client not in self.connections:
            self.connections[client] = SSL.Connection(self._context)
            self.connections[client].set_accept_state()
            self._flights[client] = DtlsFlights(lambda sent: self._send(sent, addr))
        connection, flights = self.connections[client], self._flights[client]
        if flights.receive(data):
            connection.bio_write(data)
            with suppress(SSL.Error):
                connection.do_handshake()
                flights.finish()
                request = connection.recv(1500)
                self.requests += 1
                self._respond(connection, stun.parse_message(request), client)
            with suppress(SSL.Error):
                while True:
                    flights.send(connection.bio_read(4096))

    def _respond(self, connection: SSL.Connection, request: stun.Message, client: Address) -> None:
        if self.breaks_off:
            connection.shutdown()
            return
        for noise in self.noise:
            connection.send(noise)
        connection.send(bytes(self.answer(request, client)))

    def _send(self, data: bytes, addr: tuple[Any, ...]) -> None:
        if not self._is_lost() and not self.transport.is_closing():
            self.transport.sendto(data, addr)

    def _is_lost(self) -> bool:
        self.datagrams += 1
        return self.loses(self.datagrams - 1)


def stuns_uri(server: FakeStuns) -> str:
    return f"stuns:127.0.0.1:{server.address[1]}"


def options(
    *uris: str, authority: trustme.CA | None = AUTHORITY, timeout: float = 2.0
) -> IceServers:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authority is None:
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    else:
        authority.configure_trust(tls)
    servers = tuple(map(IceServer.parse, uris))
    return IceServers(servers=servers, gathering_timeout=timeout, tls=tls, trust=ServerTrust(tls))


async def test_a_server_adds_what_it_sees_and_media_go_through_the_same_socket() -> None:
    server = FakeStuns(NAT)
    async with serving(server):
        candidates, warnings, took = await gathered(options(stuns_uri(server)))
        assert kinds(candidates) == ["host", "host", "srflx"]
        assert (candidates[2].address, candidates[2].port) == NAT
        assert candidates[2].related_port == candidates[0].port
        assert list(server.connections) == [("127.0.0.1", candidates[0].port)]
        assert (warnings, took) == ([], 0.0)
        alice, bob = Party(options=options(stuns_uri(server))), Party()
        await connect(alice, bob)
        await exchange(alice, bob)
        await asyncio.gather(alice.transport.close(), bob.transport.close())


async def test_it_is_asked_beside_others() -> None:
    secure, plain = FakeStuns(NAT), FakeStun(NAT)
    async with serving(secure, plain):
        found = await probe_servers(options(stuns_uri(secure), stun_uri(plain)))
    assert [each.fault for each in found] == [None, None]
    assert [[mapping.seen for mapping in each.mappings] for each in found] == [[NAT], [NAT]]


@pytest.mark.parametrize("lost", range(8))
async def test_any_datagram_may_be_lost(lost: int) -> None:
    server = FakeStuns(NAT, loses=lambda number: number == lost)
    async with serving(server):
        candidates, warnings, took = await gathered(options(stuns_uri(server)))
        assert "srflx" in kinds(candidates)
        assert warnings == []
        assert took < 1.0


@pytest.mark.parametrize(
    ("server", "authority", "reason"),
    [
        (
            FakeStuns(authority=STRANGER),
            AUTHORITY,
            "its certificate is not trusted (unable to get local issuer certificate):"
            " see tls_ca_file",
        ),
        (
            FakeStuns(name="other.example"),
            AUTHORITY,
            "its certificate has no subjectAltName that matches its name",
        ),
        (
            FakeStuns(name="127.0.0.2"),
            AUTHORITY,
            "its certificate has no subjectAltName that matches its name",
        ),
        (FakeStuns(error=500), AUTHORITY, "it answers with error 500"),
        (FakeStuns(("", 0)), AUTHORITY, "its answer has no address"),
        (
            FakeStuns(("0.0.0.0", 7)),
            AUTHORITY,
            "it says our address is 0.0.0.0:7, which is impossible",
        ),
        (FakeStuns(mute=True), AUTHORITY, "it did not answer in time"),
    ],
    ids=["stranger", "other name", "other address", "500", "no address", "lie", "mute"],
)
async def test_a_server_that_is_of_no_use_is_named(
    server: FakeStuns, authority: trustme.CA, reason: str
) -> None:
    async with serving(server):
        uri = stuns_uri(server)
        candidates, warnings, _ = await gathered(options(uri, authority=authority))
        assert kinds(candidates) == ["host", "host"]
        assert warnings == [f"{uri} cannot be used: {reason}"]


async def test_without_verification_any_certificate_will_do() -> None:
    server = FakeStuns(NAT, authority=STRANGER, name="other.example")
    async with serving(server):
        candidates, _, _ = await gathered(options(stuns_uri(server), authority=None))
        assert "srflx" in kinds(candidates)


async def test_a_server_that_speaks_no_dtls_is_given_up_in_time() -> None:
    class Plain(FakeStun):
        def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
            self.transport.sendto(b"\x16garbage" + bytes(100), addr)
            self.transport.sendto(b"no", addr)

    server = Plain()
    async with serving(server):
        uri = f"stuns:127.0.0.1:{server.address[1]}"
        _, warnings, took = await gathered(options(uri))
        assert len(warnings) == 1
        assert took <= 2.0


async def test_garbage_in_the_association_is_stepped_over() -> None:
    server = FakeStuns(NAT)
    strange = bytes(stun.Message(stun.Method.BINDING, stun.Class.RESPONSE))
    server.noise = [b"x", bytes(1200), strange, b"\x01\x01\x00\x08" + bytes(20)]
    async with serving(server):
        candidates, warnings, _ = await gathered(options(stuns_uri(server)))
        assert "srflx" in kinds(candidates)
        assert warnings == []


async def test_a_server_that_says_farewell_instead_is_given_up() -> None:
    server = FakeStuns(NAT)
    server.breaks_off = True
    async with serving(server):
        begin = now()
        _, warnings, _ = await gathered(options(stuns_uri(server)))
        assert len(warnings) == 1
        assert now() - begin <= 2.0


async def test_what_a_server_sends_later_reaches_nobody() -> None:
    server = FakeStuns(NAT)
    async with serving(server):
        alice, bob = Party(options=options(stuns_uri(server))), Party()
        await alice.transport.gather()
        (client,) = server.connections
        for n in range(200):
            server.transport.sendto(b"\x16\xfe\xfd" + bytes(n), client)
        await connect(alice, bob)
        for n in range(200):
            server.transport.sendto(b"\x16\xfe\xfd" + bytes(n), client)
        await exchange(alice, bob)
        await asyncio.gather(alice.transport.close(), bob.transport.close())


async def test_closing_while_it_is_asked_leaves_nothing_behind() -> None:
    server = FakeStuns(mute=True)
    async with serving(server):
        party = Party(options=options(stuns_uri(server)))
        gathering = asyncio.create_task(party.transport.gather())
        await asyncio.sleep(0.5)
        gathering.cancel()
        await asyncio.wait([gathering])
        await party.transport.close()


async def test_two_entries_for_one_address_are_told() -> None:
    server = FakeStuns(NAT)
    async with serving(server):
        uri = stuns_uri(server)
        _, warnings, _ = await gathered(options(uri, uri))
        told = "another entry of stun_servers resolves to the same address"
        assert warnings == [f"{uri} cannot be used: {told}"]


def from_settings(**changes: Any) -> IceServers:
    chosen: Settings = settings(stun_servers=("stuns:stun.example.org",), **changes)
    return IceServers.from_settings(chosen)


def test_the_settings_of_tls_hold_for_dtls(tmp_path: Path) -> None:
    ca, both = tmp_path / "ca.pem", tmp_path / "both.pem"
    AUTHORITY.cert_pem.write_to_path(ca)
    AUTHORITY.issue_cert("me").private_key_and_cert_chain_pem.write_to_path(both)
    assert from_settings().trust is not None
    assert from_settings(tls_ca_file=str(ca)).trust is not None
    assert from_settings(tls_client_certificate=str(both)).trust is not None
    with pytest.raises(ConfigError):
        from_settings(tls_ca_file=str(tmp_path / "none"))
    with pytest.raises(ConfigError):
        from_settings(tls_client_certificate=str(ca))


def test_a_stun_server_is_never_asked_by_a_stream() -> None:
    for uri in ("stun:h", "stuns:h"):
        server = IceServer.parse(uri)
        assert not server.stream
        assert server.obstacle is None
