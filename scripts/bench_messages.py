"""How fast messages are read, beside the `sipmessage` package, in one run on one core.

Each round times every case once, so that a busy machine slows all of them alike; the figure
is the median of the rounds. Exit code 0 whatever the figures are: reading them is for people.
"""

import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from itertools import cycle

import sipmessage

from sipcli.sip import parser

ROUNDS = 31
REPEATS = 300
"""Messages in a round: long enough for the clock, short enough to interleave."""

PARSE_GOAL = 5.0
TOUCH_GOAL = 2.5

SDP = b"""v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=msid-semantic: WMS 7f3c5b1e
m=audio 51372 UDP/TLS/RTP/SAVPF 111 9 0 8 110
c=IN IP4 198.51.100.17
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1 1 udp 2122260223 192.0.2.33 51372 typ host generation 0
a=candidate:2 1 udp 1686052607 198.51.100.17 51372 typ srflx raddr 192.0.2.33 rport 51372
a=candidate:3 1 tcp 1518280447 192.0.2.33 9 typ host tcptype active generation 0
a=candidate:4 1 udp 41885439 203.0.113.9 60113 typ relay raddr 198.51.100.17 rport 51372
a=ice-ufrag:Rk3v
a=ice-pwd:cN8vQ2mTz5wLxYb0HdUe4RaS
a=fingerprint:sha-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:11:22:33:44:55:66
a=setup:actpass
a=mid:0
a=sendrecv
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:9 G722/8000
a=rtpmap:110 telephone-event/48000
a=ptime:20
a=ssrc:2231627014 cname:Zx5k1m0q
a=ssrc:2231627014 msid:7f3c5b1e 9d1c
""".replace(b"\n", b"\r\n")

HEAD = b"""INVITE sip:alice@client7.example.com;transport=ws SIP/2.0
Via: SIP/2.0/TCP edge1.example.com:5060;branch=z9hG4bK5f1c.8d2e7a31.0
Via: SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK6a40d3bc;rport=52912;received=192.0.2.33
Record-Route: <sip:edge1.example.com;lr;ftag=q93kd0sl>
Max-Forwards: 69
From: "Bob Baker" <sip:bob@example.com>;tag=q93kd0sl
To: <sip:alice@example.com>
Call-ID: 9f2c1d7be04a4c0c8d5e
CSeq: 3174 INVITE
Contact: <sip:k2v9x0qd@df7jal23ls0d.invalid;transport=ws>;expires=600
Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, INFO, UPDATE, REFER, NOTIFY, PRACK
Supported: outbound, path, gruu, replaces, timer, 100rel
Accept: application/sdp
Accept-Language: en
Session-Expires: 1800
Min-SE: 90
P-Asserted-Identity: <sip:bob@example.com>
P-Early-Media: supported
Date: Tue, 03 Mar 2026 10:15:30 GMT
Subject: Lunch on Thursday
Priority: normal
User-Agent: ExamplePhone 3.1 (WebRTC)
X-Correlation: 7d1e5a40-27aa-4a53-9a35-6ce9f0b1c2d3
Content-Type: application/sdp
Content-Length: %d
""".replace(b"\n", b"\r\n")

INVITE = HEAD % len(SDP) + b"\r\n" + SDP

CALLS = 1000
"""Different calls in turn: more than either side may remember."""
INVITES = cycle(
    [
        INVITE.replace(b"8d2e7a31", b"%08x" % number)
        .replace(b"6a40d3bc", b"%08x" % number)
        .replace(b"q93kd0sl", b"%08x" % number)
        for number in range(CALLS)
    ]
)


def ours_parse() -> object:
    """Parse alone."""
    return parser.parse(next(INVITES))


def ours_touch() -> object:
    """Parse, and read what routing and matching need."""
    read = parser.parse(next(INVITES)).message
    if read is None:
        raise SystemExit("our own INVITE does not parse")
    return (
        [via.host for via in read.vias],
        read.from_.uri,
        read.to.uri,
        read.cseq.number,
        [contact.uri for contact in read.contacts],
        read.content_length,
    )


def theirs_parse() -> object:
    """Parse alone, with sipmessage."""
    return sipmessage.Message.parse(next(INVITES))


def theirs_touch() -> object:
    """The same fields with sipmessage."""
    read = sipmessage.Message.parse(next(INVITES))
    return (
        [via.host for via in read.via],
        read.from_address.uri,
        read.to_address.uri,
        read.cseq.sequence,
        [contact.uri for contact in read.contact],
        read.content_length,
    )


CASES: dict[str, Callable[[], object]] = {
    "parse, sipcli": ours_parse,
    "parse, sipmessage": theirs_parse,
    "touch, sipcli": ours_touch,
    "touch, sipmessage": theirs_touch,
}


def seconds(case: Callable[[], object]) -> float:
    """CPU seconds for one message, averaged over a round."""
    start = time.process_time()
    for _ in range(REPEATS):
        case()
    return (time.process_time() - start) / REPEATS


def main() -> None:
    """Measure and print."""
    rounds: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(ROUNDS):
        for name, case in CASES.items():
            rounds[name].append(seconds(case))
    medians = {name: statistics.median(times) for name, times in rounds.items()}
    out = sys.stdout
    out.write(
        f"WebRTC INVITE of {len(INVITE)} bytes, {HEAD.count(b': ')} header fields; "
        f"Python {sys.version.split()[0]}, sipmessage {version('sipmessage')}\n"
    )
    for name, median in medians.items():
        out.write(f"  {name:<18} {median * 1e6:7.1f} us  {1 / median:9,.0f} messages/s\n")
    for what, goal in (("parse", PARSE_GOAL), ("touch", TOUCH_GOAL)):
        ratio = medians[f"{what}, sipmessage"] / medians[f"{what}, sipcli"]
        out.write(f"  {what}: {ratio:.2f} x as fast as sipmessage (goal {goal})\n")


if __name__ == "__main__":
    main()
