"""Bodies: find the one to read in a message, split multiparts, and decode text.

RFC 5621 (bodies in SIP), RFC 3261 §7.4, §20.11 and §20.12, RFC 2046 §5.1 and RFC 2387, message/cpim
(RFC 3862). A part is read like the header section and the body of a message. Scanning is linear,
whatever the boundary.
"""

import binascii
import codecs
import pkgutil
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from encodings import __path__ as _modules
from encodings.aliases import aliases
from typing import Final, TypeAlias

from sipcli.sip.grammar import BLANKS, Malformed
from sipcli.sip.header_values import ContentDisposition, MediaType
from sipcli.sip.headers import Headers
from sipcli.sip.lazy import each, optional, text_of
from sipcli.sip.message import Fault, Layer, Message

SDP: Final = "application/sdp"
MULTIPART: Final = ("multipart/mixed", "multipart/alternative", "multipart/related")
"""Multipart types that are searched for accepted body types."""
CPIM: Final = "message/cpim"
MAX_DEPTH: Final = 5
"""Maximum levels of parts within parts."""
MAX_PARTS: Final = 64
"""Maximum parts of a multipart body; with more it is malformed."""

_BLANK_LINE: Final = re.compile(rb"\r?\n\r?\n")
_LINE_END: Final = re.compile(rb"\r?\n")
_AFTER_BOUNDARY: Final = re.compile(rb"(--)?[ \t]*+(?:\r?\n|\Z)")
_UNENCODED: Final = frozenset({"7bit", "8bit", "binary"})

_NOT_CHARSETS: Final = frozenset(
    {"aliases", "idna", "mbcs", "oem", "punycode", "raw_unicode_escape", "undefined"}
    | {"unicode_escape"}
)
"""Codecs of Python that are not charsets but notations, or platform-specific; some are slow."""
_CHARSETS: Final = (
    frozenset(module.name for module in pkgutil.iter_modules(_modules)) | frozenset(aliases)
) - _NOT_CHARSETS
"""Checked before the look-up, because Python remembers every unknown name forever."""
_AS_BROWSERS_DO: Final = {"iso8859-1": "cp1252"}
"""Text labelled Latin-1 often uses the Windows characters in place of control characters."""


@dataclass(frozen=True)
class Part:
    """One part: its own header fields, and its body as on the wire."""

    headers: Headers
    body: bytes

    content_type = optional("Content-Type", MediaType.parse)
    """Its media type; None if missing, which means text/plain, or malformed."""
    content_disposition = optional("Content-Disposition", ContentDisposition.parse)
    """How it is to be used."""
    content_encoding = each("Content-Encoding", str.lower)
    """Its content encodings, in lower case."""
    content_id = text_of("Content-ID")
    """Its name, for references from other parts (RFC 2392)."""
    transfer_encoding = text_of("Content-Transfer-Encoding")
    """The encoding for mail; SIP needs none (RFC 5621 §3.2), but some gateways use one."""

    @property
    def content(self) -> bytes:
        """The body without its transfer encoding; raises `Malformed`."""
        match (self.transfer_encoding or "binary").strip().lower():
            case name if name in _UNENCODED:
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
    """Return the parts of a multipart body of this `kind`, in order; raises `Malformed`.

    Without a closing boundary the last part ends with the body, whose end the frame gives.
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
    parts = [
        _parse_part(body[begin:end]) for (_, begin), end in zip(found, ends, strict=True) if begin
    ]
    return tuple(parts)


def unwrap(body: bytes) -> Part:
    """Return the content of a message/cpim body, with its MIME header fields; raises `Malformed`.

    Also if the sender requires an extension (RFC 3862 §2.6): we support none.
    """
    found = _BLANK_LINE.search(body)
    if found is None:
        raise Malformed("the CPIM message has no content")
    if "Require" in _parse_headers(body[: found.start()]):
        raise Malformed("the CPIM message requires an extension")
    return _parse_part(body[found.end() :])


def _delimiters(body: bytes, delimiter: bytes) -> list[tuple[int, int]]:
    """Return the offsets of each boundary, line end before it included, and of the part after it.

    The closing boundary comes last, with 0 for its part. Each search continues after the last
    match, so no byte is read twice, even if the boundary repeats within itself.
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


def _parse_part(data: bytes) -> Part:
    blank = _LINE_END.match(data)
    if blank is not None:
        return Part(_parse_headers(b""), data[blank.end() :])
    found = _BLANK_LINE.search(data)
    if found is None:
        return Part(_parse_headers(data), b"")
    return Part(_parse_headers(data[: found.start()]), data[found.end() :])


def _parse_headers(data: bytes) -> Headers:
    text = _LINE_END.sub(b"\r\n", data).decode("utf-8", "surrogateescape")
    return Headers.from_wire(text, is_folded=True)


Entity: TypeAlias = Message | Part
"""Anything with a Content-Type and a body."""


@dataclass(frozen=True, slots=True)
class Body:
    """A body of one of the types that were asked for."""

    kind: MediaType
    content: bytes


def find_body(message: Message, kinds: Collection[str]) -> Body | None:
    """Return the body of one of these `kinds` (`application/sdp`); None if there is none.

    In a multipart body the first part of such a type counts, but in multipart/related the root
    comes before the others.
    """
    return next(find_bodies(message, kinds), None)


