"""Bodies made of parts: multipart (RFC 2046 §5.1, RFC 5621) and message/cpim (RFC 3862).

A part is read like the header section and the body of a message; nothing here knows what its
contents mean. Scanning is linear, whatever the boundary.
"""

import binascii
import re
from dataclasses import dataclass
from typing import Final

from sipcli.sip.grammar import BLANKS, Malformed
from sipcli.sip.headers import Headers
from sipcli.sip.lazy import each, optional, text_of
from sipcli.sip.media_type import ContentDisposition, MediaType

CPIM: Final = "message/cpim"
MAX_PARTS: Final = 64
"""Parts of one multipart body; more are malformed."""

_BLANK_LINE: Final = re.compile(rb"\r?\n\r?\n")
_LINE_END: Final = re.compile(rb"\r?\n")
_AFTER_BOUNDARY: Final = re.compile(rb"(--)?[ \t]*+(?:\r?\n|\Z)")
_AS_IT_IS: Final = frozenset({"7bit", "8bit", "binary"})


@dataclass(frozen=True)
class Part:
    """One part: its own header fields, and its body as on the wire."""

    headers: Headers
    body: bytes

    content_type = optional("Content-Type", MediaType.parse)
    """Its media type; None if missing, which means text/plain, or malformed."""
    content_disposition = optional("Content-Disposition", ContentDisposition.parse)
    """How it is meant."""
    content_encoding = each("Content-Encoding", str.lower)
    """Its transfer encoding, in lower case."""
    content_id = text_of("Content-ID")
    """Its name, for references from other parts (RFC 2392)."""
    transfer_encoding = text_of("Content-Transfer-Encoding")
    """How it was made fit for mail; SIP needs none (RFC 5621 §3.2), some gateways write one."""

    @property
    def content(self) -> bytes:
        """The body without its transfer encoding; raises `Malformed`."""
        match (self.transfer_encoding or "binary").strip().lower():
            case name if name in _AS_IT_IS:
                return self.body
            case "base64":
                try:
                    return binascii.a2b_base64(self.body)
                except binascii.Error:
                    raise Malformed("a part is not base64, as it says") from None
            case "quoted-printable":
                return binascii.a2b_qp(self.body)
            case _:
                raise Malformed("a part has an unknown transfer encoding")


def read_parts(body: bytes, kind: MediaType) -> tuple[Part, ...]:
    """The parts of a multipart body of this `kind`, in their order; raises `Malformed`.

    A closing boundary that is missing is the end of the body: the frame tells where that is.
    """
    boundary = (kind.params.get("boundary") or "").rstrip(BLANKS)
    if not boundary:
        raise Malformed("a multipart body has no boundary")
    delimiter = b"--" + boundary.encode("utf-8", "surrogateescape")
    found = _delimiters(body, delimiter)
    if not found:
        raise Malformed("the boundary is not in the multipart body")
    ends = [start for start, _ in found[1:]]
    if len(ends) < len(found):
        ends.append(len(body))
    parts = [_part(body[begin:end]) for (_, begin), end in zip(found, ends, strict=True) if begin]
    return tuple(parts)


def unwrap(body: bytes) -> Part:
    """The content of a message/cpim body, with its MIME header fields; raises `Malformed`.

    What the sender requires beyond that (RFC 3862 §2.6), we do not have.
    """
    found = _BLANK_LINE.search(body)
    if found is None:
        raise Malformed("the CPIM message has no content")
    if "Require" in _headers(body[: found.start()]):
        raise Malformed("the CPIM message requires an extension")
    return _part(body[found.end() :])


def _delimiters(body: bytes, delimiter: bytes) -> list[tuple[int, int]]:
    """Offsets of each boundary (with its line start) and of the part after it.

    The closing boundary comes last, with 0 for its part. Each search continues after the last
    match, so that no byte is read twice, even if the boundary repeats within itself.
    """
    found: list[tuple[int, int]] = []
    at = 0 if body.startswith(delimiter) else body.find(b"\n" + delimiter)
    while at >= 0:
        end = at + len(delimiter) + (body[at : at + 1] == b"\n")
        line = _AFTER_BOUNDARY.match(body, end)
        if line is not None:
            start = at - 1 if at > 0 and body[at - 1 : at] == b"\r" else at
            is_last = line[1] is not None
            found.append((start, 0 if is_last else line.end()))
            if is_last:
                break
            if len(found) > MAX_PARTS:
                raise Malformed("a multipart body has too many parts")
            end = line.end() - 1
        at = body.find(b"\n" + delimiter, end)
    return found


def _part(data: bytes) -> Part:
    blank = _LINE_END.match(data)
    if blank is not None:
        return Part(_headers(b""), data[blank.end() :])
    found = _BLANK_LINE.search(data)
    if found is None:
        return Part(_headers(data), b"")
    return Part(_headers(data[: found.start()]), data[found.end() :])


def _headers(data: bytes) -> Headers:
    text = _LINE_END.sub(b"\r\n", data).decode("utf-8", "surrogateescape")
    return Headers.from_wire(text, is_folded=True)
