"""Descriptions and packets tell the same of who sends: SSRC, CNAME, and the name of the medium."""

import asyncio

import pytest

from sipcli.media.rtp.extension import find
from sipcli.media.rtp.packet import RtpPacket, parse
from sipcli.media.rtp.rtcp import SourceDescription
from sipcli.media.rtp.rtcp import parse as parse_rtcp
from sipcli.media.transport.media_transport import MediaTransport
from sipcli.sdp.sources import MidExtension
from tests.media.session.ends import connected, exchange, virtual


@virtual
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
        await asyncio.sleep(10)
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
        assert all(find(own[0].extension, 4) == b"0" for own in packets.values())
        assert len(packets) == 2
