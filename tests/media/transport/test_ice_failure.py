"""Ways that do not open: given up in time, with a reason."""

import asyncio
import socket
from dataclasses import replace
from typing import Any, cast

import pytest
from aioice import ice, stun

from sipcli.errors import Phase
from sipcli.media.webrtc.errors import DtlsFailed, IceFailed
from sipcli.sdp.transport import Candidate, DtlsRole, LocalTransport
from tests.event_loop import now
from tests.media.transport.transport_pair import (
    BOB,
    Party,
    candidate,
    connect,
    exchange,
    pair,
    remote,
    without_candidates,
)

pytestmark = pytest.mark.virtual_time


async def reason(party: Party, peer: LocalTransport, *candidates: Candidate) -> str:
    """Why ICE with these candidates of the peer fails; asserts that it does."""
    with pytest.raises(IceFailed) as caught:
        await party.start(
            replace(peer, candidates=candidates),
            controlling=True,
        )
    assert caught.value.phase is Phase.ICE
    return str(caught.value)


async def test_a_peer_that_never_answers_is_given_up_after_12_s() -> None:
    async with pair() as (alice, bob):
        await alice.transport.gather()
        peer = await bob.transport.gather()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
            deaf.bind(("127.0.0.1", 0))
            begin = now()
            text = await reason(alice, peer, candidate(*deaf.getsockname()))
        assert now() - begin == pytest.approx(12.0, abs=0.1)
        assert text.startswith("ICE: no ICE check was answered from the far end's address: ")
        assert "turn_servers" in text


async def test_a_peer_that_gives_no_address_gets_12_s_to_try_ours() -> None:
    async with pair() as (alice, bob):
        await alice.transport.gather()
        begin = now()
        text = await reason(alice, await bob.transport.gather())
        assert now() - begin == pytest.approx(12.0, abs=0.1)
        assert "offered no usable address" in text


async def test_a_lite_peer_that_gives_no_address_is_given_up_at_once() -> None:
    async with pair() as (alice, bob):
        await alice.transport.gather()
        peer = without_candidates(await bob.transport.gather())
        begin = now()
        with pytest.raises(IceFailed):
            await alice.transport.start(
                remote(peer, lite=True),
                DtlsRole.CLIENT,
                controlling=True,
                fingerprints=[peer.fingerprint],
            )
        assert now() - begin < 0.1


@pytest.mark.parametrize("lite", [True, False])
async def test_a_lite_peer_is_controlled_by_us_in_any_case(lite: bool) -> None:
    async with pair() as (alice, bob):
        await alice.transport.gather()
        peer = replace(await bob.transport.gather(), candidates=(candidate("127.0.0.1"),))
        starting = asyncio.create_task(
            alice.transport.start(
                remote(peer, lite=lite),
                DtlsRole.SERVER,
                controlling=False,
                fingerprints=[peer.fingerprint],
            )
        )
        await asyncio.sleep(1)
        assert alice.agent.ice_controlling is lite
        await alice.transport.close()
        await asyncio.gather(starting, return_exceptions=True)


async def test_media_flows_with_a_lite_peer() -> None:
    async with pair() as (alice, bob):
        ours, theirs = await asyncio.gather(alice.transport.gather(), bob.transport.gather())
        await asyncio.gather(
            alice.transport.start(
                remote(theirs, lite=True),
                DtlsRole.SERVER,
                controlling=True,
                fingerprints=[theirs.fingerprint],
            ),
            bob.start(ours),
        )
        await exchange(alice, bob)


async def test_checks_that_arrive_where_ours_are_not_answered_are_named() -> None:
    async with pair() as (alice, bob):
        ours, theirs = await asyncio.gather(alice.transport.gather(), bob.transport.gather())
        wrong = replace(theirs, pwd="wrong" * 5)
        checking = asyncio.create_task(bob.start(ours))
        with pytest.raises(IceFailed, match="checks arrive here"):
            await alice.start(wrong, controlling=True)
        await bob.transport.close()
        await asyncio.gather(checking, return_exceptions=True)


async def test_candidates_that_cannot_be_used_are_left_out() -> None:
    async with pair() as (alice, bob):
        ours, theirs = await asyncio.gather(alice.transport.gather(), bob.transport.gather())
        odd = (
            candidate("name.invalid"),
            candidate("127.0.0.1", 9, protocol="tcp"),
            candidate("127.0.0.1", 9, component=2),
            candidate("::ffff:300.1.1.1"),
            candidate(""),
            *(replace(each, component=2) for each in theirs.candidates),
        )
        peer = replace(theirs, candidates=(*odd, *theirs.candidates))
        begin = now()
        await asyncio.gather(alice.start(peer, DtlsRole.SERVER, controlling=True), bob.start(ours))
        assert now() - begin < 0.1
        await exchange(alice, bob)


class FakeMdns:
    """A resolver of .local names that takes its time."""

    def __init__(self, answer: str | None) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def resolve(self, name: str) -> str | None:
        self.asked.append(name)
        await asyncio.sleep(1)
        return self.answer


@pytest.mark.parametrize("answer", [None, "127.0.0.1"])
async def test_mdns_names_hold_nothing_up(
    monkeypatch: pytest.MonkeyPatch, answer: str | None
) -> None:
    resolver = FakeMdns(answer)

    async def get(subscriber: object) -> FakeMdns:
        return resolver

    monkeypatch.setattr(ice, "get_or_create_mdns_protocol", get)

    async with pair() as (alice, bob):
        ours, theirs = await asyncio.gather(alice.transport.gather(), bob.transport.gather())
        peer = replace(theirs, candidates=(candidate("0f7d9c.local"), *theirs.candidates))
        begin = now()
        await asyncio.gather(alice.start(peer, DtlsRole.SERVER, controlling=True), bob.start(ours))
        assert now() - begin < 0.1
        assert resolver.asked == ["0f7d9c.local"]


