"""Calls with descriptions in the manner of real user agents: what each comes to."""

from dataclasses import dataclass

import pytest

from sipcli.sdp.description import Direction
from sipcli.sdp.formats import Preferences
from sipcli.sdp.negotiated import NegotiatedMedia
from sipcli.sdp.negotiation import Negotiation
from sipcli.sdp.opus_fmtp import OpusWishes
from sipcli.sdp.read import read
from sipcli.sdp.transport import DtlsRole
from tests.sdp.ends import PEERS, answering, audio_of, local, negotiation, offering

FEC = OpusWishes(fec=True)


@dataclass(frozen=True, kw_only=True)
class Peer:
    """What a peer's offer comes to for us."""

    codecs: tuple[tuple[str, int], ...]
    """What we may send and with which numbers, the preferred first."""
    events: dict[int, int]
    """Telephone events: number by clock."""
    event: int | None
    """The number of the digits we send."""
    candidates: tuple[str, ...]
    """Addresses we can try."""
    role: DtlsRole = DtlsRole.CLIENT
    protocol: str = "UDP/TLS/RTP/SAVPF"
    bundle: str | None = None
    mid: str | None = None
    direction: Direction = Direction.SENDRECV
    lite: bool = False
    opus: OpusWishes | None = FEC
    ptime: int = 20
    bandwidth: int | None = None
    fingerprints: int = 1


G711 = (("pcmu", 0), ("pcma", 8))
OFFERS = {
    "chromium_audio_video": Peer(
        codecs=(("opus", 111), ("g722", 9), *G711),
        events={48000: 110, 8000: 126},
        event=110,
        candidates=("4f1f0c9e-6a6d-4c0f-8a8e-1d2c3b4a5f60.local", "198.51.100.17"),
        bundle="BUNDLE 0",
        mid="0",
    ),
    "firefox": Peer(
        codecs=(("opus", 109), ("g722", 9), *G711),
        events={8000: 101},
        event=101,
        candidates=("192.0.2.77", "203.0.113.8"),
        bundle="BUNDLE {3d7f6a52-1e0b-4c6e-8f52-0a9d8c7b6e54}",
        mid="{3d7f6a52-1e0b-4c6e-8f52-0a9d8c7b6e54}",
        opus=OpusWishes(fec=True, stereo=True),
    ),
    "safari": Peer(
        codecs=(("opus", 96), ("g722", 9), *G711),
        events={48000: 110, 8000: 126},
        event=110,
        candidates=("2001:db8:77::1",),
        bundle="BUNDLE audio",
        mid="audio",
        direction=Direction.SENDONLY,
    ),
    "asterisk": Peer(
        codecs=(("opus", 107), *G711, ("g722", 9)),
        events={8000: 101},
        event=101,
        candidates=("203.0.113.30",),
    ),
    "freeswitch": Peer(
        codecs=(("opus", 102), ("g722", 9), *G711),
        events={48000: 103, 8000: 101},
        event=103,
        candidates=("203.0.113.40",),
        role=DtlsRole.SERVER,
        protocol="RTP/SAVPF",
        direction=Direction.RECVONLY,
        opus=OpusWishes(fec=True, max_average_bitrate=30000),
    ),
    "rtpengine": Peer(
        codecs=G711,
        events={8000: 101},
        event=101,
        candidates=("203.0.113.50", "2001:db8:50::2"),
        protocol="UDP/TLS/RTP/SAVP",
        mid="1",
        lite=True,
        opus=None,
    ),
    "kamailio_passthrough": Peer(
        codecs=(("opus", 111), ("pcma", 8)),
        events={},
        event=None,
        candidates=("192.0.2.99",),
        opus=OpusWishes(),
    ),
    "janus": Peer(
        codecs=(("opus", 111),),
        events={},
        event=None,
        candidates=("203.0.113.70",),
        role=DtlsRole.SERVER,
        bundle="BUNDLE audio",
        mid="audio",
    ),
    "baresip": Peer(
        codecs=(("opus", 96), *G711),
        events={8000: 101},
        event=101,
        candidates=("192.0.2.61",),
        opus=OpusWishes(dtx=True, max_average_bitrate=28000),
        bandwidth=125 * 950 - 16000,
    ),
    "linphone": Peer(
        codecs=(("opus", 96), *G711),
        events={48000: 101, 8000: 100},
        event=101,
        candidates=("2001:db8:9::44",),
    ),
    "pjsip": Peer(
        codecs=(("opus", 98), ("g722", 9), ("pcma", 8), ("pcmu", 0)),
        events={48000: 120, 8000: 121},
        event=120,
        candidates=("192.0.2.53",),
        protocol="UDP/TLS/RTP/SAVP",
        bandwidth=96000,
    ),
    "aiortc": Peer(
        codecs=(("opus", 96), ("g722", 9), *G711),
        events={},
        event=None,
        candidates=("192.0.2.12",),
        bundle="BUNDLE 0",
        mid="0",
        opus=OpusWishes(),
        fingerprints=3,
    ),
}


