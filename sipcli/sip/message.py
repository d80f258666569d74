"""Messages: bytes to values and back (RFC 3261 §7, §18.3; RFC 7118 §5).

A WebSocket frame holds exactly one message, so the frame's end is the body's end and
Content-Length may be absent. `parse` never raises: what is wrong becomes a list of faults,
and whatever could be read is there, so that a request can be answered.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from sipcli.sip.faults import Fault, Layer
from sipcli.sip.grammar import BLANKS, TOKEN, Malformed, integer
from sipcli.sip.headers import Headers
from sipcli.sip.timing import LONGEST
from sipcli.sip.typed import Message
from sipcli.sip.uri import Uri, parse_uri

__all__ = [
    "Fault",
    "Headers",
    "Layer",
    "Limits",
    "Message",
    "Parsed",
    "Request",
    "Response",
    "encode",
    "parse",
]

VERSION: Final = "SIP/2.0"

_LINE_END: Final = re.compile(r"\r\n(?![ \t])")
_STATUS_LINE: Final = re.compile(
    r"(SIP/[0-9]+\.[0-9]+) ([1-6][0-9]{2})(?: (.*))?", re.I | re.DOTALL
)
_VERSION: Final = re.compile(r"SIP/[0-9]+\.[0-9]+", re.I)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a peer's message is read."""

    message_size: int = 65536
    """Bytes. A WebRTC INVITE takes 2 to 8 kB; 64 KiB is what UDP would carry (RFC 3261 §18.1.1)."""
    header_count: int = 256
    """Lines. The longest way has some 70 Vias and as many Record-Routes (Max-Forwards is 70)."""
    header_length: int = 8192
    """Characters in a line: room for an Identity token or a certificate chain's URL list."""
    via_count: int = 100
    """Via elements: more than Max-Forwards allows hops."""


