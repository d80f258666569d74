"""Messages: bytes to values and back (RFC 3261 §7, §18.3; RFC 7118 §5).

A WebSocket frame holds exactly one message, so the frame's end is the body's end and
Content-Length may be absent. `parse` never raises: what is wrong becomes a list of faults,
and whatever could be read is there, so that a request can be answered.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sipcli.sip.faults import Fault, Layer
from sipcli.sip.grammar import BLANKS, TOKEN, TOKEN_CHARS, Malformed, integer
from sipcli.sip.headers import Headers
from sipcli.sip.timing import LONGEST
from sipcli.sip.typed import Message, Request, Response
from sipcli.sip.uri import COMMON_URI, parse_uri

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

# What nearly all requests begin with, well-formed Request-URI included, told in one step.
_USUAL_REQUEST_LINE: Final = re.compile(rf"([{TOKEN_CHARS}]++) ({COMMON_URI}) (SIP/2\.0)")
_REQUEST_LINE: Final = re.compile(
    rf"([{TOKEN_CHARS}]++) ([^ ]++) (SIP/[0-9]+\.[0-9]+)", re.IGNORECASE
)
_STATUS_LINE: Final = re.compile(
    r"(SIP/[0-9]+\.[0-9]+) ([1-6][0-9]{2})(?: (.*))?", re.IGNORECASE | re.DOTALL
)
# One pass for what must be known at once: an empty match for each folded line, and the value
# of each Content-Length. (Looking one character ahead saves a quarter of the time.)
_FOLD_OR_LENGTH: Final = re.compile(
    r"\r\n(?=[ \tcl])(?:[ \t]|(?:content-length|l)[ \t]*+:([^\r]*+(?>(?:\r(?!\n)[^\r]*+)*)))",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a peer's message is read."""

    message_size: int = 65536
    """Bytes. A WebRTC INVITE takes 2 to 8 kB; 64 KiB is what UDP would carry (RFC 3261 §18.1.1)."""
    header_count: int = 512
    """Lines. Max-Forwards allows some 70 hops, and each may add a Via and a Record-Route."""
    header_length: int = 8192
    """Characters in a line: room for an Identity token or a certificate chain's URL list."""
    via_count: int = 100
    """Via elements: more than Max-Forwards allows hops."""


LIMITS: Final = Limits()
"""The limits that hold unless others are given."""

UNTERMINATED: Final = Fault(Layer.FRAMING, None, None, "No Blank Line After The Header")
"""The header section does not end as RFC 3261 §7 demands, though the frame does."""


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
        faults.append(UNTERMINATED)
    start, _, fields = text.partition("\r\n")
    lengths = _FOLD_OR_LENGTH.findall(text)
    is_folded = "" in lengths
    if is_folded and fields[:1] in (" ", "\t"):
        faults.append(Fault(Layer.START_LINE, None, None, "Folded Start Line"))
    headers = Headers.from_wire(fields, is_folded)
    # The shortest line takes three characters: most messages need no counting.
    if len(fields) >= min(3 * limits.header_count, limits.header_length):
        headers = _bounded(headers, limits, faults)
    if not is_whole:
        body = b""
    elif lengths:
        body = _framed(headers.all("Content-Length") if is_folded else lengths, body, faults)
    return Parsed(_message(start, headers, body, faults), tuple(faults))


def _bounded(headers: Headers, limits: Limits, faults: list[Fault]) -> Headers:
    """`headers`, cut off after the greatest number of lines."""
    most = limits.header_count
    if len(headers.lines) > most:
        faults.append(Fault(Layer.FRAMING, None, None, "Too Many Header Fields", 513))
        headers = Headers.from_lines(headers.lines[:most])
    if any(len(line) > limits.header_length for line in headers.lines):
        faults.append(Fault(Layer.FRAMING, None, None, "Header Field Too Long", 513))
    return headers


def _framed(lengths: Sequence[str], body: bytes, faults: list[Fault]) -> bytes:
    """The part of `body` that the values of Content-Length cover (RFC 3261 §18.3)."""
    if not lengths:
        return body
    if len(lengths) > 1:
        reason = "More Than One Content-Length"
    else:
        try:
            length = integer(lengths[0].strip(BLANKS), 0, LONGEST, "")
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
    found = _USUAL_REQUEST_LINE.fullmatch(start)
    words: Sequence[str] | None
    if found is not None:
        words = found.groups()
    else:
        start = start.replace("\r", " ").replace("\n", " ")
        if start[:4].upper() == "SIP/":
            return _response(start, headers, body, faults)
        words = _request_line(start, faults)
        if words is None:
            return None
    method, target, version = words
    return Request(
        method=method,
        target=target,
        version=version,
        headers=headers,
        body=body,
        faults=tuple(faults),
    )


def _request_line(start: str, faults: list[Fault]) -> Sequence[str] | None:
    """Method, Request-URI and version, and what is wrong with them; None if it is no request."""
    found = _REQUEST_LINE.fullmatch(start)
    if found is None:
        faults.append(Fault(Layer.START_LINE, None, None, "Malformed Request-Line"))
        # Three words and a method among them can still be answered; all else is garbage.
        method, _, rest = start.partition(" ")
        target, _, version = rest.strip(" ").rpartition(" ")
        target = target.rstrip(" ")
        if not target or TOKEN.fullmatch(method) is None:
            return None
    else:
        method, target, version = found.groups()
    try:
        parse_uri(target)
    except Malformed as fault:
        offset = start.index(target, len(method)) + fault.offset
        faults.append(Fault(Layer.START_LINE, None, offset, "Malformed Request-URI"))
    return method, target, version


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
    headers = message.headers
    size = len(message.body)
    if len(headers.all("Content-Length")) != 1 or message.content_length != size:
        headers = headers.without("Content-Length").appended("Content-Length", str(size))
    head = "\r\n".join((start, *headers.lines, "", ""))
    try:
        return head.encode("utf-8", "surrogateescape") + message.body
    except UnicodeEncodeError as error:
        raise Malformed("the message holds what is not Unicode text", error.start) from None
