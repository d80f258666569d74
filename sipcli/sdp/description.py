"""Session descriptions as values, for any kind of media (RFC 8866 §5).

Only what offer/answer needs is parsed. Attributes keep their order and may repeat; their names
are in lower case, since some peers write `a=SendRecv`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


def number(text: str | None, low: int, high: int) -> int | None:
    """Return the value of a string of ASCII digits if it is within bounds, else None.

    At most eleven digits: all the numbers that we read from SDP fit.
    """
    if text is None or len(text) > 11 or not (text.isascii() and text.isdigit()):
        return None
    value = int(text)
    return value if low <= value <= high else None


class Direction(StrEnum):
    """The direction of a medium as its describer sees it; the values are the attributes' names."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @classmethod
    def of(cls, *, sends: bool, receives: bool) -> "Direction":
        """Return the direction that sends and receives as given."""
        if sends:
            return cls.SENDRECV if receives else cls.SENDONLY
        return cls.RECVONLY if receives else cls.INACTIVE

    @property
    def sends(self) -> bool:
        """True if the describer may send."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        """True if the describer wants to receive."""
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @property
    def reversed(self) -> "Direction":
        """The same direction as the other side sees it."""
        return Direction.of(sends=self.receives, receives=self.sends)

    def within(self, limit: "Direction") -> "Direction":
        """Return the direction that both this and `limit` allow."""
        return Direction.of(
            sends=self.sends and limit.sends, receives=self.receives and limit.receives
        )


@dataclass(frozen=True, slots=True)
class SdpLine:
    """A line kept verbatim: `b=AS:64` has the type `b` and the value `AS:64`."""

    type: str
    """One lower-case letter, possibly one that no RFC defines."""
    value: str


@dataclass(frozen=True, slots=True)
class SdpOrigin:
    """The creator, id and version of the description (`o=`, §5.2)."""

    username: str
    session_id: str
    """Digits, if the sender kept to the RFC."""
    version: str
    """Rises when the description changes; digits, if the sender kept to the RFC."""
    network_type: str
    address_type: str
    address: str


@dataclass(frozen=True, slots=True)
class ConnectionData:
    """Where media is to be sent (`c=`, §5.7)."""

    network_type: str
    """`IN`."""
    address_type: str
    """`IP4` or `IP6`."""
    address: str

    @property
    def is_unspecified(self) -> bool:
        """True for the unspecified address: `0.0.0.0` or `::`."""
        return self.address in ("0.0.0.0", "::")


UNSPECIFIED: Final = ConnectionData("IN", "IP4", "0.0.0.0")
"""The address of a description without one: of refused media, and before ICE has found any."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """An `a=` line (§5.13): `a=mid:0` has the value `0`, `a=sendrecv` none."""

    name: str
    value: str | None = None


class _Attributed:
    """The attributes of a session or a medium."""

    __slots__ = ()
    attributes: tuple[Attribute, ...]

    def values(self, name: str) -> Iterator[str]:
        """Yield the values of all attributes of that name, in order; `""` if without a value."""
        return (each.value or "" for each in self.attributes if each.name == name)

    def value(self, name: str) -> str | None:
        """Return the value of the first attribute of that name; None if there is none."""
        return next(self.values(name), None)

    def has(self, name: str) -> bool:
        """Return True if there is an attribute of that name, with or without a value."""
        return self.value(name) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaDescription(_Attributed):
    """One `m=` line and what follows it (§5.14)."""

    kind: str
    """In lower case: `audio`, `video`, `application`, …"""
    port: int
    """0 means refused or switched off (RFC 3264 §6, §8.2)."""
    port_count: int = 1
    protocol: str
    """As written: an answer repeats it exactly (RFC 8829 §5.3.1)."""
    formats: tuple[str, ...]
    connection: ConnectionData | None = None
    """None if the session's applies."""
    others: tuple[SdpLine, ...] = ()
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDescription(_Attributed):
    """A whole session description."""

    origin: SdpOrigin | None
    """None if the line is missing or invalid."""
    name: str = "-"
    connection: ConnectionData | None = None
    others: tuple[SdpLine, ...] = ()
    """Lines of the session besides v, o, s, c, a and m."""
    attributes: tuple[Attribute, ...] = ()
    media: tuple[MediaDescription, ...] = ()
