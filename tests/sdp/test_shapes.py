"""Every shape that real SIP peers were seen to send, as an offer and as the answer to ours.

What can be used is used, and what WebRTC does not allow is refused with a reason: no shape raises.
"""

from dataclasses import dataclass, field

import pytest

from sipcli.sdp.description import Direction
from sipcli.sdp.negotiated import NegotiatedMedia
from sipcli.sdp.negotiation import NegotiationState
from sipcli.sdp.read import read
from sipcli.sdp.validation import Refused
from tests.sdp.ends import (
    OTHER_DIGEST,
    WEAK_DIGEST,
    answering,
    audio,
    audio_of,
    local,
    negotiation,
    sdp,
)

SAVPF = "m=audio 5000 UDP/TLS/RTP/SAVPF 111 0 101"


@dataclass(frozen=True)
class Shape:
    """A description by its deviation from a usual one."""

    name: str
    plus: tuple[str, ...] = ()
    line: str = SAVPF
    without: tuple[str, ...] = ()
    session: tuple[str, ...] = ()
    others: tuple[tuple[str, ...], ...] = ()
    """Further media after the audio."""

    def text(self, setup: str, end: str = "\r\n") -> str:
        lines = audio(*self.plus, line=self.line, without=self.without, setup=setup)
        media = [lines, *([*other] for other in self.others)]
        return sdp(*media, session=self.session).replace("\r\n", end)


@dataclass(frozen=True)
class Usable(Shape):
    """A shape that makes a call."""

    codec: str = "opus"
    direction: Direction = Direction.SENDRECV
    """As we see it."""
    places: list[int] = field(default_factory=lambda: [1])
    """In our answer: 1 for a medium with a port, 0 for one without."""


@dataclass(frozen=True)
class Unusable(Shape):
    """A shape that makes none."""

    code: int = 399
    says: str = ""


VIDEO = ("m=video 5002 UDP/TLS/RTP/SAVPF 96", "a=rtpmap:96 VP8/90000", "a=mid:v")
ICE = ("a=ice-ufrag", "a=ice-pwd", "a=candidate")
FULL_CANDIDATE = "192.0.2.1 9 typ host"

USABLE = [
    Usable("as usual"),
    Usable("names and a bundle", plus=("a=mid:0",), session=("a=group:BUNDLE 0",)),
    Usable("no mid, no group"),
    Usable("direction of the session", session=("a=sendonly",), direction=Direction.RECVONLY),
    Usable("static numbers alone", line="m=audio 5000 UDP/TLS/RTP/SAVPF 0 8", codec="pcmu"),
    Usable("fmtp without rtpmap", plus=("a=fmtp:18 annexb=no",), line=f"{SAVPF} 18"),
    Usable("RTP/SAVPF", line="m=audio 5000 RTP/SAVPF 111"),
    Usable("RTP/SAVP", line="m=audio 5000 RTP/SAVP 111"),
    Usable("RTP/AVP with a fingerprint", line="m=audio 5000 RTP/AVP 111"),
    Usable("lower-case protocol", line="m=audio 5000 udp/tls/rtp/savpf 111"),
    Usable("port count", line="m=audio 4000/2 UDP/TLS/RTP/SAVPF 111"),
    Usable("port 9", line="m=audio 9 UDP/TLS/RTP/SAVPF 111"),
    Usable("fax beside", others=(("m=image 5004 udptl t38",),), places=[1, 0]),
    Usable("video beside", others=(VIDEO,), places=[1, 0]),
    Usable("refused video beside", others=(("m=video 0 x 31",),), places=[1, 0]),
    Usable(
        "text and MSRP beside",
        others=(("m=text 5006 RTP/AVP 98",), ("m=message 2855 TCP/MSRP *",)),
        places=[1, 0, 0],
    ),
    Usable("a second audio", others=(tuple(audio()),), places=[1, 0]),
    Usable("no setup", without=("a=setup",)),
    Usable("unknown setup", plus=("a=setup:maybe",), without=("a=setup",)),
    Usable("sha-1 and sha-256", plus=(f"a=fingerprint:sha-1 {WEAK_DIGEST}",)),
    Usable(
        "upper-case hash, lower-case digits",
        plus=(f"a=fingerprint:SHA-256 {OTHER_DIGEST.lower()}",),
        without=("a=fingerprint",),
    ),
    Usable("SDES beside DTLS", plus=("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x",)),
    Usable("useinbandfec=yes", plus=("a=fmtp:111 useinbandfec=yes;=;",)),
    Usable("rtpmap without rate", plus=("a=rtpmap:8 PCMA",), line=f"{SAVPF} 8"),
    Usable("rtpmap without name", plus=("a=rtpmap:", "a=rtpmap:97", "a=rtpmap")),
    Usable("extmap with attributes", plus=("a=extmap:1/sendonly urn:x extra words", "a=extmap")),
    Usable("ssrc without value", plus=("a=ssrc:1 cname", "a=ssrc:x", "a=ssrc", "a=msid:")),
    Usable("ICE-lite of the session", session=("a=ice-lite",)),
    Usable("a host name for an address", plus=("a=candidate:2 1 UDP 1 a.example 9 typ host",)),
    Usable("TCP", plus=(f"a=candidate:2 1 TCP 1 {FULL_CANDIDATE} tcptype active",)),
    Usable("component 2", plus=(f"a=candidate:2 2 UDP 1 {FULL_CANDIDATE}",)),
    Usable("broken candidates", plus=("a=candidate:", "a=candidate", "a=candidate:1 1 UDP")),
    Usable("no candidates", without=("a=candidate",)),
    Usable("end of candidates", plus=("a=end-of-candidates",)),
    Usable("no address", without=("c=",)),
    Usable("an address for later", plus=("c=IN IP4 0.0.0.0",), without=("c=",)),
    Usable("bandwidth and unknown lines", plus=("b=AS:64", "k=clear:x", "y=1", "noise")),
    Usable("only telephone events in common besides", line=f"{SAVPF} 13 120"),
]

