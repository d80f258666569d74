"""Relayed media through a real coturn, and what is said of one that is of no use."""

import asyncio
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from sipcli.media.transport import gathering
from sipcli.media.transport.ice_servers import IceServer, IceServers
from sipcli.media.transport.server_probe import probe_servers
from sipcli.media.webrtc.stun_dtls import ServerTrust
from sipcli.net.dns import SocketAddress
from sipcli.sdp.transport import CandidateType
from tests.media.transport.transport_pair import Party, connect, rtp
from tests.realpeer.coturn import INSTALL, Coturn, program
from tests.required import require

TRANSPORTS = ("udp", "tcp", "tls")
PACKETS = 100
PATIENCE = 20.0
"""Seconds; on a busy machine things may take long."""


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network but loopback."""
    monkeypatch.setattr(gathering, "host_addresses", list)


def started(*, quota: int = 0) -> Coturn:
    """A server that runs."""
    require(program(), INSTALL)
    server = Coturn(quota=quota)
    server.start()
    return server


@pytest.fixture(scope="module")
def _shared() -> Iterator[Coturn]:
    with closing(started()) as server:
        yield server


@pytest.fixture
def coturn(_shared: Coturn) -> Iterator[Coturn]:
    """A server for those that do it no harm."""
    before = len(_shared.log)
    yield _shared
    sys.stdout.write(_shared.log[before:])  # shown with a failure


@pytest.fixture
def victim() -> Iterator[Coturn]:
    """A server for one test, which may stop it."""
    with closing(started(quota=1)) as server:
        yield server
        sys.stdout.write(server.log[-8000:])


def options(
    server: Coturn,
    transport: str,
    password: str | None = Coturn.password,
    *,
    relay_only: bool = True,
    trusted: bool = True,
) -> IceServers:
    username = None if password is None else server.username
    return IceServers(
        servers=(IceServer.parse(server.uri(transport), username, password),),
        relay_only=relay_only,
        tls=ssl.create_default_context(cafile=server.ca_file if trusted else None),
    )


async def talk(alice: Party, bob: Party) -> None:
    """Send packets both ways, 5 ms apart, and see all of them arrive in their order."""
    for n in range(PACKETS):
        alice.transport.send_rtp(rtp(n))
        bob.transport.send_rtp(rtp(n))
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.1)
    assert alice.rtp == bob.rtp == [rtp(n) for n in range(PACKETS)]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_call_goes_through_a_relay(coturn: Coturn, transport: str) -> None:
    alice, bob = Party(options=options(coturn, transport)), Party()
    await connect(alice, bob)
    assert alice.warnings == []
    assert alice.connections[0].local.type is CandidateType.RELAY
    assert bob.connections[0].remote.address == alice.connections[0].local.address
    await talk(alice, bob)
    await asyncio.gather(alice.transport.close(), bob.transport.close())


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_relay_is_given_back_at_the_end(coturn: Coturn, transport: str) -> None:
    party = Party(options=options(coturn, transport))
    local = await party.transport.gather()
    assert party.warnings == []
    assert [each.type for each in local.candidates] == [CandidateType.RELAY]
    before = coturn.allocations_ended()
    await party.transport.close()
    assert coturn.allocations_ended() == before + 1


async def test_a_relay_too_many_is_refused_with_the_reason(victim: Coturn) -> None:
    first, second = (Party(options=options(victim, "udp")) for _ in range(2))
    assert (await first.transport.gather()).candidates
    assert not (await second.transport.gather()).candidates
    assert second.warnings == [
        f"{victim.uri('udp')} cannot be used: this user has reached its limit of relays"
    ]
    await asyncio.gather(first.transport.close(), second.transport.close())


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("wrong", "it rejected the user name and password"),
        (None, "it requires a user name and password, and none are set"),
    ],
)
async def test_credentials_must_be_right(
    coturn: Coturn, transport: str, password: str | None, reason: str
) -> None:
    party = Party(options=options(coturn, transport, password))
    local = await party.transport.gather()
    assert local.candidates == ()
    assert party.warnings == [f"{coturn.uri(transport)} cannot be used: {reason}"]
    await party.transport.close()


async def test_an_unknown_authority_is_not_trusted(coturn: Coturn) -> None:
    party = Party(options=options(coturn, "tls", trusted=False))
    await party.transport.gather()
    assert "its certificate is not trusted" in party.warnings[0]
    await party.transport.close()


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_dead_server_does_not_stop_a_call_that_has_other_ways(
    victim: Coturn, transport: str
) -> None:
    chosen = options(victim, transport, relay_only=False)
    chosen.gathering_timeout = 0.3
    victim.freeze()
    alice, bob = Party(options=chosen), Party()
    await connect(alice, bob)
    assert alice.warnings == [f"{victim.uri(transport)} cannot be used: it did not answer in time"]
    await talk(alice, bob)
    await asyncio.gather(alice.transport.close(), bob.transport.close())


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_a_server_that_dies_in_the_middle_is_noticed_at_once(
    victim: Coturn, transport: str
) -> None:
    alice, bob = Party(options=options(victim, transport)), Party()
    await connect(alice, bob)
    await talk(alice, bob)
    victim.kill()
    await asyncio.sleep(0.5)
    assert [loss.reason for loss in alice.losses] == ["the TURN server's allocation has ended"]
    await asyncio.gather(alice.transport.close(), bob.transport.close())


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_call_can_be_closed_while_its_server_is_dead(
    victim: Coturn, transport: str
) -> None:
    alice, bob = Party(options=options(victim, transport)), Party()
    await connect(alice, bob)
    victim.freeze()
    await asyncio.gather(alice.transport.close(), bob.transport.close())
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_it_answers_stun_as_well(coturn: Coturn) -> None:
    party = Party(options=IceServers(servers=(IceServer.parse(coturn.stun_uri),)))
    local = await party.transport.gather()
    assert party.warnings == []
    assert {each.type for each in local.candidates} == {CandidateType.HOST}  # no NAT here
    await party.transport.close()


def over_dtls(server: Coturn, *, trusted: bool = True, uri: str = "") -> IceServers:
    """The server asked by `stuns:` alone."""
    tls = ssl.create_default_context(cafile=server.ca_file if trusted else None)
    return IceServers(
        servers=(IceServer.parse(uri or server.stuns_uri),),
        tls=tls,
        trust=ServerTrust(tls, uses_system_store=not trusted),
    )


async def test_it_answers_stun_over_dtls_from_the_socket_of_the_media(coturn: Coturn) -> None:
    found = await probe_servers(over_dtls(coturn))
    assert [each.fault for each in found] == [None]
    (mapping,) = found[0].mappings
    assert mapping.seen == mapping.own, "there is no NAT here"
    assert mapping.server == ("127.0.0.1", coturn.tls_port)
    alice, bob = Party(options=over_dtls(coturn)), Party()
    await connect(alice, bob)
    assert alice.warnings == []
    await talk(alice, bob)
    await asyncio.gather(alice.transport.close(), bob.transport.close())


@pytest.mark.parametrize(
    ("trusted", "host", "reason"),
    [
        (False, "localhost", "its certificate is not trusted (unable to get local issuer"),
        (True, "127.0.0.1", None),
        (True, "other.example", "its certificate has no subjectAltName that matches its name"),
    ],
)
async def test_the_certificate_must_be_trusted_and_for_that_host(
    coturn: Coturn,
    monkeypatch: pytest.MonkeyPatch,
    trusted: bool,
    host: str,
    reason: str | None,
) -> None:
    async def resolve(host: str, port: int) -> tuple[SocketAddress, ...]:
        return (SocketAddress(socket.AF_INET, ("127.0.0.1", port)),)

    monkeypatch.setattr(gathering, "resolve", resolve)

    chosen = over_dtls(coturn, trusted=trusted, uri=f"stuns:{host}:{coturn.tls_port}")
    party = Party(options=chosen)
    await party.transport.gather()
    if reason is None:
        assert party.warnings == []
    else:
        assert reason in party.warnings[0]
    await party.transport.close()
