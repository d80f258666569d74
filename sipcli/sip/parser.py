"""Parse messages from bytes and encode them (RFC 3261 §7, §18.3; RFC 7118 §5).

A WebSocket frame holds exactly one message, so the frame's end is the body's end and
Content-Length may be absent. `parse` never raises: what is wrong becomes a list of faults,
and whatever could be read is there, so that a request can be answered.
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

# What nearly all requests begin with, well-formed Request-URI included, told in one step.
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
"""A status line that is only spaced wrongly: what it says is clear."""
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")
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
    via_count: int = 100
    """Via elements: more than Max-Forwards allows hops."""


_CR: Final = ord("\r")
_PADDING: Final = b"\r\n\t \0"
"""Bytes that may follow a body without being a fault: they carry no meaning."""

LIMITS: Final = Limits()
"""The limits that hold unless others are given."""

UNTERMINATED: Final = Fault(
    Layer.FRAMING, None, None, "No Blank Line After The Header", is_tolerable=True
)
"""The header section does not end as RFC 3261 §7 demands, though the frame does."""
BARE_LF: Final = Fault(
    Layer.FRAMING, None, None, "Lines End With LF Instead Of CRLF", is_tolerable=True
)
"""Against RFC 3261 §7; which of them ends the header section is clear all the same."""
LEFT_OVER: Final = Fault(
    Layer.FRAMING, "Content-Length", None, "More Bytes Than Content-Length Says", is_tolerable=True
)
"""They are left out, as RFC 3261 §18.3 demands."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The result of parsing some bytes."""

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
    """`data` with CRLF, not LF alone, after each line of its header section; the body as it is."""
    found = _BLANK_LINE.search(data)
    end = len(data) if found is None else found.end()
    return data[:end].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + data[end:]


def _unterminated(text: str, is_whole: bool, faults: list[Fault]) -> str:
    """The header section that no blank line ends, without what cannot be read of it."""
    if not is_whole:
        return text.rpartition("\r\n")[0] or text  # a line that was cut off would mislead
    faults.append(UNTERMINATED)
    return text.removesuffix("\r\n")


def _framed(lengths: Sequence[str], body: bytes, faults: list[Fault]) -> bytes:
    """The part of `body` that the values of Content-Length cover (RFC 3261 §18.3)."""
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
            # With a Via it may be an answer to a request of ours: its transaction can be found.
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
    """A response of which the status is not known."""
    return Response(status=0, reason="", headers=headers, body=body, faults=tuple(faults))


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
