"""Parse messages from bytes and encode them (RFC 3261 §7, §18.3; RFC 7118 §5).

A WebSocket message holds exactly one SIP message, so its end is the end of the body, and
Content-Length may be missing. `parse` never raises: it returns the faults that it found and
whatever could be parsed, so that a request can be answered.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sipcli.sip.grammar import BLANKS, TOKEN, TOKEN_CHARS, Malformed, integer
from sipcli.sip.header_values import MAX_DELTA_SECONDS
from sipcli.sip.headers import Headers
from sipcli.sip.message import Fault, Layer, Message, Request, Response
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

# The start line of nearly all requests, with a well-formed Request-URI, matched in one step.
_USUAL_REQUEST_LINE: Final = re.compile(rf"([{TOKEN_CHARS}]++) ({COMMON_URI}) (SIP/2\.0)")
_REQUEST_LINE: Final = re.compile(
    rf"([{TOKEN_CHARS}]++) ([^ ]++) (SIP/[0-9]+\.[0-9]+)", re.IGNORECASE
)
_STATUS_LINE: Final = re.compile(
    r"(SIP/[0-9]+\.[0-9]+) ([1-6][0-9]{2})(?: (.*))?", re.IGNORECASE | re.DOTALL
)
_BLANKS_IN_STATUS_LINE: Final = re.compile(
    r"(SIP/[0-9]+\.[0-9]+)[ \t]++([1-6][0-9]{2})(?:[ \t]++(.*))?", re.IGNORECASE | re.DOTALL
)
"""A status line with wrong spaces: its meaning is clear."""
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")
# One pass for what is always needed: an empty match for each folded line, and the value of each
# Content-Length. (Looking one character ahead saves a quarter of the time.)
_FOLD_OR_LENGTH: Final = re.compile(
    r"\r\n(?=[ \tcl])(?:[ \t]|(?:content-length|l)[ \t]*+:([^\r]*+(?>(?:\r(?!\n)[^\r]*+)*)))",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on the size of a received message."""

    message_size: int = 65536
    """Bytes. A WebRTC INVITE takes 2 to 8 kB; 64 KiB is what UDP would carry (RFC 3261 §18.1.1)."""
    via_count: int = 100
    """Via elements: more than the hops that Max-Forwards allows."""


_CR: Final = ord("\r")
_PADDING: Final = b"\r\n\t \0"
"""Bytes that may follow a body without being a fault: they mean nothing."""

LIMITS: Final = Limits()
"""The default limits."""

UNTERMINATED: Final = Fault(
    Layer.FRAMING, None, None, "No Blank Line After The Header", is_tolerable=True
)
"""The header section does not end as RFC 3261 §7 requires, but the frame ends there."""
BARE_LF: Final = Fault(
    Layer.FRAMING, None, None, "Lines End With LF Instead Of CRLF", is_tolerable=True
)
"""Against RFC 3261 §7, but the end of the header section is clear."""
LEFT_OVER: Final = Fault(
    Layer.FRAMING, "Content-Length", None, "More Bytes Than Content-Length Says", is_tolerable=True
)
"""They are dropped, as RFC 3261 §18.3 requires."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The result of parsing some bytes."""

    message: Request | Response | None
    """None if it is neither a request nor a response."""
    faults: tuple[Fault, ...] = ()
    """Faults in framing and start line; `validate.check` finds the others, too."""


def parse(data: bytes, limits: Limits = LIMITS) -> Parsed:
    """Parse a message. Never raises; header fields are parsed when they are used."""
    faults: list[Fault] = []
    if data[:1] in b"\r\n":
        data = data.lstrip(b"\r\n")  # RFC 3261 §7.5
    is_whole = len(data) <= limits.message_size
    if not is_whole:
        data = data[: limits.message_size]
        faults.append(Fault(Layer.FRAMING, None, None, "Message Too Large", 513))
    first = data.find(b"\n")
    if first > 0 and data[first - 1] != _CR:
        data = _with_crlf(data)
        faults.append(BARE_LF)
    head, end, body = data.partition(b"\r\n\r\n")
    text = head.decode("utf-8", "surrogateescape")
    if not end:
        text = _unterminated(text, is_whole, faults)
    start, _, fields = text.partition("\r\n")
    lengths = _FOLD_OR_LENGTH.findall(text)
    is_folded = "" in lengths
    if is_folded and fields[:1] in (" ", "\t"):
        faults.append(Fault(Layer.START_LINE, None, None, "Folded Start Line"))
    headers = Headers.from_wire(fields, is_folded)
    if not is_whole:
        body = b""
    elif lengths:
        body = _framed(headers.all("Content-Length") if is_folded else lengths, body, faults)
    return Parsed(_message(start, headers, body, faults), tuple(faults))


