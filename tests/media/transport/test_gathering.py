"""Gathering: what is offered to the far end, and what useless servers cost."""

import asyncio
import socket

import pytest

from sipcli.media.transport import gathering
from sipcli.net.dns import SocketAddress
from tests.media.transport.fake_servers import FakeStun, FakeTurn, serving
from tests.media.transport.transport_pair import (
    NAT,
    Party,
    gathered,
    kinds,
    options,
    stun_uri,
    turn_uri,
)

pytestmark = pytest.mark.virtual_time

# Our own addresses


async def test_without_servers_nothing_is_waited_for() -> None:
    candidates, warnings, took = await gathered(options())
    assert kinds(candidates) == ["host", "host"]
    assert warnings == []
    assert took == 0.0


def test_loopback_is_used_where_there_is_nothing_else_or_where_it_is_asked_for() -> None:
    found = ["192.0.2.2"]
    assert gathering.choose_addresses([], include_loopback=False) == ["127.0.0.1", "::1"]
    assert gathering.choose_addresses(found, include_loopback=False) == found
    assert gathering.choose_addresses(found, include_loopback=True) == [*found, "127.0.0.1", "::1"]


def test_what_no_peer_could_reach_is_not_offered() -> None:
    odd = ["fe80::1", "fe80::1%eth0", "127.0.0.2", "::1", "0.0.0.0", "224.0.0.1", "nonsense"]
    assert gathering.choose_addresses([*odd, "192.0.2.2"], include_loopback=False) == ["192.0.2.2"]


def test_the_addresses_of_the_default_routes_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "_source_addresses", lambda: ["192.0.2.2", "2001:db8::2"])
    found = ["172.17.0.1", "2001:db8::2", "192.0.2.2", "172.17.0.1"]
    expected = ["192.0.2.2", "2001:db8::2", "172.17.0.1"]
    assert gathering.choose_addresses(found, include_loopback=False) == expected


def test_a_machine_with_dozens_of_addresses_offers_twelve() -> None:
    found = [f"172.17.{n}.1" for n in range(40)]
    assert gathering.choose_addresses(found, include_loopback=False) == found[:12]


async def test_the_better_address_has_the_higher_priority() -> None:
    candidates, _, _ = await gathered(options())
    assert [each.address for each in candidates] == ["127.0.0.1", "::1"]
    assert candidates[0].priority > candidates[1].priority
    assert candidates[0].foundation != candidates[1].foundation


async def test_an_address_that_is_gone_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "host_addresses", lambda: ["203.0.113.1"])

    candidates, _, _ = await gathered(options())
    assert candidates == ()


async def test_what_is_gathered_has_its_own_credentials_and_our_fingerprint() -> None:
    first, second = Party(), Party()
    one, other = await first.transport.gather(), await second.transport.gather()
    assert len(one.ufrag) >= 4
    assert len(one.pwd) >= 22
    assert one.ufrag != other.ufrag
    assert one.pwd not in repr(one)
    assert one.fingerprint == other.fingerprint == first.certificate.fingerprint
    await asyncio.gather(first.transport.close(), second.transport.close())


# STUN


async def test_a_stun_server_adds_what_it_sees() -> None:
    server = FakeStun(NAT)
    async with serving(server):
        candidates, warnings, took = await gathered(options(stun_uri(server)))
    assert kinds(candidates) == ["host", "host", "srflx"]
    assert (candidates[2].address, candidates[2].port) == NAT
    assert candidates[2].related_address == "127.0.0.1"
    assert candidates[2].related_port == candidates[0].port
    assert warnings == []
    assert took == 0.0


async def test_what_we_know_already_is_not_offered_twice() -> None:
    here, twice, again = FakeStun(), FakeStun(NAT), FakeStun(NAT)
    async with serving(here, twice, again):
        uris = [stun_uri(server) for server in (here, twice, again)]
        candidates, warnings, _ = await gathered(options(*uris))
        assert [server.requests for server in (here, twice, again)] == [1, 1, 1]
    assert kinds(candidates) == ["host", "host", "srflx"]
    assert warnings == []


@pytest.mark.parametrize("scheme", ["stun", "turn"])
@pytest.mark.parametrize("limit", [0.4, 2.0])
async def test_a_dead_server_costs_the_timeout_once_and_hardly_anything_later(
    scheme: str, limit: float
) -> None:
    server = FakeTurn(mute=True)
    async with serving(server):
        uri = f"{scheme}:127.0.0.1:{server.address[1]}"
        chosen = options(uri, timeout=limit)
        candidates, warnings, took = await gathered(chosen)
        assert kinds(candidates) == ["host", "host"]
        assert took == pytest.approx(limit)
        assert warnings == [f"{uri} cannot be used: it did not answer in time"]
        _, warnings, took = await gathered(chosen)
        assert took == pytest.approx(0.3)
        assert warnings == []


