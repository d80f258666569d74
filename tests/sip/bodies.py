"""Bodies of several parts, and messages around them."""

from sipcli.sip.bodies import (
    SDP,
    Part,
    find_body,
    read_parts,
)
from sipcli.sip.header_values import MediaType
from sipcli.sip.message import Request
from sipcli.sip.parser import parse


def mixed(*parts: str, kind: str = "mixed", boundary: str = "b") -> bytes:
    """A body with these parts, each with its header fields and its blank line."""
    text = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return f"{text}--{boundary}--\r\n".encode()


def part(kind: str, body: str = "x", *fields: str) -> str:
    return "\r\n".join([f"Content-Type: {kind}", *fields, "", body])


def message(body: bytes, kind: str = "multipart/mixed;boundary=b", *fields: str) -> Request:
    head = "\r\n".join(
        [
            "INVITE sip:a@b SIP/2.0",
            "Via: SIP/2.0/WSS c;branch=z9hG4bKd",
            "From: <sip:e@f>;tag=g",
            "To: <sip:a@b>",
            "Call-ID: h",
            "CSeq: 1 INVITE",
            f"Content-Type: {kind}",
            *fields,
            "",
            "",
        ]
    )
    read = parse(head.encode() + body).message
    assert isinstance(read, Request)
    return read


def found(body: bytes, kind: str = "multipart/mixed;boundary=b", *fields: str) -> bytes | None:
    body_found = find_body(message(body, kind, *fields), (SDP,))
    return None if body_found is None else body_found.content


def parts(body: bytes, boundary: str = "b") -> tuple[Part, ...]:
    return read_parts(body, MediaType.parse(f'multipart/mixed;boundary="{boundary}"'))


def nested(depth: int, inner: bytes = mixed(part(SDP, "v=0"))) -> bytes:
    body = inner
    for level in range(depth):
        name = f"n{level}"
        kind = f"multipart/mixed;boundary={'b' if level == 0 else f'n{level - 1}'}"
        head = f"--{name}\r\nContent-Type: {kind}\r\n\r\n".encode()
        body = head + body + f"\r\n--{name}--\r\n".encode()
    return body
