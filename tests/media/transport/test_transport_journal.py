"""What a transport records: packets with their true addresses, and the steps on the way."""

import asyncio
from dataclasses import replace
from ipaddress import ip_address

import pytest

from sipcli.errors import Phase
from sipcli.journal.entries import IceEntry, IpPort, PacketEntry, StepEntry
from sipcli.media.webrtc.errors import DtlsFailed, IceFailed
from sipcli.sdp.transport import DtlsRole, RemoteTransport
from tests.media.transport.fake_servers import FakeStun, FakeTurn, serving
from tests.media.transport.transport_pair import (
    ALICE,
    BOB,
    NAT,
    Party,
    candidate,
    connect,
    connected,
    exchange,
    options,
    pair,
    remote,
    rtcp_bye,
    rtp,
    stun_uri,
    turn_uri,
)
from tests.sip_entries import recorded_in

pytestmark = pytest.mark.virtual_time


def address_of(party: Party) -> IpPort:
    """The address that it sends from, as the far end sees it."""
    pair = party.transport.selected_pair
    assert pair is not None
    return pair[0].address, pair[0].port


async def test_packets_are_recorded_in_the_clear_with_both_addresses() -> None:
    async with connected() as (alice, bob):
        hers, his = recorded_in(alice.journal, PacketEntry), recorded_in(bob.journal, PacketEntry)
        alice.transport.send_rtp(rtp())
        alice.transport.send_rtcp(rtcp_bye())
        await asyncio.sleep(0.01)
        assert [(each.data, each.is_rtcp) for each in hers] == [
            (rtp(), False),
            (rtcp_bye(), True),
        ]
        for sent, received in zip(hers, his, strict=True):
            assert (sent.direction, received.direction) == ("sent", "received")
            assert sent.data == received.data
            assert sent.local == received.remote == address_of(alice)
            assert sent.remote == received.local == address_of(bob)
            assert sent.call == "a-call"


async def test_what_is_not_sent_is_not_recorded() -> None:
    async with connected() as (alice, bob):
        told = recorded_in(alice.journal, PacketEntry)
        alice.transport.send_rtp(b"not RTP")
        assert told == []
        await bob.transport.close()
        await asyncio.sleep(0.1)
        alice.transport.send_rtp(rtp())
        assert told == []


async def test_a_packet_over_a_relay_has_the_relayed_address() -> None:
    server = FakeTurn()
    async with serving(server):
        alice = Party(options=options(turn_uri(server), relay_only=True))
        bob = Party(options=options())
        await connect(alice, bob)
        hers, his = recorded_in(alice.journal, PacketEntry), recorded_in(bob.journal, PacketEntry)
        await exchange(alice, bob)
        assert {each.local for each in hers} == {server.relayed}
        assert {each.remote for each in his} == {server.relayed}
        assert {each.remote for each in hers} == {each.local for each in his}
        await asyncio.gather(alice.transport.close(), bob.transport.close())


async def test_an_early_packet_has_the_time_and_address_of_its_arrival() -> None:
    """The server of a handshake has keys first: what it sends then must wait at the client."""
    async with connected() as (alice, bob):
        told = recorded_in(bob.journal, PacketEntry)
        keys, bob.transport._srtp = bob.transport._srtp, None  # noqa: SLF001
        alice.transport.send_rtp(rtp())
        await asyncio.sleep(0.01)
        assert told == []
        arrived = asyncio.get_running_loop().time()
        await asyncio.sleep(0.5)
        bob.transport._srtp = keys  # noqa: SLF001
        bob.transport._on_media(*bob.transport._early.popleft())  # noqa: SLF001
        assert told[0].at == pytest.approx(bob.journal.at(arrived), abs=0.011)
        assert (told[0].remote, told[0].local) == (address_of(alice), address_of(bob))


async def test_after_an_ice_restart_packets_have_the_new_addresses() -> None:
    async with connected() as (alice, bob):
        told, before = recorded_in(alice.journal, PacketEntry), address_of(alice)
        await exchange(alice, bob)
        ours, theirs = await asyncio.gather(alice.transport.restart(), bob.transport.restart())
        await asyncio.gather(
            alice.transport.restart_with(remote(theirs)),
            bob.transport.restart_with(remote(ours)),
        )
        await exchange(alice, bob, 2)
        assert told[0].local == before
        assert told[-1].local == address_of(alice) != before


async def test_the_steps_of_opening_are_recorded_in_order() -> None:
    async with pair() as (alice, bob):
        told = recorded_in(alice.journal, StepEntry)
        await connect(alice, bob, DtlsRole.SERVER)
        assert [(each.phase, each.state) for each in told] == [
            (Phase.ICE, "begun"),
            (Phase.ICE, "done"),
            (Phase.DTLS, "begun"),
            (Phase.DTLS, "done"),
        ]
        assert {each.call for each in told} == {"a-call"}
        ice, dtls = dict(told[1].facts), dict(told[3].facts)
        local, other = alice.transport.selected_pair or (None, None)
        assert ice == {"local candidate": str(local), "remote candidate": str(other)}
        assert dtls["version"] == "DTLSv1.2"
        assert dtls["cipher"] == "ECDHE-ECDSA-AES128-GCM-SHA256"
        assert dtls["SRTP profile"] == "SRTP_AEAD_AES_256_GCM"
        assert dtls["our fingerprint"] == str(ALICE.fingerprint)
        assert dtls["their fingerprint"] == str(BOB.fingerprint)
        assert dtls["certificate of"].startswith("CN=")
        assert dtls["valid until"].endswith(" UTC")


