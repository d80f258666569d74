"""Descriptions and packets tell the same of who sends: SSRC, CNAME, and the name of the medium."""

import asyncio
import secrets
from collections import Counter

import pytest

from sipcli.media.rtp.extension import find
from sipcli.media.rtp.packet import RtpPacket, build, parse
from sipcli.media.rtp.rtcp import Goodbye, ReceiverReport, SenderReport, SourceDescription
from sipcli.media.rtp.rtcp import build as rtcp_bytes
from sipcli.media.rtp.rtcp import parse as parse_rtcp
from sipcli.media.session.audio_stream import MAX_COLLISIONS
from sipcli.media.transport.media_transport import MediaTransport
from sipcli.sdp.rtp_sources import MidExtension
from tests.event_loop import now
from tests.media.session.ends import connected, exchange

pytestmark = pytest.mark.virtual_time


async def test_packets_are_as_the_description_announces_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packets: dict[int, list[RtpPacket]] = {}
    names: dict[int, str] = {}
    send_rtp, send_rtcp = MediaTransport.send_rtp, MediaTransport.send_rtcp

    def rtp(transport: MediaTransport, data: bytes) -> None:
        packet = parse(data)
        assert packet is not None
        packets.setdefault(id(transport), []).append(packet)
        send_rtp(transport, data)

    def rtcp(transport: MediaTransport, data: bytes) -> None:
        found = (one for one in parse_rtcp(data) if isinstance(one, SourceDescription))
        names.update((one.ssrc, one.cname) for one in found)
        send_rtcp(transport, data)

    monkeypatch.setattr(MediaTransport, "send_rtp", rtp)
    monkeypatch.setattr(MediaTransport, "send_rtcp", rtcp)
    async with connected() as (alice, bob):
        await asyncio.gather(alice.hears(), bob.hears())
        async with asyncio.timeout(60):  # until each has reported on the other's source
            while any(own[-1].extension for own in packets.values()) or len(names) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        sent = {one.ssrc for own in packets.values() for one in own}
        announced = {*alice.agreed.sources, *bob.agreed.sources}
        assert sent == announced == names.keys()
        assert len(announced) == 2
        assert alice.agreed.mid_extension == MidExtension(4, "0", sends=True)
        for own in packets.values():
            assert find(own[0].extension, 4) == b"0"
            assert own[-1].extension == b""  # the far end has reported on this source
        packets.clear()
        await exchange(bob, alice)
        await asyncio.sleep(0.1)
        for own in packets.values():
            assert b"0" in [find(packet.extension, 4) for packet in own], "said anew"
        assert len(packets) == 2


def packet(ssrc: int, sequence: int = 1) -> bytes:
    return build(RtpPacket(111, sequence, 960 * sequence, ssrc, b"\xf8\xff\xfe"))


class Sent:
    """What leaves all transports: packets by their SSRC, and who says goodbye."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.packets: Counter[int] = Counter()
        self.goodbyes: list[int] = []
        self.reports: dict[int, SenderReport] = {}
        send_rtp, send_rtcp = MediaTransport.send_rtp, MediaTransport.send_rtcp

        def rtp(transport: MediaTransport, data: bytes) -> None:
            found = parse(data)
            assert found is not None
            self.packets[found.ssrc] += 1
            send_rtp(transport, data)

        def rtcp(transport: MediaTransport, data: bytes) -> None:
            for each in parse_rtcp(data):
                if isinstance(each, Goodbye):
                    self.goodbyes += each.ssrcs
                elif isinstance(each, SenderReport):
                    self.reports[each.ssrc] = each
            send_rtcp(transport, data)

        monkeypatch.setattr(MediaTransport, "send_rtp", rtp)
        monkeypatch.setattr(MediaTransport, "send_rtcp", rtcp)


async def test_an_offer_with_our_ssrc_is_answered_with_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draw = secrets.randbits
    monkeypatch.setattr(secrets, "randbits", lambda bits: 7 if bits == 32 else draw(bits))
    sent = Sent(monkeypatch)
    async with connected() as (alice, bob):
        await asyncio.gather(alice.hears(), bob.hears())
        assert bob.agreed.sources == (7,)
        (other,) = alice.agreed.sources
        assert other != 7
        assert sent.packets.keys() == {7, other}
        assert sent.goodbyes == []


@pytest.mark.parametrize("seen_in", ["RTP", "RTCP"])
async def test_our_ssrc_changes_where_the_far_end_has_it_too(
    monkeypatch: pytest.MonkeyPatch, seen_in: str
) -> None:
    sent = Sent(monkeypatch)
    async with connected() as (alice, bob):
        await asyncio.gather(alice.hears(), bob.hears())
        await asyncio.sleep(3)
        (old,) = bob.agreed.sources
        stream = alice.session.stream
        if seen_in == "RTP":
            stream.on_rtp(packet(old), now())
        else:
            stream.on_rtcp(rtcp_bytes((ReceiverReport(old, ()),)), now())
        assert sent.goodbyes == [old]
        before = sent.packets[old]
        await asyncio.gather(alice.hears(20), bob.hears(20))
        await asyncio.sleep(5)
        assert sent.packets[old] == before
        (new,) = sent.packets.keys() - {old, *alice.agreed.sources}
        assert sent.reports[new].packets <= sent.packets[new]
        figures = stream.statistics()
        assert figures is not None
        assert figures.packets_sent == sent.packets[old] + sent.packets[new]
        assert bob.session.stream.inbound is not None
        assert bob.session.stream.inbound.receiver.ssrc == new
        await exchange(alice, bob)
        assert bob.agreed.sources == (new,)


async def test_a_far_end_that_takes_each_ssrc_of_ours_moves_us_a_few_times_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent = Sent(monkeypatch)
    async with connected() as (alice, bob):
        await asyncio.gather(alice.hears(), bob.hears())
        theirs = set(alice.agreed.sources)
        for n in range(100):
            for ssrc in sent.packets.keys() - theirs:
                alice.session.stream.on_rtp(packet(ssrc, n), now())
            await asyncio.sleep(0.02)
        assert len(sent.packets.keys() - theirs) == 1 + MAX_COLLISIONS
