"""Session descriptions in short."""

import pytest

from sipcli.evidence.sdp_summary import sdp_summary
from tests.evidence.messages import ANSWER, OFFER

PLAIN = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (OFFER, "audio Opus G722 PCMU PCMA telephone-event, sendrecv, DTLS-SRTP actpass,"
         " candidates: host 2, srflx 1"),
        (ANSWER, "audio Opus telephone-event, sendrecv, DTLS-SRTP active,"
         " candidates: host 2, srflx 1"),
        (f"{PLAIN}m=audio 4000 RTP/AVP 0 8\r\na=sendonly\r\n",
         "audio PCMU PCMA, sendonly (hold), RTP/AVP"),
        (f"{PLAIN}m=audio 4000 RTP/AVP 0\r\na=recvonly\r\n", "audio PCMU, recvonly, RTP/AVP"),
        (f"{PLAIN}a=inactive\r\nm=audio 4000 RTP/AVP 0\r\n",
         "audio PCMU, inactive (hold), RTP/AVP"),
        (f"{PLAIN}m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n",
         "audio PCMU, sendrecv (hold), RTP/AVP"),
        (f"{PLAIN}m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:5ecret\r\n",
         "audio PCMU, sendrecv, SDES-SRTP"),
        (f"{PLAIN}m=audio 4000 RTP/AVP 0\r\nm=video 0 RTP/AVP 96\r\n",
         "audio PCMU, sendrecv, RTP/AVP; video rejected"),
        (f"{PLAIN}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=fingerprint:sha-256 AA\r\n",
         "application webrtc-datachannel, sendrecv, DTLS"),
        (PLAIN, "no media"),
    ],
)  # fmt: skip
def test_what_matters_of_a_session_description(text: str, shown: str) -> None:
    assert str(sdp_summary(text.encode(), "offer")) == f"offer: {shown}"


def test_what_cannot_be_read_says_why() -> None:
    found = sdp_summary(b"m=audio\r\n", None)
    assert str(found) == "SDP: not readable: line 1: m= without media type, port and protocol"


def test_of_very_many_codecs_the_first_are_named() -> None:
    maps = "".join(f"a=rtpmap:{number} codec{number}/8000\r\n" for number in range(96, 127))
    numbers = " ".join(map(str, range(96, 127)))
    (media,) = sdp_summary(f"{PLAIN}m=audio 4 RTP/AVP {numbers}\r\n{maps}".encode(), None).media
    assert media.codecs[0] == "CODEC96"
    assert len(media.codecs) == 13
    assert media.codecs[-1] == "…"