async def test_an_ice_restart_is_a_step_of_its_own() -> None:
    async with connected() as (alice, bob):
        told = recorded_in(alice.journal, StepEntry)
        candidates = recorded_in(alice.journal, IceEntry)
        ours, theirs = await asyncio.gather(alice.transport.restart(), bob.transport.restart())
        await asyncio.gather(
            alice.transport.restart_with(remote(theirs)),
            bob.transport.restart_with(remote(ours)),
        )
        assert [(each.phase, each.state) for each in told] == [
            (Phase.ICE, "begun"),
            (Phase.ICE, "done"),
        ]
        assert told[0].text.startswith("restart, to host udp ")
        assert len(candidates) == 1


async def test_candidates_and_pairs_are_recorded_when_ice_has_connected() -> None:
    async with pair() as (alice, bob):
        told = recorded_in(alice.journal, IceEntry)
        await connect(alice, bob)
        (entry,) = told
        assert entry.local
        assert all(
            ip_address(each.split()[2].rpartition(":")[0].strip("[]")) for each in entry.local
        )
        assert set(entry.remote) >= {each.remote for each in entry.pairs}
        (selected,) = [each for each in entry.pairs if each.is_selected]
        assert selected.is_nominated
        assert selected.state == "succeeded"
        local, other = alice.transport.selected_pair or (None, None)
        assert (selected.local, selected.remote) == (str(local), str(other))


async def test_failed_checks_are_recorded_with_the_reason_and_the_pairs() -> None:
    async with pair() as (alice, bob):
        steps, told = recorded_in(alice.journal, StepEntry), recorded_in(alice.journal, IceEntry)
        await alice.transport.gather()
        theirs = replace(await bob.transport.gather(), candidates=(candidate("127.0.0.1"),))
        with pytest.raises(IceFailed) as failed:
            await alice.start(theirs, controlling=True)
        assert (steps[-1].phase, steps[-1].state) == (Phase.ICE, "failed")
        assert steps[-1].text == failed.value.text
        assert told[0].remote == ("host udp 127.0.0.1:9",)
        assert [each for each in told[0].pairs if each.is_selected or each.is_nominated] == []
        assert {each.state for each in told[0].pairs} <= {"in-progress", "failed"}


async def test_a_failed_handshake_is_recorded_with_the_reason() -> None:
    async with pair() as (alice, bob):
        told = recorded_in(alice.journal, StepEntry)
        ours, theirs = await asyncio.gather(alice.transport.gather(), bob.transport.gather())
        other = replace(theirs, fingerprint=ALICE.fingerprint)
        results = await asyncio.gather(
            alice.start(other, DtlsRole.SERVER, controlling=True),
            bob.start(ours, DtlsRole.CLIENT),
            return_exceptions=True,
        )
        assert isinstance(results[0], DtlsFailed)
        assert (told[-1].phase, told[-1].state) == (Phase.DTLS, "failed")
        assert told[-1].text == results[0].text


async def test_nothing_secret_is_in_steps_and_candidates() -> None:
    async with pair() as (alice, bob):
        steps, told = recorded_in(alice.journal, StepEntry), recorded_in(alice.journal, IceEntry)
        await connect(alice, bob)
        text = f"{steps} {told}"
        for party in (alice, bob):
            assert party.agent.local_password not in text


async def test_a_far_end_without_candidates_is_waited_for() -> None:
    async with pair() as (alice, bob):
        told = recorded_in(alice.journal, StepEntry)
        ours = await alice.transport.gather()
        theirs = await bob.transport.gather()
        nothing = RemoteTransport(ufrag=theirs.ufrag, pwd=theirs.pwd, candidates=())
        await asyncio.gather(
            alice.transport.start(
                nothing, DtlsRole.SERVER, controlling=True, fingerprints=[BOB.fingerprint]
            ),
            bob.start(ours, DtlsRole.CLIENT),
        )
        assert told[0].text == "connectivity checks, to what will come"


async def test_each_stun_and_turn_server_is_a_step() -> None:
    stun, turn = FakeStun(NAT), FakeTurn()
    async with serving(stun, turn):
        party = Party(options=options(stun_uri(stun), turn_uri(turn)))
        told = recorded_in(party.journal, StepEntry)
        await party.transport.gather()
        relayed = f"{turn.relayed[0]}:{turn.relayed[1]}"
        assert [
            (each.phase, each.state, each.server, dict(each.facts))
            for each in sorted(told, key=lambda each: each.phase)
        ] == [
            (Phase.STUN, "begun", stun_uri(stun), {}),
            (Phase.STUN, "done", stun_uri(stun), {"mapped address": "198.51.100.7:40000"}),
            (Phase.TURN, "begun", turn_uri(turn), {}),
            (Phase.TURN, "done", turn_uri(turn), {"relayed address": relayed}),
        ]
        assert "secret" not in str(told)
        await party.transport.close()


async def test_a_server_that_fails_is_a_failed_step_with_the_reason() -> None:
    mute, refusing = FakeStun(mute=True), FakeTurn(error=486)
    async with serving(mute, refusing):
        uris = (stun_uri(mute), turn_uri(refusing), "turns:127.0.0.1?transport=udp")
        party = Party(options=options(*uris, timeout=1.0))
        told = recorded_in(party.journal, StepEntry)
        await party.transport.gather()
        failed = {each.server: each.text for each in told if each.state == "failed"}
        assert failed == {
            uris[0]: "it did not answer in time",
            uris[1]: "this user has reached its limit of relays",
            uris[2]: "TURN over DTLS is not supported: use transport=tcp or leave transport out",
        }
        assert {f"{uri} cannot be used: {failed[uri]}" for uri in uris} == set(party.warnings)
        await party.transport.close()
