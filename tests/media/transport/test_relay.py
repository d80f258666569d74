"""TURN: relays with a fake server; tests/realpeer/test_turn.py meets a real one."""

import asyncio
import socket

import pytest

from sipcli.media.transport.failure import IceFailed
from sipcli.media.transport.ice_servers import IceServer, IceServers
from sipcli.sdp.transport import CandidateType
from tests.media.transport.fake_servers import FakeStun, FakeTurn, serving
from tests.media.transport.gathered import NAT, gathered, kinds, options, stun_uri, turn_uri
from tests.media.transport.parties import BOB, Party, connect, exchange
from tests.media.virtual_time import now, run


def test_a_relay_is_offered_with_what_the_server_sees_of_us() -> None:
    async def test() -> None:
        server = FakeTurn()
        async with serving(server):
            candidates, warnings, _ = await gathered(options(turn_uri(server)))
            assert kinds(candidates) == ["host", "host", "relay"]
            assert (candidates[2].address, candidates[2].port) == server.relayed
            assert candidates[2].related_address == "127.0.0.1"
            assert candidates[2].priority < candidates[1].priority
            assert warnings == []

    run(test())


def test_relay_only_hides_our_address_and_asks_no_stun_server() -> None:
    async def test() -> None:
        server, stun = FakeTurn(), FakeStun(NAT)
        async with serving(server, stun):
            chosen = options(stun_uri(stun), turn_uri(server), relay_only=True)
            candidates, warnings, _ = await gathered(chosen)
            assert [each.type for each in candidates] == [CandidateType.RELAY]
            assert (candidates[0].related_address, candidates[0].related_port) == ("0.0.0.0", 9)
            assert stun.requests == 0
            assert warnings == []

    run(test())


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (401, "it does not accept the user name and password"),
        (403, "it forbids the use of a relay"),
        (442, "it does not relay UDP"),
        (486, "this user has as many relays as it allows"),
        (599, "it answers with error 599"),
    ],
)
def test_a_turn_server_that_refuses_is_named_with_the_reason(error: int, reason: str) -> None:
    async def test() -> None:
        server = FakeTurn(error=error)
        async with serving(server):
            uri = turn_uri(server)
            candidates, warnings, took = await gathered(options(uri))
            assert kinds(candidates) == ["host", "host"]
            assert warnings == [f"{uri} cannot be used: {reason}"]
            assert took == 0.0

    run(test())


def test_a_turn_server_that_wants_credentials_is_named() -> None:
    async def test() -> None:
        server = FakeTurn(error=401)
        async with serving(server):
            anonymous = IceServers(servers=(IceServer.parse(turn_uri(server)),))
            _, warnings, _ = await gathered(anonymous)
            assert "it asks for a user name and a password, and none is set" in warnings[0]

    run(test())


def test_a_turn_server_that_forgets_the_address_is_named() -> None:
    async def test() -> None:
        server = FakeTurn()
        server.frugal = True
        async with serving(server):
            _, warnings, _ = await gathered(options(turn_uri(server)))
            assert "it answers without an address" in warnings[0]

    run(test())


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_port_where_nothing_listens_is_known_at_once(transport: str) -> None:
    async def test() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
        uri = f"turn:127.0.0.1:{port}?transport={transport}"
        _, warnings, took = await gathered(options(uri))
        assert "is the server running there?" in warnings[0]
        assert took < 0.1

    run(test())


def test_media_goes_through_a_relay_where_nothing_else_is_allowed() -> None:
    async def test() -> None:
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

    run(test())


def test_a_relay_is_kept_alive_for_as_long_as_the_call_lasts() -> None:
    async def test() -> None:
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

    run(test())


def test_closing_gives_the_relay_back() -> None:
    async def test() -> None:
        server = FakeTurn()
        async with serving(server):
            await gathered(options(turn_uri(server)))
            assert server.methods[-1].name == "REFRESH"

    run(test())


@pytest.mark.parametrize("count", [1, 3])
def test_closing_takes_half_a_second_at_most_where_turn_servers_have_died(count: int) -> None:
    async def test() -> None:
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

    run(test())


def test_a_relay_that_has_died_is_told_as_a_loss() -> None:
    async def test() -> None:
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

    run(test())


def test_relay_only_without_a_turn_server_is_told_and_fails_at_once() -> None:
    async def test() -> None:
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

    run(test())
