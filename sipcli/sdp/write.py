"""Serialize a session description, strictly (RFC 8866 §5, §9)."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from sipcli.sdp.description import (
    UNSPECIFIED,
    Attribute,
    ConnectionData,
    MediaDescription,
    SdpLine,
    SdpOrigin,
    SessionDescription,
)

_BREAK: Final = re.compile(r"[\r\n\0]")
_NO_ORIGIN: Final = SdpOrigin("-", "0", "0", "IN", "IP4", "0.0.0.0")
_BEFORE_CONNECTION: Final = "iuep"
_TIMES: Final = "trz"


def write(description: SessionDescription) -> str:
    """Return the lines in the RFC's order, each ended by CRLF.

    Lines of a type that the RFC does not allow in their place are left out, and required ones are
    added: an origin, a time, an address and a format for each medium. Raises `ValueError` for a
    value that would break its line.
    """
    lines = list(_session(description))
    for media in description.media:
        lines.extend(_media(media, description.connection))
    bad = next((line for line in lines if _BREAK.search(line)), None)
    if bad is not None:
        raise ValueError(f"{bad!r} would be more than one line")
    return "".join(f"{line}\r\n" for line in lines)


def _session(description: SessionDescription) -> Iterator[str]:
    origin = description.origin or _NO_ORIGIN
    yield "v=0"
    yield (
        f"o={origin.username} {origin.session_id} {origin.version}"
        f" {origin.network_type} {origin.address_type} {origin.address}"
    )
    yield f"s={description.name}"
    yield from _kept(description.others, _BEFORE_CONNECTION)
    yield from _connection(description.connection)
    yield from _kept(description.others, "b")
    times = [line for line in description.others if line.type in _TIMES]
    if not any(line.type == "t" for line in times):
        yield "t=0 0"
    # `r=` belongs to the `t=` before it, so these keep their order.
    yield from (f"{line.type}={line.value}" for line in times)
    yield from _kept(description.others, "k")
    yield from _attributes(description.attributes)


def _media(media: MediaDescription, inherited: ConnectionData | None) -> Iterator[str]:
    port = f"{media.port}/{media.port_count}" if media.port_count != 1 else f"{media.port}"
    yield f"m={media.kind} {port} {media.protocol} {' '.join(media.formats or ('0',))}"
    yield from _kept(media.others, "i")
    yield from _connection(media.connection or (None if inherited else UNSPECIFIED))
    yield from _kept(media.others, "bk")
    yield from _attributes(media.attributes)


def _connection(connection: ConnectionData | None) -> Iterator[str]:
    if connection is not None:
        yield f"c={connection.network_type} {connection.address_type} {connection.address}"


def _kept(lines: tuple[SdpLine, ...], types: str) -> Iterator[str]:
    """Yield the lines of these types, in the order of the types."""
    for type_ in types:
        yield from (f"{type_}={line.value}" for line in lines if line.type == type_)


def _attributes(attributes: Iterable[Attribute]) -> Iterator[str]:
    for each in attributes:
        yield f"a={each.name}" if each.value is None else f"a={each.name}:{each.value}"