def find_bodies(message: Message, kinds: Collection[str]) -> Iterator[Body]:
    """Return all bodies of these `kinds`; of multipart/alternative the one its sender prefers.

    Session descriptions for other purposes (early media, RFC 3959) and malformed parts are left
    out.
    """
    return _found(message, kinds, 0) if message.body else iter(())


def body_fault(message: Message) -> Fault | None:
    """Return why a body cannot be split into its parts; None if it can."""
    kind = message.content_type
    try:
        if message.body and kind is not None and is_plain(message):
            _split(message, kind)
    except Malformed as fault:
        return Fault(Layer.HEADER, "Content-Type", None, f"Malformed Body: {fault.reason}")
    return None


def must_refuse(message: Message, kinds: Collection[str], *, is_strict: bool) -> bool:
    """True if the body contains something that must be understood and is not of these `kinds`.

    That can be the whole body, unless its handling is optional. Of the parts beside the one of
    `kinds`, those with handling=required must be understood; if `is_strict`, also those that do
    not say, as RFC 3261 §20.11 has it. Gateways add locations and ISUP to calls without saying.
    """
    if not message.body or _is_optional(message):
        return False
    parts = _all_parts(message)
    if find_body(message, kinds) is None:
        return not parts or not all(_is_optional(part) for part in parts)
    wanted = ("required", None) if is_strict else ("required",)
    return any(_handling(part) in wanted and not _is_known(part, kinds) for part in parts)


def is_plain(entity: Entity) -> bool:
    """True if no Content-Encoding has to be undone."""
    return all(name.lower() == "identity" for name in entity.content_encoding)


def _found(entity: Entity, kinds: Collection[str], depth: int) -> Iterator[Body]:
    kind = _kind(entity)
    if kind is None or not is_plain(entity):
        return
    if kind.essence in kinds and kind.essence != CPIM:
        meant = entity.content_disposition
        if kind.essence != SDP or meant is None or meant.kind == "session":
            with suppress(Malformed):
                yield Body(kind, _content(entity))
        return
    if kind.essence == CPIM and CPIM not in kinds:
        return
    for part in _children(entity, kind, depth):
        found = list(_found(part, kinds, depth + 1))
        yield from found
        if found and kind.subtype == "alternative":
            return


def _all_parts(entity: Entity, depth: int = 0) -> list[Part]:
    """Return the parts of a multipart body, on all levels; an alternative counts as one part."""
    kind = _kind(entity)
    if kind is None or kind.type != "multipart" or kind.subtype == "alternative":
        return []
    parts: list[Part] = []
    for part in _children(entity, kind, depth):
        parts += _all_parts(part, depth + 1) or [part]
    return parts


def _children(entity: Entity, kind: MediaType, depth: int) -> tuple[Part, ...]:
    """Return the parts in the order in which they are searched; none if they are malformed."""
    try:
        parts = _split(entity, kind) if depth < MAX_DEPTH else ()
    except Malformed:
        return ()
    if kind.subtype == "alternative":
        return parts[::-1]
    if kind.subtype == "related":
        root = kind.params.get("start")
        return tuple(sorted(parts, key=lambda part: root is None or part.content_id != root))
    return parts


def _split(entity: Entity, kind: MediaType) -> tuple[Part, ...]:
    """Return the parts in their own order; raises `Malformed`."""
    if kind.essence == CPIM:
        return (unwrap(_content(entity)),)
    return read_parts(_content(entity), kind) if kind.type == "multipart" else ()


def _kind(entity: Entity) -> MediaType | None:
    kind = entity.content_type
    if kind is None and isinstance(entity, Part) and not entity.headers.get("Content-Type"):
        return MediaType("text", "plain")  # RFC 2046 §5.1
    return kind


def _content(entity: Entity) -> bytes:
    return entity.content if isinstance(entity, Part) else entity.body


def _is_known(part: Part, kinds: Collection[str]) -> bool:
    return next(_found(part, kinds, 0), None) is not None


def _is_optional(entity: Entity) -> bool:
    return _handling(entity) == "optional"


def _handling(entity: Entity) -> str | None:
    meant = entity.content_disposition
    return None if meant is None else meant.handling


def decode_text(body: bytes, charset: str | None) -> str:
    """Return the text of `body`, in UTF-8 if no charset is named.

    Bytes that are not text become U+FFFD. If the charset is unknown, all but ASCII is escaped
    (`\\xe9`), so that nothing is lost or guessed.
    """
    name = _python_name(charset or "utf-8")
    if name is None:
        return body.decode("ascii", "backslashreplace")
    try:
        return body.decode(name, "replace")
    except (LookupError, UnicodeError):  # no text encoding after all, or one without "replace"
        return body.decode("ascii", "backslashreplace")


def _python_name(charset: str) -> str | None:
    plain = charset.strip("\"' ").lower()
    normal = "".join(c if c.isalnum() and c.isascii() else "_" for c in plain)
    if normal not in _CHARSETS:
        return None
    try:
        name = codecs.lookup(normal).name
    except LookupError:
        return None
    return _AS_BROWSERS_DO.get(name, name)