UNUSABLE = [
    Unusable("no audio", line="m=video 5000 UDP/TLS/RTP/SAVPF 111", code=304, says="no audio"),
    Unusable("port 0", line="m=audio 0 UDP/TLS/RTP/SAVPF 111", code=304, says="port 0"),
    Unusable(
        "plain RTP",
        line="m=audio 5000 RTP/AVP 0",
        without=(*ICE, "a=fingerprint", "a=setup"),
        code=302,
        says="plain RTP",
    ),
    Unusable(
        "SDES",
        line="m=audio 5000 RTP/SAVP 0",
        plus=("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x",),
        without=("a=fingerprint",),
        code=302,
        says="SDES",
    ),
    Unusable("no fingerprint", without=("a=fingerprint",), code=302, says="no DTLS certificate"),
    Unusable(
        "sha-1 only",
        plus=(f"a=fingerprint:sha-1 {WEAK_DIGEST}",),
        without=("a=fingerprint",),
        says="weak",
    ),
    Unusable("no ICE", without=ICE, says="no ICE user name"),
    Unusable("no ICE password", without=("a=ice-pwd",), says="no ICE user name"),
    Unusable("no rtcp-mux", without=("a=rtcp-mux",), says="rtcp-mux"),
    Unusable("holdconn", plus=("a=setup:holdconn",), without=("a=setup",), says="holdconn"),
    Unusable(
        "no common codec",
        line="m=audio 5000 UDP/TLS/RTP/SAVPF 18 3 101",
        code=305,
        says="no common audio codec; the session description has g729, gsm, telephone-event",
    ),
    Unusable(
        "a codec with two channels that we have with one",
        line="m=audio 5000 UDP/TLS/RTP/SAVPF 96",
        plus=("a=rtpmap:96 PCMU/8000/2",),
        code=305,
        says="no common",
    ),
    Unusable("no codec at all", line="m=audio 5000 UDP/TLS/RTP/SAVPF", code=305, says="no common"),
    Unusable("not RTP", line="m=audio 5000 TCP/MRCPv2 1", code=302, says="not carried by RTP"),
]


def named(shape: Shape) -> str:
    return shape.name


@pytest.mark.parametrize("end", ["\r\n", "\n"], ids=["CRLF", "LF"])
@pytest.mark.parametrize("shape", USABLE, ids=named)
def test_an_offer_that_can_be_used_is_answered(shape: Usable, end: str) -> None:
    text, agreed = answering(negotiation(), shape.text("actpass", end))
    assert agreed.codec.encoding == shape.codec
    assert agreed.direction is shape.direction
    answer = read(text)
    offer = read(shape.text("actpass"))
    assert [1 if each.port else 0 for each in answer.media] == shape.places
    for ours, theirs in zip(answer.media, offer.media, strict=True):
        assert (ours.kind, ours.protocol) == (theirs.kind, theirs.protocol)
        assert ours.value("mid") == theirs.value("mid")
        assert ours.port or ours.formats == theirs.formats
    assert answer.value("group") == offer.value("group")
    assert audio_of(text).value("setup") == "active"


