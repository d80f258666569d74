"""Requests of a peer in a test."""

from collections.abc import Iterable

from sipcli.sip import build
from sipcli.sip.message import Request
from sipcli.sip.uri import parse_uri

Fields = Iterable[tuple[str, str]]
ALICE = "sip:alice@example.com"


def ask(
    method: str,
    uri: str = ALICE,
    *more: tuple[str, str],
    branch: str = "z9hG4bKb1",
    cseq: int = 1,
    to: str = f"<{ALICE}>",
    sender: str = "<sip:bob@example.com>;tag=bobs",
    call_id: str = "peer-1",
    body: bytes = b"",
) -> Request:
    """A well-formed request of Bob's to Alice, with `more` header fields."""
    fields = [
        ("Via", f"SIP/2.0/WSS peer.invalid;branch={branch}"),
        ("Max-Forwards", "69"),
        ("To", to),
        ("From", sender),
        ("Call-ID", call_id),
        ("CSeq", f"{cseq} {method}"),
        *more,
    ]
    return build.request(method, parse_uri(uri), fields, body)