def _with_crlf(data: bytes) -> bytes:
    """Return `data` with CRLF at the end of each header line; the body is unchanged."""
    found = _BLANK_LINE.search(data)
    end = len(data) if found is None else found.end()
    return data[:end].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + data[end:]


def _unterminated(text: str, is_whole: bool, faults: list[Fault]) -> str:
    """Return a header section that no blank line ends, without its cut-off end."""
    if not is_whole:
        return text.rpartition("\r\n")[0] or text  # a line that was cut off would be misleading
    faults.append(UNTERMINATED)
    return text.removesuffix("\r\n")


def _framed(lengths: Sequence[str], body: bytes, faults: list[Fault]) -> bytes:
    """Return the part of `body` that Content-Length covers (RFC 3261 §18.3)."""
    if not lengths:
        return body
    if len(lengths) > 1:
        reason = "More Than One Content-Length"
    else:
        try:
            length = integer(lengths[0].strip(BLANKS), 0, MAX_DELTA_SECONDS, "")
        except Malformed:
            reason = "Malformed Content-Length"
        else:
            if length <= len(body):
                if body[length:].strip(_PADDING):
                    faults.append(LEFT_OVER)
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
        if start[:3].upper() == "SIP" and not start[3:4].isalpha():
            return _response(start, headers, body, faults)
        words = _request_line(start, faults)
        if words is None:
            # With a Via it may be a response to our request: its transaction can be found.
            is_answer = "Via" in headers
            return _unreadable(headers, body, faults) if is_answer else None
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
    """Return method, Request-URI and version, adding their faults; None if it is no request."""
    found = _REQUEST_LINE.fullmatch(start)
    if found is None:
        faults.append(Fault(Layer.START_LINE, None, None, "Malformed Request-Line"))
        # Three words, the first a method, can still be answered; all else is garbage.
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
        found = _BLANKS_IN_STATUS_LINE.fullmatch(start)
        is_clear = found is not None
        faults.append(
            Fault(Layer.START_LINE, None, None, "Malformed Status-Line", is_tolerable=is_clear)
        )
    if found is None:
        return _unreadable(headers, body, faults)
    return Response(
        status=int(found[2]),
        reason=(found[3] or "").strip(BLANKS),
        version=found[1],
        headers=headers,
        body=body,
        faults=tuple(faults),
    )


def _unreadable(headers: Headers, body: bytes, faults: list[Fault]) -> Response:
    """Return a response with an unknown status."""
    return Response(status=0, reason="", headers=headers, body=body, faults=tuple(faults))


def encode(message: Request | Response) -> bytes:
    """Serialize a message, with exactly one correct Content-Length; raises `Malformed`.

    Header lines that were parsed are written byte for byte. The start line may not contain CR or
    LF.
    """
    if isinstance(message, Request):
        start = f"{message.method} {message.target} {message.version}"
    else:
        start = f"{message.version} {message.status} {message.reason}"
    if "\r" in start or "\n" in start:
        raise Malformed("CR and LF cannot stand in a start line")
    headers = message.headers
    size = len(message.body)
    if len(headers.all("Content-Length")) == 1 and message.content_length == size:
        head = "\r\n".join((start, *headers.lines, "", ""))
    else:
        lines = headers.without("Content-Length").lines
        head = "\r\n".join((start, *lines, f"Content-Length: {size}", "", ""))
    try:
        return head.encode("utf-8", "surrogateescape") + message.body
    except UnicodeEncodeError as error:
        raise Malformed("the message holds what is not Unicode text", error.start) from None
