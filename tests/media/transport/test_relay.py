"""TURN: relays with a fake server; tests/realpeer/test_turn.py meets a real one."""

import asyncio
import socket
from ipaddress import ip_address

import pytest
from aioice.stun import Method

from sipcli.media.transport.ice_servers import IceServer, IceServers
from sipcli.media.webrtc.candidates import is_credible
from sipcli.media.webrtc.errors import IceFailed
from sipcli.sdp.transport import CandidateType
from tests.event_loop import now
from tests.media.transport.fake_servers import FakeStun, FakeTurn, serving
from tests.media.transport.transport_pair import (
    BOB,
    NAT,
    Party,
    connect,
    exchange,
    gathered,
    kinds,
    options,
    stun_uri,
    turn_uri,
)

pytestmark = pytest.mark.virtual_time


async def test_a_relay_is_offered_with_what_the_server_sees_of_us() -> None:
    server = FakeTurn()
    async with serving(server):
        candidates, warnings, _ = await gathered(options(turn_uri(server)))
        assert kinds(candidates) == ["host", "host", "relay"]
        assert (candidates[2].address, candidates[2].port) == server.relayed
        assert candidates[2].related_address == "127.0.0.1"
        assert candidates[2].priority < candidates[1].priority
        assert warnings == []


async def test_relay_only_hides_our_address_and_asks_no_stun_server() -> None:
    server, stun = FakeTurn(), FakeStun(NAT)
    async with serving(server, stun):
        chosen = options(stun_uri(stun), turn_uri(server), relay_only=True)
        candidates, warnings, _ = await gathered(chosen)
        assert [each.type for each in candidates] == [CandidateType.RELAY]
        assert (candidates[0].related_address, candidates[0].related_port) == ("0.0.0.0", 9)
        assert stun.requests == 0
        assert warnings == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (401, "it rejected the user name and password"),
        (403, "it does not allow this relay"),
        (442, "it does not relay UDP"),
        (486, "this user has reached its limit of relays"),
        (599, "it answers with error 599"),
    ],
)
async def test_a_turn_server_that_refuses_is_named_with_the_reason(error: int, reason: str) -> None:
    server = FakeTurn(error=error)
    async with serving(server):
        uri = turn_uri(server)
        candidates, warnings, took = await gathered(options(uri))
        assert kinds(candidates) == ["host", "host"]
        assert warnings == [f"{uri} cannot be used: {reason}"]
        assert took == 0.0


async def test_a_turn_server_that_wants_credentials_is_named() -> None:
    server = FakeTurn(error=401)
    async with serving(server):
        anonymous = IceServers(servers=(IceServer.parse(turn_uri(server)),))
        _, warnings, _ = await gathered(anonymous)
        assert "it requires a user name and password, and none are set" in warnings[0]