LIMITS: Final = Limits()
"""The limits that hold unless others are given."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Request(Message):
    """A request (RFC 3261 §7.1)."""

    method: str
    target: str
    """The Request-URI as written."""
    version: str = VERSION

    @property
    def uri(self) -> Uri:
        """The Request-URI; raises `Malformed`."""
        known = self.__dict__.get("_uri")
        if known is None:
            known = self.__dict__["_uri"] = parse_uri(self.target)
        return known

    def replacing(
        self, *, headers: Headers | None = None, body: bytes | None = None, uri: Uri | None = None
    ) -> "Request":
        """This request with other parts."""
        return replace(
            self,
            headers=self.headers if headers is None else headers,
            body=self.body if body is None else body,
            target=self.target if uri is None else str(uri),
        )

    def __repr__(self) -> str:
        # URIs, header values and bodies may hold secrets.
        return f"<Request {self.method} {self.headers!r} {len(self.body)} bytes>"


@dataclass(frozen=True, kw_only=True, repr=False)
class Response(Message):
    """A response (RFC 3261 §7.2)."""

    status: int
    """100 to 699; 0 if it could not be read."""
    reason: str
    """For a person; from the peer, so control characters are possible."""
    version: str = VERSION

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.headers!r} {len(self.body)} bytes>"


@dataclass(frozen=True, slots=True)
class Parsed:
    """What became of some bytes."""

    message: Request | Response | None
    """None if not even the kind of message could be told."""
    faults: tuple[Fault, ...] = ()
    """Faults of framing and start line; `validate.check` finds the others too."""


def parse(data: bytes, limits: Limits = LIMITS) -> Parsed:
    """Read one message. Never raises; header fields are looked at only when they are asked for."""
    faults: list[Fault] = []
    if data[:1] in b"\r\n":
        data = data.lstrip(b"\r\n")  # RFC 3261 §7.5
    is_whole = len(data) <= limits.message_size
    if not is_whole:
        data = data[: limits.message_size]
        faults.append(Fault(Layer.FRAMING, None, None, "Message Too Large", 513))
    head, end, body = data.partition(b"\r\n\r\n")
    text = head.decode("utf-8", "surrogateescape")
    if not end:
        text = text.removesuffix("\r\n")
        faults.append(Fault(Layer.FRAMING, None, None, "No Blank Line After The Header"))
    if "\r\n " in text or "\r\n\t" in text:
        start, *lines = _LINE_END.split(text)
    else:
        start, *lines = text.split("\r\n")
    if len(lines) > limits.header_count:
        del lines[limits.header_count :]
        faults.append(Fault(Layer.FRAMING, None, None, "Too Many Header Fields", 513))
    if lines and len(max(lines, key=len)) > limits.header_length:
        faults.append(Fault(Layer.FRAMING, None, None, "Header Field Too Long", 513))
    headers = Headers.from_lines(lines)
    body = _framed(headers, body, faults) if is_whole else b""
    message = _message(start, headers, body, faults)
    return Parsed(message, tuple(faults))


def _framed(headers: Headers, body: bytes, faults: list[Fault]) -> bytes:
    """The part of `body` that Content-Length covers (RFC 3261 §18.3)."""
    values = headers.all("Content-Length")
    if not values:
        return body
    reason = ""
    if len(values) > 1:
        reason = "More Than One Content-Length"
    else:
        try:
            length = integer(values[0], 0, LONGEST, "")
        except Malformed:
            reason = "Malformed Content-Length"
        else:
            if length <= len(body):
                return body[:length]
            reason = "Content-Length Is Greater Than The Body"
    faults.append(Fault(Layer.FRAMING, "Content-Length", None, reason))
    return body


def _message(
    start: str, headers: Headers, body: bytes, faults: list[Fault]
) -> Request | Response | None:
    if start[:4].upper() == "SIP/":
        return _response(start, headers, body, faults)
    words = start.split(" ")
    if len(words) != 3 or not _VERSION.fullmatch(words[2]):
        faults.append(Fault(Layer.START_LINE, None, None, "Malformed Request-Line"))
        words = start.split()
        if len(words) < 3:
            return None
        words = [words[0], " ".join(words[1:-1]), words[-1]]
    method, target, version = words
    if TOKEN.fullmatch(method) is None:
        faults.append(Fault(Layer.START_LINE, None, 0, "Malformed Method In Request-Line"))
        return None
    try:
        parse_uri(target)
    except Malformed as fault:
        offset = len(method) + 1 + fault.offset
        faults.append(Fault(Layer.START_LINE, None, offset, "Malformed Request-URI"))
    return Request(
        method=method,
        target=target,
        version=version,
        headers=headers,
        body=body,
        faults=tuple(faults),
    )


def _response(start: str, headers: Headers, body: bytes, faults: list[Fault]) -> Response:
    found = _STATUS_LINE.fullmatch(start)
    if found is None:
        faults.append(Fault(Layer.START_LINE, None, None, "Malformed Status-Line"))
        return Response(status=0, reason="", headers=headers, body=body, faults=tuple(faults))
    return Response(
        status=int(found[2]),
        reason=(found[3] or "").strip(BLANKS),
        version=found[1],
        headers=headers,
        body=body,
        faults=tuple(faults),
    )


def encode(message: Request | Response) -> bytes:
    """Write a message, with exactly one right Content-Length; raises `Malformed`.

    Header lines that were parsed go out byte for byte. CR and LF are refused in the start line.
    """
    if isinstance(message, Request):
        start = f"{message.method} {message.target} {message.version}"
    else:
        start = f"{message.version} {message.status} {message.reason}"
    if "\r" in start or "\n" in start:
        raise Malformed("CR and LF cannot stand in a start line")
    size = str(len(message.body))
    headers = message.headers
    lengths = headers.all("Content-Length")
    if len(lengths) != 1 or lengths[0] != size:
        headers = headers.without("Content-Length").appended("Content-Length", size)
    head = "\r\n".join((start, *headers.lines, "", ""))
    return head.encode("utf-8", "surrogateescape") + message.body
