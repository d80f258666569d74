"""SIP messages as the journal has them, for tests of ladders."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sipcli.journal.entries import IpPort, SipEntry

ALICE: IpPort = ("127.0.0.1", 40001)
BOB: IpPort = ("127.0.0.1", 40002)
SERVER: IpPort = ("127.0.0.1", 5080)
URI = "ws://127.0.0.1:5080"
BEGAN = 1_800_000_000.0

OFFER = (
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"
    "m=audio 4000 UDP/TLS/RTP/SAVPF 111 9 0 8 110\r\nc=IN IP4 192.0.2.1\r\n"
    "a=rtpmap:111 opus/48000/2\r\na=rtpmap:110 telephone-event/48000\r\n"
    "a=setup:actpass\r\na=fingerprint:sha-256 AA:BB\r\na=ice-ufrag:abcd\r\na=ice-pwd:5ecret\r\n"
    "a=candidate:1 1 udp 2113937151 192.0.2.1 4000 typ host\r\n"
    "a=candidate:2 1 udp 2113937151 192.0.2.2 4000 typ host\r\n"
    "a=candidate:3 1 udp 1677729535 198.51.100.1 4000 typ srflx raddr 0.0.0.0 rport 0\r\n"
    "a=sendrecv\r\n"
)
ANSWER = OFFER.replace("111 9 0 8 110", "111 110").replace("actpass", "active")


@dataclass(slots=True)
class Wire:
    """Records messages between two phones and a server, 10 ms apart, as the server sees them."""

    entries: list[SipEntry] = field(default_factory=list)
    now: float = BEGAN

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def raw(self, data: bytes, source: IpPort = ALICE, target: IpPort = SERVER) -> None:
        """Record bytes."""
        is_sent = source == SERVER
        entry = SipEntry(
            at=self.now,
            direction="sent" if is_sent else "received",
            local=SERVER,
            remote=target if is_sent else source,
            transport="ws",
            server=URI,
            data=data,
        )
        self.entries.append(entry)
        self.now += 0.01

    def put(
        self,
        start: str,
        cseq: str,
        source: IpPort = ALICE,
        target: IpPort = SERVER,
        *,
        more: Iterable[str] = (),
        body: str = "",
        call: str = "call-1",
        tags: tuple[str, str] = ("a1", ""),
        branch: str = "",
        vias: int = 1,
    ) -> None:
        """Record a message: its start line without the version, and its CSeq."""
        is_response = start[:3].isdigit()
        first = f"SIP/2.0 {start}" if is_response else f"{start} SIP/2.0"
        name = {ALICE: "alice", BOB: "bob", SERVER: "proxy"}.get(source, str(source[1]))
        branch = branch or f"z9hG4bK{cseq.replace(' ', '')}"
        kind = ["Content-Type: application/sdp"] if body.startswith("v=0") else []
        lines = [
            first,
            *(f"Via: SIP/2.0/WS {name}{n or ''}.invalid;branch={branch}{n}" for n in range(vias)),
            f"From: <sip:alice@example.com>;tag={tags[0]}",
            "To: <sip:bob@example.com>" + (f";tag={tags[1]}" if tags[1] else ""),
            f"Call-ID: {call}",
            f"CSeq: {cseq}",
            *kind,
            *more,
        ]
        self.raw("\r\n".join([*lines, "", body]).encode(), source, target)