async def test_a_turn_server_that_forgets_the_address_is_named() -> None:
    server = FakeTurn()
    server.frugal = True
    async with serving(server):
        _, warnings, _ = await gathered(options(turn_uri(server)))
        assert "its answer has no address" in warnings[0]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_port_where_nothing_listens_is_known_at_once(transport: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    uri = f"turn:127.0.0.1:{port}?transport={transport}"
    _, warnings, took = await gathered(options(uri))
    assert "is the server running there?" in warnings[0]
    assert took < 0.1


async def test_media_goes_through_a_relay_where_nothing_else_is_allowed() -> None:
    server = FakeTurn()
    async with serving(server):
        alice = Party(options=options(turn_uri(server), relay_only=True))
        bob = Party(options=options())
        await connect(alice, bob)
        assert alice.connections[0].local.type == "relay"
        assert (bob.connections[0].remote.address, bob.connections[0].remote.port) == (
            server.relayed
        )
        for sequence in range(1, 20):
            await exchange(alice, bob, sequence)
        await asyncio.gather(alice.transport.close(), bob.transport.close())


async def test_a_relay_is_kept_alive_for_as_long_as_the_call_lasts() -> None:
    server = FakeTurn()
    async with serving(server):
        alice = Party(options=options(turn_uri(server), relay_only=True))
        bob = Party(options=options())
        await connect(alice, bob)
        bound = server.methods.count(server.methods[-1].CHANNEL_BIND)
        for minute in range(1, 21):
            await asyncio.sleep(60)
            await exchange(alice, bob, minute)
        methods = server.methods
        assert methods.count(methods[0].CHANNEL_BIND) >= bound + 4
        assert methods.count(methods[0].REFRESH) >= 2
        assert alice.losses == bob.losses == []
        await asyncio.gather(alice.transport.close(), bob.transport.close())


async def test_closing_gives_the_relay_back() -> None:
    server = FakeTurn()
    async with serving(server):
        await gathered(options(turn_uri(server)))
        assert server.methods[-1].name == "REFRESH"


@pytest.mark.parametrize("count", [1, 3])
async def test_closing_takes_half_a_second_at_most_where_turn_servers_have_died(count: int) -> None:
    servers = [FakeTurn() for _ in range(count)]
    async with serving(*servers):
        party = Party(options=options(*map(turn_uri, servers)))
        local = await party.transport.gather()
        assert kinds(local.candidates).count("relay") == count
        for server in servers:
            server.mute = True
        begin = now()
        await party.transport.close()
        assert now() - begin <= 0.5


async def test_a_relay_that_has_died_is_told_as_a_loss() -> None:
    server = FakeTurn()
    async with serving(server):
        alice = Party(options=options(turn_uri(server), relay_only=True))
        bob = Party(options=options())
        await connect(alice, bob)
        server.mute = True
        assert alice.losses == []
        await asyncio.sleep(10)
        assert len(alice.losses) == len(bob.losses) == 1
        await asyncio.gather(alice.transport.close(), bob.transport.close())


async def test_relay_only_without_a_turn_server_is_told_and_fails_at_once() -> None:
    alice, bob = Party(options=options("stun:127.0.0.1", relay_only=True)), Party(BOB)
    local = await alice.transport.gather()
    assert local.candidates == ()
    assert len(alice.warnings) == 1
    assert "none is set (turn_servers)" in alice.warnings[0]
    theirs = await bob.transport.gather()
    begin = now()
    with pytest.raises(IceFailed, match="no address to send from"):
        await alice.start(theirs, controlling=True)
    assert now() - begin < 0.1
    await asyncio.gather(alice.transport.close(), bob.transport.close())


# What a server says that cannot be

LIES = [
    ("0.0.0.0", 4000),
    ("0.1.2.3", 4000),
    ("224.0.0.5", 4000),
    ("255.255.255.255", 4000),
    ("240.0.0.1", 4000),
    ("198.51.100.7", 0),
    ("::", 4000),
    ("ff02::1", 4000),
    ("fe80::1", 4000),
    (str(ip_address("::ffff:0.0.0.0")), 4000),  # Python 3.13 and on write it as here
]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: f"{lie[0]} {lie[1]}")
async def test_an_address_that_cannot_be_is_neither_lent_nor_seen(lie: tuple[str, int]) -> None:
    turn, stun = FakeTurn(), FakeStun(lie)
    turn.lends = lie
    async with serving(turn, stun):
        candidates, warnings, _ = await gathered(options(turn_uri(turn), stun_uri(stun)))
        assert kinds(candidates) == ["host", "host"]
        useless = "cannot be used"
        shown = f"[{lie[0]}]:{lie[1]}" if ":" in lie[0] else f"{lie[0]}:{lie[1]}"
        assert sorted(warnings) == sorted(
            [
                f"{turn_uri(turn)} {useless}: it granted {shown}, which is unreachable",
                f"{stun_uri(stun)} {useless}: it says our address is {shown}, which is impossible",
            ]
        )


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: f"{lie[0]} {lie[1]}")
async def test_a_relay_does_not_tell_of_a_base_that_cannot_be(lie: tuple[str, int]) -> None:
    server = FakeTurn()
    server.mapped = lie
    async with serving(server):
        candidates, warnings, _ = await gathered(options(turn_uri(server)))
        assert kinds(candidates) == ["host", "host", "relay"]
        assert (candidates[2].related_address, candidates[2].related_port) == ("0.0.0.0", 9)
        assert warnings == []


