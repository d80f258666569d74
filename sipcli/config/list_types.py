"""Types of settings with several values: HTTP headers, codecs, and what lists have in common."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final, TypeVar

from sipcli.catalog.codecs import CODECS
from sipcli.config.format import HIDDEN
from sipcli.config.types import Kind, T, Unacceptable, clean, string

V = TypeVar("V")

NONE: Final = "none"
"""The word for the empty list in options and in the environment."""

MAX_ELEMENTS: Final = 64
"""Elements in one list. Real lists are far shorter, and each server costs an attempt."""

_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")
_HANDSHAKE: Final = ("connection", "content-length", "host", "transfer-encoding", "upgrade")


def elements(values: Iterable[V], read: Callable[[V], T]) -> tuple[T, ...]:
    """Read each element; `Unacceptable.at` says which one is wrong."""
    items: list[T] = []
    for index, value in enumerate(values):
        if index >= MAX_ELEMENTS:
            raise Unacceptable(f"there are more than {MAX_ELEMENTS}")
        try:
            items.append(read(value))
        except Unacceptable as fault:
            fault.at = (index, *fault.at)
            raise
    return tuple(items)


def words_or_none(words: Sequence[str], read: Callable[[str], T]) -> tuple[T, ...]:
    """Read each word; a single `none` is the empty list."""
    if list(words) == [NONE]:
        return ()
    if NONE in words:
        raise Unacceptable("none cannot be combined with other values")
    return elements(words, read)


def fields(value: object, known: Sequence[str], accepts: str) -> dict[str, object]:
    """Return an inline table after checking that it has only `known` keys."""
    if not isinstance(value, dict):
        raise Unacceptable(accepts=accepts)
    for name in value:
        if name not in known:
            fault = Unacceptable("unknown key", accepts=", ".join(known), at=(name,))
            fault.shown = ""
            raise fault
    return value


def one_or_more(value: object, read: Callable[[object], T]) -> tuple[T, ...]:
    """Read a list of elements, or a single element."""
    return elements(value, read) if isinstance(value, list) else (read(value),)


def part(name: str, accepts: str, read: Callable[[], T]) -> T:
    """Read the part called `name`; an error names it, and says what it accepts."""
    try:
        return read()
    except Unacceptable as fault:
        fault.at = (name, *fault.at)
        fault.accepts = fault.accepts or accepts
        raise


def headers() -> Kind[tuple[tuple[str, str], ...]]:
    """Return the kind of `ws_headers`: a table in the file, `Name: value` lines elsewhere."""

    def from_word(word: str) -> tuple[str, str]:
        name, colon, value = word.partition(":")
        if not colon:
            raise Unacceptable("it has no colon")
        return _header_name(name.strip()), clean(value.strip())

    def contents(content: object) -> tuple[str, ...]:
        return one_or_more(content, lambda item: clean(string(item)))

    def from_toml(value: object) -> tuple[tuple[str, str], ...]:
        if not isinstance(value, dict):
            raise Unacceptable(accepts='a table such as { X-Tenant = "blue" }')
        pairs: list[tuple[str, str]] = []
        for name, content in value.items():
            part(name, "another header", partial(_header_name, name))
            texts = part(name, "a string or a list of strings", partial(contents, content))
            pairs += [(name, text) for text in texts]
        return tuple(pairs)

    return Kind(
        accepts="'Name: value' (in the file: a table of names and values)",
        metavar="'NAME: VALUE'",
        from_toml=from_toml,
        from_words=lambda words: words_or_none(words, from_word),
        plain=lambda pairs: {name: HIDDEN for name, _ in pairs},
        split=str.splitlines,
        many=True,
    )


def _header_name(name: str) -> str:
    if not _HEADER_NAME.fullmatch(name):
        raise Unacceptable("its name is not an HTTP header name")
    lower = name.lower()
    if lower in _HANDSHAKE or lower.startswith("sec-websocket-"):
        raise Unacceptable("the handshake sets this header")
    if lower == "origin":
        raise Unacceptable("set this header with the key origin")
    return name


def codecs() -> Kind[tuple[str, ...]]:
    """Return the kind of `codecs`: names in order of preference."""
    accepts = "one or more of " + ", ".join(CODECS) + ", each once"

    def read(name: str) -> str:
        if name.lower() not in CODECS:
            raise Unacceptable(accepts="one of " + ", ".join(CODECS))
        return name.lower()

    def checked(names: tuple[str, ...]) -> tuple[str, ...]:
        if not names or len(set(names)) < len(names):
            raise Unacceptable(accepts=accepts)
        return names

    return Kind(
        accepts=accepts,
        metavar="NAME",
        from_toml=lambda value: checked(one_or_more(value, lambda item: read(string(item)))),
        from_words=lambda words: checked(
            tuple(read(name) for word in words for name in word.replace(",", " ").split())
        ),
        plain=list,
        split=str.split,
        many=True,
    )