def check(peer: Peer, agreed: NegotiatedMedia) -> None:
    """Compare all that does not depend on who offers."""
    sends = [(each.encoding, each.payload_type) for each in agreed.sends]
    assert tuple(each for each in sends if each[0] != "telephone-event") == peer.codecs
    events = [each for each in agreed.sends if each.encoding == "telephone-event"]
    assert {each.clock_rate: each.payload_type for each in events} == peer.events
    event = agreed.telephone_event
    assert (None if event is None else event.payload_type) == peer.event
    assert tuple(each.address for each in agreed.transport.remote.candidates) == peer.candidates
    assert agreed.direction is peer.direction
    assert agreed.transport.remote.lite is peer.lite
    assert agreed.opus == peer.opus
    assert (agreed.ptime, agreed.bandwidth) == (peer.ptime, peer.bandwidth)
    assert len(agreed.transport.fingerprints) == peer.fingerprints


@pytest.mark.parametrize("name", OFFERS)
def test_an_offer_is_answered_in_its_own_manner(name: str) -> None:
    peer = OFFERS[name]
    text, agreed = answering(negotiation(), PEERS[name])
    check(peer, agreed)
    assert agreed.transport.dtls_role is peer.role
    assert agreed.transport.controlling is peer.lite
    media = audio_of(text)
    assert media.protocol == peer.protocol
    assert media.value("mid") == peer.mid
    assert read(text).value("group") == peer.bundle
    assert media.value("setup") == {"client": "active", "server": "passive"}[peer.role]
    assert media.has("rtcp-mux")
    assert not media.has("rtcp-mux-only"), "RFC 8858 §4.3"
    numbers = {each.payload_type: each.encoding for each in agreed.receives}
    listed = {int(number): numbers[int(number)] for number in media.formats}
    offered = {number: encoding for encoding, number in peer.codecs}
    assert listed == offered | dict.fromkeys(peer.events.values(), "telephone-event")


@pytest.mark.parametrize("name", OFFERS)
def test_the_same_as_an_answer(name: str) -> None:
    """Only `setup` is put right: an answer says `active` or `passive`."""
    _, agreed = offering(negotiation(), PEERS[name].replace("a=setup:actpass", "a=setup:passive"))
    check(OFFERS[name], agreed)
    assert agreed.transport.dtls_role is OFFERS[name].role
    assert agreed.transport.controlling


def test_the_answer_of_chromium_to_our_offer() -> None:
    offer, agreed = offering(negotiation(), PEERS["chromium_answer"])
    assert audio_of(offer).formats == audio_of(PEERS["chromium_answer"]).formats
    assert agreed.codec.payload_type == 111
    assert agreed.transport.dtls_role is DtlsRole.SERVER
    event = agreed.telephone_event
    assert event is not None
    assert (event.payload_type, event.clock_rate) == (110, 48000)


def test_red_and_comfort_noise_of_chromium_are_used_if_we_want_them() -> None:
    us = Negotiation(1, Preferences(red=True, comfort_noise=True))
    text, agreed = answering(us, PEERS["chromium_audio_video"])
    assert audio_of(text).formats == ("111", "9", "0", "8", "63", "13", "110", "126")
    assert "63 111/111" in audio_of(text).values("fmtp")
    assert agreed.red is not None
    assert agreed.red.payload_type == 63
    assert agreed.comfort_noise is None, "Opus has its own"


def test_comfort_noise_goes_with_the_codecs_of_its_clock() -> None:
    us = Negotiation(1, Preferences(codecs=("pcmu", "pcma"), comfort_noise=True, red=True))
    _, agreed = answering(us, PEERS["chromium_audio_video"])
    assert agreed.comfort_noise is not None
    assert agreed.comfort_noise.payload_type == 13
    assert agreed.red is None
    assert agreed.opus is None


@pytest.mark.parametrize("fmtp", ["a=fmtp:63 0/0", "a=fmtp:63 111/0", "a=x"])
def test_red_for_anything_but_opus_is_left_alone(fmtp: str) -> None:
    us = Negotiation(1, Preferences(red=True))
    text = PEERS["chromium_audio_video"].replace("a=fmtp:63 111/111", fmtp)
    _, agreed = answering(us, text)
    assert agreed.red is None


def test_our_offer_in_full() -> None:
    text = negotiation().create_offer(local(), Direction.SENDRECV)
    assert text.splitlines() == [
        "v=0",
        "o=- 10 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "m=audio 40000 UDP/TLS/RTP/SAVPF 111 9 0 8 110 101",
        "c=IN IP4 192.0.2.10",
        "a=mid:0",
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=sendrecv",
        "a=rtpmap:111 opus/48000/2",
        "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=rtpmap:9 G722/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:110 telephone-event/48000",
        "a=fmtp:110 0-15",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=ptime:20",
        "a=maxptime:120",
        "a=rtcp-xr:voip-metrics",
        "a=rtcp-mux",
        "a=rtcp-mux-only",
        "a=ice-ufrag:ours",
        "a=ice-pwd:ours-password-of-22-or-more",
        f"a=fingerprint:{local().fingerprint}",
        "a=setup:actpass",
        "a=candidate:1 1 UDP 2130706431 192.0.2.10 40000 typ host",
        "a=end-of-candidates",
    ]
