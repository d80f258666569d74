"""The way of a call's media from end to end, over real sockets on loopback."""

import asyncio
from typing import Any

import pytest

from sipcli.errors import Phase
from sipcli.media.events import MediaLost
from sipcli.media.webrtc.dtls import DtlsCertificate
from sipcli.media.webrtc.errors import FingerprintMismatch
from sipcli.sdp.transport import DtlsRole, Fingerprint
from tests.event_loop import now, settle
from tests.media.transport.transport_pair import (
    ALICE,
    BOB,
    Party,
    connect,
    connected,
    exchange,
    opposite,
    pair,
    rtcp_bye,
    rtp,
    without_candidates,
)

pytestmark = pytest.mark.virtual_time


@pytest.mark.parametrize("role", DtlsRole)
async def test_media_flows_both_ways_whoever_begins_the_handshake(role: DtlsRole) -> None:
    async with pair() as (alice, bob):
        await connect(alice, bob, role)
        await exchange(alice, bob)
        assert len(alice.connections) == len(bob.connections) == 1


async def test_rtcp_and_rtp_are_told_apart() -> None:
    async with connected() as (alice, bob):
        alice.transport.send_rtcp(rtcp_bye())
        alice.transport.send_rtp(rtp())
        await asyncio.sleep(0.01)
        assert bob.rtcp == [rtcp_bye()]
        assert bob.rtp == [rtp()]


@pytest.mark.parametrize("role", DtlsRole)
@pytest.mark.parametrize("offerer_first", [True, False])
async def test_the_whole_set_up_waits_for_nothing(role: DtlsRole, offerer_first: bool) -> None:
    """Whichever end is ready first: what it sends too early is kept, not lost."""

    async with pair() as (alice, bob):
        begin = now()
        ours, theirs = await asyncio.gather(alice.transport.gather(), bob.transport.gather())
        offering = alice.start(theirs, role, controlling=True)
        answering = bob.start(ours, opposite(role))
        first, second = (offering, answering) if offerer_first else (answering, offering)
        early = asyncio.create_task(first)
        await settle(20)
        await second
        await early
        assert now() - begin < 0.05


async def test_both_ends_agree_on_the_pair_and_on_the_keys() -> None:
    async with connected() as (alice, bob):
        assert alice.transport.selected_pair is not None
        local, remote = alice.transport.selected_pair
        assert bob.transport.selected_pair is not None
        theirs, ours = bob.transport.selected_pair
        assert (local.address, local.port) == (ours.address, ours.port)
        assert (remote.address, remote.port) == (theirs.address, theirs.port)
        assert alice.transport.remote_fingerprint == BOB.fingerprint
        assert bob.transport.remote_fingerprint == ALICE.fingerprint
        version, _, profile = alice.transport.protection or ("", "", "")
        assert version == "DTLSv1.2"
        assert profile == "SRTP_AEAD_AES_256_GCM"


async def test_nothing_is_known_or_sent_before_the_way_is_open() -> None:
    async with pair() as (alice, _):
        alice.transport.send_rtp(rtp())
        alice.transport.send_rtcp(rtcp_bye())
        assert alice.transport.selected_pair is None
        assert alice.transport.remote_fingerprint is None
        assert alice.transport.protection is None
        assert alice.transport.last_consent is None


@pytest.mark.parametrize("packet", [b"", b"\x80", b"\x80" + bytes(1400), rtp(payload=bytes(2000))])
async def test_what_cannot_be_sent_is_dropped(packet: bytes) -> None:
    async with connected() as (alice, bob):
        alice.transport.send_rtp(packet)
        alice.transport.send_rtcp(packet[:3])
        await exchange(alice, bob)


async def test_a_peer_may_send_as_soon_as_it_can() -> None:
    async with pair() as (alice, bob):
        ours, theirs = await asyncio.gather(alice.transport.gather(), bob.transport.gather())
        starting = asyncio.create_task(bob.start(ours, DtlsRole.SERVER))
        answering = asyncio.create_task(alice.start(theirs, controlling=True))
        await starting  # the server is done before the client
        assert not answering.done()
        bob.transport.send_rtp(rtp())
        await answering
        await settle()
        assert alice.rtp == [rtp()]


async def test_a_peer_without_candidates_is_reached_where_its_checks_come_from() -> None:
    async with pair() as (alice, bob):
        ours, theirs = await asyncio.gather(alice.transport.gather(), bob.transport.gather())
        await asyncio.gather(
            alice.start(without_candidates(theirs), DtlsRole.SERVER, controlling=True),
            bob.start(ours),
        )
        await exchange(alice, bob)
        assert alice.connections[0].remote.type == "prflx"


async def test_checks_that_come_before_our_role_is_known_are_answered_in_that_role() -> None:
    async with pair() as (alice, bob):
        ours, theirs = await asyncio.gather(alice.transport.gather(), bob.transport.gather())
        early = asyncio.create_task(bob.start(ours))
        await asyncio.sleep(0.01)
        await alice.start(theirs, DtlsRole.SERVER, controlling=True)
        await early
        await exchange(alice, bob)


