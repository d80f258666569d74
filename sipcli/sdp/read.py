"""Parse a session description, leniently (RFC 8866 §5, §9).

Lines may end in CRLF, LF or CR, come in any order within their section, be missing or unknown.
Only text that leaves the number or the kinds of media open is rejected.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from sipcli.sdp.description import (
    Attribute,
    ConnectionData,
    MediaDescription,
    SdpLine,
    SdpOrigin,
    SessionDescription,
)

MAX_LENGTH: Final = 65_536
"""Bytes (characters, if given text). Browsers with a dozen videos stay under 20,000."""
MAX_LINES: Final = 2_000
MAX_MEDIA: Final = 64

_END_OF_LINE: Final = re.compile(r"\r\n|\r|\n")
_LINE: Final = re.compile(r"[ \t]*+([A-Za-z])[ \t]*+=(.*+)")
_MEDIA: Final = re.compile(r"[ \t]*+(\S++)[ \t]++([0-9]{1,5})(?:/([0-9]{1,5}))?[ \t]++(\S++)(.*+)")
_MAX_PORT: Final = 65_535


class BadDescription(ValueError):  # noqa: N818 - a fact about the peer's text, as in the RFC's prose
    """The text is not a session description, or exceeds a limit."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason if line is None else f"line {line}: {reason}")
        self.reason = reason
        self.line = line
        """Line number, from 1; None if the fault is not in one line."""


@dataclass(slots=True)
class _Section:
    """The lines of the session, or of one medium, read so far."""

    connection: ConnectionData | None = None
    others: list[SdpLine] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)

    def add(self, type_: str, value: str) -> None:
        """Add a line."""
        if type_ == "a":
            name, colon, rest = value.partition(":")
            if name.strip():
                self.attributes.append(
                    Attribute(name.strip().lower(), rest.strip() if colon else None)
                )
        elif type_ == "c":
            # The first of several addresses is enough: ICE has its own (RFC 8866 §5.7).
            self.connection = self.connection or _connection(value)
        else:
            self.others.append(SdpLine(type_, value))


def read(data: bytes | str) -> SessionDescription:
    """Parse a session description. Raises only `BadDescription`."""
    session = section = _Section()
    media: list[tuple[MediaDescription, _Section]] = []
    for number, type_, value in _lines(_text(data)):
        if type_ != "m":
            section.add(type_, value)
        elif len(media) < MAX_MEDIA:
            section = _Section()
            media.append((_media(value, number), section))
        else:
            raise BadDescription(f"more than {MAX_MEDIA} media", number)
    firsts = {line.type: line.value for line in reversed(session.others)}
    return SessionDescription(
        origin=_origin(firsts.get("o", "")),
        name=firsts.get("s") or "-",
        connection=session.connection,
        others=tuple(line for line in session.others if line.type not in "vos"),
        attributes=tuple(session.attributes),
        media=tuple(
            replace(
                head,
                connection=section.connection,
                others=tuple(section.others),
                attributes=tuple(section.attributes),
            )
            for head, section in media
        ),
    )


def _text(data: bytes | str) -> str:
    """Return the text within its limits; invalid UTF-8 is replaced, so that we can echo it."""
    if len(data) > MAX_LENGTH:
        raise BadDescription(f"longer than {MAX_LENGTH} bytes")
    raw = data if isinstance(data, bytes) else data.encode("utf-8", "replace")
    text = raw.decode("utf-8", "replace")
    if "\0" in text:
        raise BadDescription("NUL in the text")
    return text


def _lines(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield number, type and value of each line that has a type; other lines are ignored."""
    lines = _END_OF_LINE.split(text)
    if len(lines) > MAX_LINES:
        raise BadDescription(f"more than {MAX_LINES} lines")
    empty = True
    for number, line in enumerate(lines, 1):
        found = _LINE.match(line)
        if found is None:
            continue
        empty = False
        type_, value = found[1].lower(), found[2].strip()
        if type_ == "v" and value != "0":
            raise BadDescription("the version is not 0", number)
        yield number, type_, value
    if empty:
        raise BadDescription("this is not a session description")


def _media(value: str, number: int) -> MediaDescription:
    found = _MEDIA.match(value)
    if found is None:
        raise BadDescription("m= without media type, port and protocol", number)
    kind, port, count, protocol, formats = found.groups()
    if int(port) > _MAX_PORT:
        raise BadDescription(f"a port above {_MAX_PORT}", number)
    return MediaDescription(
        kind=kind.lower(),
        port=int(port),
        port_count=int(count or 1),
        protocol=protocol,
        formats=tuple(formats.split()),
    )


def _connection(value: str) -> ConnectionData | None:
    # What follows a slash is the scope or number of multicast addresses.
    words = value.partition("/")[0].split()
    return ConnectionData(words[0].upper(), words[1].upper(), words[2]) if len(words) >= 3 else None


def _origin(value: str) -> SdpOrigin | None:
    words = value.split()
    return SdpOrigin(*words[:6]) if len(words) >= 6 else None
