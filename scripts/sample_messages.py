"""The SIP messages of the sample report."""

from sipcli.evidence.ladder_words import MessageKind
from sipcli.evidence.report_content import ReportedLadder, ReportedMessage

US, SERVER = "sipcli", "sip.example.com"
OFFER = "offer: audio Opus G722 PCMU PCMA, sendrecv, DTLS-SRTP actpass, candidates: host 1, srflx 1"
ANSWER = "answer: audio Opus, sendrecv, DTLS-SRTP passive, candidates: host 1, srflx 1"
ROUTE = "SIP/2.0/WSS 7bq1xk.invalid;branch=z9hG4bKb3d0"


_KINDS = {
    "1": MessageKind.PROVISIONAL,
    "2": MessageKind.SUCCESS,
    "401": MessageKind.CHALLENGE,
    "407": MessageKind.CHALLENGE,
    "4": MessageKind.FAILURE,
}


def _kind(start: str) -> MessageKind:
    status = start.removeprefix("SIP/2.0 ")
    if status == start:
        return MessageKind.REQUEST
    return next(kind for prefix, kind in _KINDS.items() if status.startswith(prefix))


def _message(
    at_ms: float, label: str, start: str, cseq: str, *more: str, note: str = ""
) -> ReportedMessage:
    is_ours = not start.startswith("SIP/2.0")
    lines = [
        start,
        f"Via: {ROUTE}",
        "From: <sip:alice@example.com>;tag=91f4c2",
        f"To: <sip:{'alice' if 'REGISTER' in cseq else 'bob'}@example.com>",
        "Call-ID: 3f9c1e07@192.0.2.7",
        f"CSeq: {cseq}",
        *more,
    ]
    if not is_ours:
        label += f" ({cseq.split()[1]})"
    if not note:
        lines += ["Content-Length: 0", ""]
    return ReportedMessage(
        at_ms=at_ms,
        direction="sent" if is_ours else "received",
        sender=US if is_ours else SERVER,
        receiver=SERVER if is_ours else US,
        kind=_kind(start),
        label=label,
        note=note,
        text="\n".join(lines) + "\n",
    )


def _sdp(address: str, port: int, formats: str, setup: str) -> tuple[str, ...]:
    body = (
        "v=0",
        f"o=- 4611731 1 IN IP4 {address}",
        "s=-",
        f"c=IN IP4 {address}",
        "t=0 0",
        f"m=audio {port} UDP/TLS/RTP/SAVPF {formats}",
        "a=mid:0",
        "a=sendrecv",
        "a=rtpmap:96 opus/48000/2",
        "a=rtpmap:126 telephone-event/8000",
        f"a=candidate:1 1 udp 2130706431 {address} {port} typ host",
        f"a=candidate:2 1 udp 1694498815 203.0.113.9 {port} typ srflx",
        "a=ice-ufrag:u7Fe",
        "a=ice-pwd:***",
        f"a=setup:{setup}",
        "a=rtcp-mux",
    )
    length = sum(len(line) + 2 for line in body)
    return ("Content-Type: application/sdp", f"Content-Length: {length}", "", *body)


_INVITE = "INVITE sip:bob@example.com SIP/2.0"
_OFFER_SDP = _sdp("192.0.2.7", 41000, "96 9 0 8 126", "actpass")
_ANSWER_SDP = _sdp("198.51.100.77", 35000, "96 126", "passive")
_CHALLENGE = 'Digest realm="example.com", nonce="Ym9vIQ", algorithm=SHA-256, qop="auth"'
_CREDENTIALS = 'Digest username="alice", realm="example.com", nonce="***", response="***"'

REGISTRATION = ReportedLadder(
    parties=(US, SERVER),
    messages=(
        _message(75.2, "REGISTER", "REGISTER sip:example.com SIP/2.0", "1 REGISTER"),
        _message(
            93.8, "401 Unauthorized", "SIP/2.0 401 Unauthorized", "1 REGISTER",
            f"WWW-Authenticate: {_CHALLENGE}",
        ),
        _message(
            94.6, "REGISTER", "REGISTER sip:example.com SIP/2.0", "2 REGISTER",
            f"Authorization: {_CREDENTIALS}",
        ),
        _message(117.9, "200 OK", "SIP/2.0 200 OK", "2 REGISTER", "Expires: 600"),
    ),
    left_out=0,
)  # fmt: skip

LADDER = ReportedLadder(
    parties=(US, SERVER),
    messages=(
        _message(190.1, "INVITE", _INVITE, "1 INVITE", *_OFFER_SDP, note=OFFER),
        _message(
            212.7, "407 Proxy Authentication Required",
            "SIP/2.0 407 Proxy Authentication Required", "1 INVITE",
            f"Proxy-Authenticate: {_CHALLENGE}",
        ),
        _message(213.0, "ACK", "ACK sip:bob@example.com SIP/2.0", "1 ACK"),
        _message(
            213.9, "INVITE", _INVITE, "2 INVITE", f"Proxy-Authorization: {_CREDENTIALS}",
            *_OFFER_SDP, note="offer: as before",
        ),
        _message(231.4, "100 Trying", "SIP/2.0 100 Trying", "2 INVITE"),
        _message(489.0, "180 Ringing", "SIP/2.0 180 Ringing", "2 INVITE"),
        _message(7290.2, "200 OK", "SIP/2.0 200 OK", "2 INVITE", *_ANSWER_SDP, note=ANSWER),
        _message(7291.5, "ACK", "ACK sip:bob@198.51.100.77:5061 SIP/2.0", "2 ACK"),
        _message(67290.8, "BYE", "BYE sip:bob@198.51.100.77:5061 SIP/2.0", "3 BYE"),
        _message(
            67308.1, "481 Call/Transaction Does Not Exist",
            "SIP/2.0 481 Call/Transaction Does Not Exist", "3 BYE",
        ),
    ),
    left_out=0,
)  # fmt: skip
