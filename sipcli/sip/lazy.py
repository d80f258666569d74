"""Typed attributes that are parsed from the headers on first access."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Generic, Protocol, TypeVar

from sipcli.sip.address import Address, address_elements
from sipcli.sip.grammar import Malformed, integer
from sipcli.sip.headers import Headers

MAX_ELEMENTS: Final = 4096
"""Elements read of one list: it bounds the work that a peer can cause.

At 16 characters each they fill the largest message that is read. Of longer lists the rest is left
out; Vias and routes as many as that are malformed.
"""

T = TypeVar("T")


class HasHeaders(Protocol):
    """A class that can have lazy attributes; it also needs a `__dict__`."""

    @property
    def headers(self) -> Headers:
        """The header fields they are read from."""


class Lazy(Generic[T]):
    """An attribute computed from the headers on first use.

    The value is kept in the instance's `__dict__`, where Python finds it before this
    descriptor: the second use costs no call. (`functools.cached_property` takes a lock.)
    """

    def __init__(self, read: Callable[[Headers], T]) -> None:
        self._read = read
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, message: HasHeaders, owner: type) -> T:
        value = message.__dict__[self._name] = self._read(message.headers)
        return value


def text_of(name: str) -> Lazy[str | None]:
    """The first field's value as it is; None if there is none."""
    return Lazy(lambda headers: headers.get(name))


def needed(name: str, parse: Callable[[str], T]) -> Lazy[T]:
    """The first field's value; raises `Malformed` if it is absent or wrong."""

    def read(headers: Headers) -> T:
        text = headers.get(name)
        if not text:
            raise Malformed(f"{name} is missing")
        return parse(text)

    return Lazy(read)


def optional(name: str, parse: Callable[[str], T]) -> Lazy[T | None]:
    """The first field's value; None if it is absent or wrong."""

    def read(headers: Headers) -> T | None:
        text = headers.get(name)
        try:
            return None if text is None else parse(text)
        except Malformed:
            return None

    return Lazy(read)


def number(name: str, low: int, high: int) -> Lazy[int | None]:
    """A number from `low` to `high` inclusive; None if it is absent or wrong."""
    return optional(name, lambda text: integer(text, low, high, name))


def each(name: str, parse: Callable[[str], T]) -> Lazy[tuple[T, ...]]:
    """The well-formed elements of a list."""
    return Lazy(lambda headers: _well_formed(headers.values(name), parse))


def each_address(name: str) -> Lazy[tuple[Address, ...]]:
    """The well-formed addresses: a registrar may hold another device's broken Contact."""
    return Lazy(lambda headers: _well_formed(address_elements(headers, name), Address.parse))


def route_set(name: str) -> Lazy[tuple[Address, ...]]:
    """All addresses of a list or none: half a route set would lead astray."""

    def read(headers: Headers) -> tuple[Address, ...]:
        try:
            return _all(address_elements(headers, name), Address.parse)
        except Malformed:
            return ()

    return Lazy(read)


def every(headers: Headers, name: str, parse: Callable[[str], T]) -> tuple[T, ...]:
    """All elements of a list; raises `Malformed` for a wrong one, or for too many."""
    return _all(headers.values(name), parse)


def _all(texts: Sequence[str], parse: Callable[[str], T]) -> tuple[T, ...]:
    if len(texts) > MAX_ELEMENTS:
        raise Malformed("there are too many elements")
    return tuple([parse(text) for text in texts])


def _well_formed(texts: Sequence[str], parse: Callable[[str], T]) -> tuple[T, ...]:
    found: list[T] = []
    for text in texts[:MAX_ELEMENTS]:
        with suppress(Malformed):
            found.append(parse(text))
    return tuple(found)
