"""Session descriptions as values, for any kind of media (RFC 8866 §5).

Only what offer/answer needs is parsed. Attributes keep their order and may repeat; their names
are in lower case, since some peers write `a=SendRecv`.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """A line kept verbatim: `b=AS:64` has the type `b` and the value `AS:64`."""

    type: str
    """One lower-case letter, possibly one that no RFC defines."""
    value: str


@dataclass(frozen=True, slots=True)
class Origin:
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
class Connection:
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
    connection: Connection | None = None
    """None if the session's applies."""
    others: tuple[Line, ...] = ()
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDescription(_Attributed):
    """A whole session description."""

    origin: Origin | None
    """None if the line is missing or invalid."""
    name: str = "-"
    connection: Connection | None = None
    others: tuple[Line, ...] = ()
    """Lines of the session besides v, o, s, c, a and m."""
    attributes: tuple[Attribute, ...] = ()
    media: tuple[MediaDescription, ...] = ()
