"""Each STUN and TURN server by itself: what it gives, and what is wrong with it."""

import asyncio

import pytest

from sipcli.media.transport.server_probe import probe_servers
from tests.media.transport.fake_servers import FakeStun, FakeTurn, serving
from tests.media.transport.transport_pair import NAT, options, stun_uri, turn_uri

pytestmark = pytest.mark.virtual_time


async def test_a_stun_server_tells_what_it_sees() -> None:
    server = FakeStun(NAT)
    async with serving(server):
        (found,) = await probe_servers(options(stun_uri(server)))
    (mapping,) = found.mappings
    assert found.fault is None
    assert (mapping.own[0], mapping.server, mapping.seen) == (
        "127.0.0.1",
        server.address,
        NAT,
    )


async def test_an_address_that_nobody_translates_is_told_too() -> None:
    server = FakeStun()
    async with serving(server):
        (found,) = await probe_servers(options(stun_uri(server)))
    (mapping,) = found.mappings
    assert mapping.own == mapping.seen


async def test_two_stun_servers_see_the_same_socket() -> None:
    servers = FakeStun(), FakeStun()
    async with serving(*servers):
        found = await probe_servers(options(*map(stun_uri, servers)))
    assert found[0].mappings[0].own == found[1].mappings[0].own


async def test_a_relay_is_borrowed_and_given_back() -> None:
    server = FakeTurn()
    async with serving(server):
        (found,) = await probe_servers(options(turn_uri(server)))
        assert found.relayed is not None
        assert (found.relayed.address, found.relayed.port) == server.relayed
        await asyncio.sleep(1)
        assert [method.name for method in server.methods] == ["ALLOCATE", "REFRESH"]


async def test_a_silent_server_has_the_whole_time_though_others_answer_at_once() -> None:
    good, mute, silent_relay = FakeStun(), FakeStun(mute=True), FakeTurn(mute=True)
    async with serving(good, mute, silent_relay):
        uris = stun_uri(good), stun_uri(mute), turn_uri(silent_relay)
        found = await probe_servers(options(*uris))
    assert [str(each.fault) for each in found] == [
        "None",
        "it did not answer within 2 s",
        "it did not answer within 2 s",
    ]
    assert found[0].elapsed_ms < 100
    assert 2000 <= found[1].elapsed_ms < 2400


async def test_a_refusal_and_what_is_not_even_tried_are_faults() -> None:
    server = FakeTurn(error=401)
    async with serving(server):
        found = await probe_servers(options(turn_uri(server), "turns:127.0.0.1?transport=udp"))
    assert [each.fault is not None for each in found] == [True, True]
    assert "rejected the user name" in str(found[0].fault)
    assert "TURN over DTLS is not supported" in str(found[1].fault)