@pytest.mark.parametrize("end", ["\r\n", "\n"], ids=["CRLF", "LF"])
@pytest.mark.parametrize("shape", USABLE, ids=named)
def test_an_answer_that_can_be_used_makes_a_call(shape: Usable, end: str) -> None:
    us = negotiation()
    us.create_offer(local(), Direction.SENDRECV)
    agreed = us.receive_answer(shape.text("passive", end))
    assert isinstance(agreed, NegotiatedMedia)
    assert agreed.codec.encoding == shape.codec
    assert agreed.direction is shape.direction
    assert agreed.transport.remote.ufrag == "peer"
    assert us.state is NegotiationState.STABLE


@pytest.mark.parametrize("shape", UNUSABLE, ids=named)
def test_an_offer_that_webrtc_forbids_is_refused_with_the_reason(shape: Unusable) -> None:
    us = negotiation()
    refused = us.receive_offer(shape.text("actpass"))
    assert isinstance(refused, Refused)
    assert (refused.status, refused.warning_code) == (488, shape.code)
    assert shape.says in refused.text
    assert us.state is NegotiationState.STABLE


@pytest.mark.parametrize("shape", UNUSABLE, ids=named)
def test_an_answer_that_webrtc_forbids_ends_the_exchange_with_the_reason(shape: Unusable) -> None:
    us = negotiation()
    us.create_offer(local(), Direction.SENDRECV)
    refused = us.receive_answer(shape.text("active"))
    assert isinstance(refused, Refused)
    assert refused.warning_code == shape.code
    assert shape.says in refused.text
    assert us.state is NegotiationState.STABLE
    assert us.agreed is None


@pytest.mark.parametrize("text", [b"", b"\xff\xfe", "v=9", "m=audio x", b"v=0\0"])
def test_nonsense_is_refused_with_the_line(text: bytes | str) -> None:
    refused = negotiation().receive_offer(text)
    assert isinstance(refused, Refused)
    assert refused.warning_code == 307
    assert refused.text.startswith("the session description cannot be read: ")


def test_a_refusal_is_one_short_printable_line_whatever_the_far_end_wrote() -> None:
    wild = [f"a=rtpmap:{n} {'x' * 30}{n}/8000" for n in range(96, 128)]
    wild += ['a=rtpmap:50 "quote\\"/8000', "a=rtpmap:51 esc\x1b[31m/8000", "a=rtpmap:52 ok/8000"]
    numbers = " ".join(str(n) for n in (*range(50, 53), *range(96, 128)))
    line = f"m=audio 5000 UDP/TLS/RTP/SAVPF {numbers}"
    refused = negotiation().receive_offer(sdp(audio(*wild, line=line, without=["a=rtpmap"])))
    assert refused == Refused(305, "no common audio codec; the session description has ok")
    many = [f"a=rtpmap:{n} codec{n}/8000" for n in range(96, 128)]
    refused = negotiation().receive_offer(sdp(audio(*many, line=line, without=["a=rtpmap"])))
    assert isinstance(refused, Refused)
    assert len(refused.text) < 160


def test_the_first_audio_that_can_be_used_is_taken() -> None:
    plain = audio(line="m=audio 5000 RTP/AVP 0", without=("a=fingerprint", *ICE))
    off = audio(line="m=audio 0 RTP/AVP 0")
    text, _ = answering(negotiation(), sdp(off, plain, audio("a=mid:x"), audio()))
    assert [bool(each.port) for each in read(text).media] == [False, False, True, False]


def test_where_none_can_be_used_the_first_that_is_on_says_why() -> None:
    plain = audio(line="m=audio 5000 RTP/AVP 0", without=("a=fingerprint", *ICE))
    off = audio(line="m=audio 0 RTP/AVP 0")
    refused = negotiation().receive_offer(sdp(off, plain, audio(without=["a=rtcp-mux"])))
    assert isinstance(refused, Refused)
    assert "plain RTP" in refused.text