async def test_a_server_that_is_back_is_used_again_and_warned_of_anew() -> None:
    server = FakeStun(NAT, mute=True)
    async with serving(server):
        chosen = options(stun_uri(server))
        await gathered(chosen)
        server.mute = False
        candidates, warnings, took = await gathered(chosen)
        assert "srflx" in kinds(candidates)
        assert (warnings, took) == ([], 0.0)
        server.mute = True
        _, warnings, took = await gathered(chosen)
        assert len(warnings) == 1
        assert took == pytest.approx(2.0)


async def test_a_dead_server_beside_a_good_one_costs_300_ms() -> None:
    good, dead = FakeStun(NAT), FakeStun(mute=True)
    async with serving(good, dead):
        chosen = options(stun_uri(dead), stun_uri(good))
        candidates, warnings, took = await gathered(chosen)
        assert "srflx" in kinds(candidates)
        assert took == pytest.approx(0.3)
        assert [text.split()[0] for text in warnings] == [stun_uri(dead)]


async def test_a_good_stun_server_is_no_reason_not_to_wait_for_a_relay() -> None:
    good, dead = FakeStun(NAT), FakeTurn(mute=True)
    async with serving(good, dead):
        _, _, took = await gathered(options(stun_uri(good), turn_uri(dead)))
        assert took == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        (FakeStun(("", 0)), "its answer has no address"),
        (FakeStun(error=500), "it answers with error 500"),
    ],
    ids=["no address", "500"],
)
async def test_a_stun_server_that_is_of_no_use_is_named(server: FakeStun, reason: str) -> None:
    async with serving(server):
        uri = stun_uri(server)
        _, warnings, took = await gathered(options(uri))
        assert warnings == [f"{uri} cannot be used: {reason}"]
        assert took == 0.0


async def test_a_stun_server_that_our_addresses_cannot_reach_is_not_asked() -> None:
    _, warnings, took = await gathered(options("stun:203.0.113.1"))
    assert "none of this machine's addresses can reach it" in warnings[0]
    assert took == 0.0


def look_up(monkeypatch: pytest.MonkeyPatch, answer: OSError | tuple[str, ...]) -> None:
    """Let every name have these addresses."""

    async def resolve(host: str, port: int) -> tuple[SocketAddress, ...]:
        if isinstance(answer, OSError):
            raise answer
        families = {True: socket.AF_INET6, False: socket.AF_INET}
        return tuple(SocketAddress(families[":" in each], (each, port)) for each in answer)

    monkeypatch.setattr(gathering, "resolve", resolve)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (socket.gaierror(socket.EAI_NONAME, "not known"), "its name cannot be resolved"),
        ((), "its name has no IPv4 or IPv6 address"),
    ],
    ids=["unknown", "no address"],
)
@pytest.mark.parametrize("scheme", ["stun", "turn"])
async def test_a_name_that_leads_nowhere_is_named(
    monkeypatch: pytest.MonkeyPatch,
    answer: OSError | tuple[str, ...],
    reason: str,
    scheme: str,
) -> None:
    look_up(monkeypatch, answer)

    _, warnings, took = await gathered(options(f"{scheme}:a.invalid"))
    assert len(warnings) == 1
    assert warnings[0].startswith(f"{scheme}:a.invalid cannot be used: {reason}")
    assert took == 0.0


@pytest.mark.parametrize(
    ("server", "kind"), [(FakeStun(NAT), "srflx"), (FakeTurn(), "relay")], ids=["STUN", "TURN"]
)
async def test_a_name_is_asked_by_ipv4_and_ipv6_at_once(
    monkeypatch: pytest.MonkeyPatch, server: FakeStun, kind: str
) -> None:
    """The first of its addresses is dead, and must not hold up the other."""
    look_up(monkeypatch, ("::1", "127.0.0.1"))

    async with serving(server):
        uri = f"{'stun' if kind == 'srflx' else 'turn'}:a.invalid:{server.address[1]}"
        candidates, warnings, took = await gathered(options(uri))
        assert kinds(candidates)[2:] == [kind]
        assert warnings == []
        assert took <= 0.2