@pytest.mark.parametrize(
    ("claimed", "server", "credible"),
    [
        (("127.0.0.1", 4000), ("127.0.0.1", 3478), True),
        (("127.0.0.1", 4000), ("::1", 3478), True),
        (("::1", 4000), ("::1", 3478), True),
        (("192.0.2.1", 4000), ("127.0.0.1", 3478), True),
        (("127.0.0.1", 4000), ("203.0.113.1", 3478), False),
        (("127.9.9.9", 4000), ("203.0.113.1", 3478), False),
        (("::1", 4000), ("2001:db8::1", 3478), False),
        (("::ffff:127.0.0.1", 4000), ("203.0.113.1", 3478), False),
        (("10.0.0.1", 4000), ("203.0.113.1", 3478), True),
        (("2001:db8::7", 65535), ("203.0.113.1", 3478), True),
    ],
)
def test_only_a_server_on_loopback_may_speak_of_loopback(
    claimed: tuple[str, int], server: tuple[str, int], credible: bool
) -> None:
    assert is_credible(claimed, server) is credible


# Loops that a server can drive


async def test_a_server_that_lends_an_address_for_no_time_is_named() -> None:
    server = FakeTurn()
    server.lifetimes = (0, 0)
    async with serving(server):
        candidates, warnings, _ = await gathered(options(turn_uri(server)))
        assert kinds(candidates) == ["host", "host"]
        assert "it granted a relay for 0 s" in warnings[0]
        await asyncio.sleep(4)
        assert len(server.methods) == 1


@pytest.mark.parametrize(("granted", "most"), [(1, 21), (4, 21), (60, 3), (2**32 - 1, 1)])
async def test_refreshes_are_few_however_short_a_time_is_granted(granted: int, most: int) -> None:
    server = FakeTurn()
    server.lifetimes = (granted, granted)
    async with serving(server):
        party = Party(options=options(turn_uri(server)))
        await party.transport.gather()
        await asyncio.sleep(101)
        assert server.methods.count(server.methods[0].REFRESH) <= most
        await asyncio.sleep(500)
        assert server.methods.count(server.methods[0].REFRESH) >= 1
        await party.transport.close()


@pytest.mark.parametrize("how", ["no time", "stale", "silence"])
async def test_a_relay_that_is_not_refreshed_has_ended(how: str) -> None:
    server = FakeTurn()
    server.lifetimes = (12, 0 if how == "no time" else 600)
    async with serving(server):
        alice = Party(options=options(turn_uri(server), relay_only=True))
        bob = Party(options=options())
        await connect(alice, bob)
        if how == "stale":
            server.stale = {server.methods[0].REFRESH}
        await asyncio.sleep(9)
        assert alice.losses == []
        server.mute = how == "silence"
        await asyncio.sleep(60)
        assert alice.losses
        if how != "silence":
            assert "allocation has ended" in alice.losses[0].reason
        assert server.methods.count(server.methods[0].REFRESH) <= 2
        await asyncio.gather(alice.transport.close(), bob.transport.close())


async def test_a_server_whose_nonce_is_always_stale_is_asked_twice() -> None:
    server = FakeTurn()
    server.stale = {Method.ALLOCATE}
    async with serving(server):
        _, warnings, _ = await gathered(options(turn_uri(server)))
        assert len(server.methods) == 2
        assert "it rejects its own nonce" in warnings[0]


async def test_a_channel_that_is_never_bound_is_asked_for_a_bounded_number_of_times() -> None:
    server = FakeTurn()
    server.stale = {Method.CHANNEL_BIND}
    async with serving(server):
        alice = Party(options=options(turn_uri(server), relay_only=True))
        bob = Party(options=options())
        with pytest.raises(IceFailed):
            await connect(alice, bob)
        assert 1 <= server.methods.count(Method.CHANNEL_BIND) <= 100
        await asyncio.gather(alice.transport.close(), bob.transport.close())