async def test_an_mdns_name_alone_leads_to_the_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def get(subscriber: object) -> FakeMdns:
        return FakeMdns("127.0.0.1")

    monkeypatch.setattr(ice, "get_or_create_mdns_protocol", get)

    async with pair() as (alice, bob):
        ours, theirs = await asyncio.gather(alice.transport.gather(), bob.transport.gather())
        port = next(c.port for c in theirs.candidates if c.address == "127.0.0.1")
        peer = replace(theirs, candidates=(candidate("0f7d9c.local", port),))
        await asyncio.gather(
            alice.start(peer, DtlsRole.SERVER, controlling=True),
            bob.start(without_candidates(ours)),
        )
        await exchange(alice, bob)


async def test_a_machine_that_cannot_ask_by_multicast_goes_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def get(subscriber: object) -> FakeMdns:
        raise OSError("port 5353 is taken")

    monkeypatch.setattr(ice, "get_or_create_mdns_protocol", get)

    async with pair() as (alice, bob):
        await alice.transport.gather()
        peer = await bob.transport.gather()
        begin = now()
        assert "offered no usable address" in await reason(alice, peer, candidate("0f7d9c.local"))
        assert now() - begin == pytest.approx(12.0, abs=0.1)


async def test_a_mute_dtls_peer_is_given_up_after_8_s() -> None:
    async with pair() as (alice, bob):
        ours, theirs = await asyncio.gather(alice.transport.gather(), bob.transport.gather())
        checking = asyncio.create_task(bob.agent.establish(remote(ours), controlling=False))
        begin = now()
        with pytest.raises(DtlsFailed) as caught:
            await alice.start(theirs, controlling=True)
        assert now() - begin == pytest.approx(8.0, abs=0.1)
        assert caught.value.text == "the far end did not answer the DTLS handshake within 8 s"
        assert caught.value.phase is Phase.DTLS
        await checking


async def test_a_failed_way_can_still_be_closed_quickly() -> None:
    async with pair() as (alice, bob):
        await alice.transport.gather()
        await reason(alice, await bob.transport.gather(), candidate("127.0.0.1", 9))
        begin = now()
        await alice.transport.close()
        assert now() - begin < 0.5


async def test_several_calls_at_once_do_not_disturb_each_other() -> None:
    pairs = [(Party(), Party()) for _ in range(5)]
    await asyncio.gather(*(connect(alice, bob) for alice, bob in pairs))
    for alice, bob in pairs:
        await exchange(alice, bob)
    await pairs[0][0].transport.close()
    for alice, bob in pairs[1:]:
        await exchange(alice, bob, 2)
    for both in pairs:
        await asyncio.gather(*(party.transport.close() for party in both))


class _Quarrelsome(asyncio.DatagramProtocol):
    """Answers each check with 487 (Role Conflict), signed as RFC 8445 §7.2.5.1 wants it."""

    def __init__(self, password: str) -> None:
        self._key = password.encode()
        self.requests = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        request = stun.parse_message(data)
        if request.message_class is stun.Class.REQUEST:
            self.requests += 1
            kind = stun.Class.ERROR
            response = stun.Message(request.message_method, kind, request.transaction_id)
            response.attributes["ERROR-CODE"] = (487, "Role Conflict")
            response.add_message_integrity(self._key)
            self.transport.sendto(bytes(response), addr)


async def test_a_peer_that_quarrels_over_roles_for_ever_is_asked_a_bounded_number_of_times() -> (
    None
):
    alice, bob = Party(), Party(BOB)
    ours, theirs = await asyncio.gather(alice.transport.gather(), bob.transport.gather())
    loop = asyncio.get_running_loop()
    transport, peer = await loop.create_datagram_endpoint(
        lambda: _Quarrelsome(theirs.pwd), ("127.0.0.1", 0)
    )
    there = replace(theirs.candidates[0], port=transport.get_extra_info("sockname")[1])
    begin = now()
    with pytest.raises(IceFailed):
        await alice.start(replace(theirs, candidates=(there,)), controlling=True)
    assert now() - begin <= 12.0
    assert 2 <= peer.requests <= 60
    transport.close()
    assert ours.candidates
    await asyncio.gather(alice.transport.close(), bob.transport.close())


@pytest.mark.parametrize("lie", [("0.0.0.0", 7), ("255.255.255.255", 7), ("192.0.2.1", 0)])
async def test_what_a_peer_cannot_have_seen_of_us_is_not_told(lie: tuple[str, int]) -> None:
    class Liar(_Quarrelsome):
        def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
            if data[0] > 3:  # DTLS
                return
            request = stun.parse_message(data)
            kind = stun.Class.RESPONSE
            response = stun.Message(request.message_method, kind, request.transaction_id)
            response.attributes["XOR-MAPPED-ADDRESS"] = lie
            response.add_message_integrity(self._key)
            self.transport.sendto(bytes(response), addr)

    alice, bob = Party(), Party(BOB)
    ours, theirs = await asyncio.gather(alice.transport.gather(), bob.transport.gather())
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: Liar(theirs.pwd), ("127.0.0.1", 0))
    there = replace(theirs.candidates[0], port=transport.get_extra_info("sockname")[1])
    starting = asyncio.create_task(
        alice.start(replace(theirs, candidates=(there,)), controlling=True)
    )
    await asyncio.sleep(1)
    assert alice.transport.selected_pair is not None
    assert alice.transport.selected_pair[0] == ours.candidates[0]
    starting.cancel()
    await asyncio.wait([starting])
    transport.close()
    await asyncio.gather(alice.transport.close(), bob.transport.close())