async def test_two_ends_that_both_want_to_control_come_to_terms() -> None:
    async with pair() as (alice, bob):
        ours, theirs = await asyncio.gather(alice.transport.gather(), bob.transport.gather())
        await asyncio.gather(
            alice.start(theirs, DtlsRole.SERVER, controlling=True),
            bob.start(ours, controlling=True),
        )
        await exchange(alice, bob)


# Identity


def fingerprint_of(certificate: DtlsCertificate, algorithm: str) -> Fingerprint:
    found = next(f for f in certificate.rtc.getFingerprints() if f.algorithm == algorithm)
    return Fingerprint(algorithm, found.value)


WRONG = Fingerprint("sha-256", ":".join(["00"] * 32))


@pytest.mark.parametrize("algorithm", ["sha-256", "sha-384", "sha-512"])
async def test_one_fitting_fingerprint_by_a_strong_hash_is_enough(algorithm: str) -> None:
    async with pair() as (alice, bob):
        ours, theirs = await asyncio.gather(alice.transport.gather(), bob.transport.gather())
        given = [
            Fingerprint("sha-1", ":".join(["00"] * 20)),
            WRONG,
            fingerprint_of(BOB, algorithm),
        ]
        await asyncio.gather(
            alice.start(theirs, DtlsRole.SERVER, controlling=True, fingerprints=given),
            bob.start(ours),
        )
        await exchange(alice, bob)


@pytest.mark.parametrize("role", DtlsRole)
@pytest.mark.parametrize(
    "given",
    [[WRONG], [], [Fingerprint("sha-1", "00:11")], [ALICE.fingerprint]],
    ids=["another's", "none", "weak", "our own"],
)
async def test_a_certificate_that_was_not_announced_means_no_audio(
    role: DtlsRole, given: list[Fingerprint]
) -> None:
    async with pair() as (alice, bob):
        ours, theirs = await asyncio.gather(alice.transport.gather(), bob.transport.gather())
        peer = asyncio.create_task(bob.start(ours, opposite(role)))
        with pytest.raises(FingerprintMismatch) as caught:
            await alice.start(theirs, role, controlling=True, fingerprints=given)
        assert caught.value.phase is Phase.DTLS
        await asyncio.sleep(1)
        bob.transport.send_rtp(rtp())
        alice.transport.send_rtp(rtp())
        await asyncio.sleep(1)
        assert alice.rtp == bob.rtp == []
        await alice.transport.close()
        await bob.transport.close()
        await asyncio.gather(peer, return_exceptions=True)


# Sending


class FullTransport(asyncio.DatagramTransport):
    """What a socket is like whose network does not move."""

    def __init__(self, waiting: int) -> None:
        super().__init__()
        self.waiting = waiting
        self.sent: list[bytes] = []

    def get_write_buffer_size(self) -> int:
        """Bytes."""
        return self.waiting

    def sendto(self, data: Any, addr: Any = None) -> None:
        """Note it."""
        self.sent.append(data)


@pytest.mark.parametrize(("waiting", "sent"), [(0, 1), (60_000, 1), (70_000, 0)])
async def test_what_a_stuck_network_does_not_take_is_dropped(waiting: int, sent: int) -> None:
    async with connected() as (alice, _):
        stuck = FullTransport(waiting)
        agent = alice.agent
        agent._route = (stuck, ("127.0.0.1", 9))  # noqa: SLF001
        alice.transport.send_rtp(rtp())
        assert len(stuck.sent) == sent


# The end


async def test_the_far_end_hears_at_once_that_it_is_over() -> None:
    async with connected() as (alice, bob):
        await alice.transport.close()
        await settle()
        assert bob.losses == [MediaLost(reason="the far end closed the media", closed=True)]
        assert bob.transport.protection is None
        bob.transport.send_rtp(rtp())


async def test_closing_is_quiet_and_can_be_repeated() -> None:
    async with connected() as (alice, bob):
        told = len(alice.events)
        await asyncio.gather(alice.transport.close(), alice.transport.close())
        await alice.transport.close()
        alice.transport.send_rtp(rtp())
        alice.transport.send_rtcp(rtcp_bye())
        await bob.transport.close()
        await asyncio.sleep(60)
        assert len(alice.events) == told


async def test_closing_ends_what_is_under_way() -> None:
    party, peer = Party(), Party(BOB)
    await party.transport.gather()
    theirs = await peer.transport.gather()
    starting = asyncio.create_task(party.start(theirs, controlling=True))
    await asyncio.sleep(1)
    begin = now()
    await party.transport.close()
    with pytest.raises(Exception, match="ICE"):
        await starting
    assert now() - begin < 0.5
    assert party.events == []
    await peer.transport.close()
