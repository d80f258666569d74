"""A session description as values, whatever it describes (RFC 8866 §5).

Only what offer/answer needs is taken apart. Attributes keep their order and may repeat; their
names are in lower case, for peers that write `a=SendRecv`.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is kept as it stands: `b=AS:64` has the type `b` and the value `AS:64`."""

    type: str
    """One lower-case letter; it may be one that no RFC defines."""
    value: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Who made the description and which one it is (`o=`, §5.2)."""

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
        """Whether this is no address at all: `0.0.0.0` or `::`."""
        return self.address in ("0.0.0.0", "::")


@dataclass(frozen=True, slots=True)
class Attribute:
    """An `a=` line (§5.13): `a=mid:0` has the value `0`, `a=sendrecv` none."""

    name: str
    value: str | None = None


class _Attributed:
    """What sessions and media have in common."""

    __slots__ = ()
    attributes: tuple[Attribute, ...]

    def values(self, name: str) -> Iterator[str]:
        """The values of all attributes of that name, in order; `""` for one without a value."""
        return (each.value or "" for each in self.attributes if each.name == name)

    def value(self, name: str) -> str | None:
        """The value of the first attribute of that name; None if there is none."""
        return next(self.values(name), None)

    def has(self, name: str) -> bool:
        """Whether an attribute of that name is there, with a value or without."""
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
    """None where the session's counts."""
    others: tuple[Line, ...] = ()
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDescription(_Attributed):
    """The whole of it."""

    origin: Origin | None
    """None where the line is missing or means nothing."""
    name: str = "-"
    connection: Connection | None = None
    others: tuple[Line, ...] = ()
    """Lines of the session besides v, o, s, c, a and m."""
    attributes: tuple[Attribute, ...] = ()
    media: tuple[MediaDescription, ...] = ()
