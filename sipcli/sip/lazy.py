"""Typed attributes that are parsed from the header fields on first access."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Generic, Protocol, TypeVar

from sipcli.sip.address import Address, address_elements
from sipcli.sip.grammar import Malformed, integer
from sipcli.sip.headers import Headers

MAX_ELEMENTS: Final = 4096
"""Maximum elements read of a list: it limits the work that a peer can cause.

At 16 characters each, they fill the largest message that is read. The rest of a longer list is
ignored, but too many Vias or routes are malformed.
"""

T = TypeVar("T")


class HasHeaders(Protocol):
    """A class that can have lazy attributes; it also needs a `__dict__`."""

    @property
    def headers(self) -> Headers:
        """The header fields that they are parsed from."""


class Lazy(Generic[T]):
    """An attribute that is computed from the header fields on first use.

    The value is stored in the instance's `__dict__`, where Python finds it before this
    descriptor, so the second use costs no call. (`functools.cached_property` takes a lock.)
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
    """Return the first field's value, not parsed; None if there is none."""
    return Lazy(lambda headers: headers.get(name))


def required(name: str, parse: Callable[[str], T]) -> Lazy[T]:
    """Return the first field's value; raises `Malformed` if it is missing or malformed."""

    def read(headers: Headers) -> T:
        text = headers.get(name)
        if not text:
            raise Malformed(f"{name} is missing")
        return parse(text)

    return Lazy(read)


def optional(name: str, parse: Callable[[str], T]) -> Lazy[T | None]:
    """Return the first field's value; None if it is missing or malformed."""

    def read(headers: Headers) -> T | None:
        text = headers.get(name)
        try:
            return None if text is None else parse(text)
        except Malformed:
            return None

    return Lazy(read)


def number(name: str, low: int, high: int) -> Lazy[int | None]:
    """Return a number from `low` to `high` inclusive; None if it is missing or malformed."""
    return optional(name, lambda text: integer(text, low, high, name))


def each(name: str, parse: Callable[[str], T]) -> Lazy[tuple[T, ...]]:
    """Return the well-formed elements of a list."""
    return Lazy(lambda headers: _well_formed(headers.values(name), parse))


def each_address(name: str) -> Lazy[tuple[Address, ...]]:
    """Return the well-formed addresses: a registrar may hold a bad Contact of another device."""
    return Lazy(lambda headers: _well_formed(address_elements(headers, name), Address.parse))


def route_set(name: str) -> Lazy[tuple[Address, ...]]:
    """Return all addresses of a list, or none: half a route set would lead to the wrong place."""

    def read(headers: Headers) -> tuple[Address, ...]:
        try:
            return _all(address_elements(headers, name), Address.parse)
        except Malformed:
            return ()

    return Lazy(read)


def every(headers: Headers, name: str, parse: Callable[[str], T]) -> tuple[T, ...]:
    """Return all elements of a list; raises `Malformed` for a malformed one or too many."""
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
