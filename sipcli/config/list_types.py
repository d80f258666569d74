"""Types of settings with several values: servers, headers, codecs."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final, TypeVar

from sipcli.catalog.codecs import CODECS
from sipcli.config.addresses import stun_uri, turn_uri, ws_uri
from sipcli.config.format import HIDDEN, wrong_value
from sipcli.config.settings import TurnServer, WsServer
from sipcli.config.types import (
    Kind,
    T,
    Unacceptable,
    clean,
    number_of_text,
    number_of_toml,
    shortest,
    string,
)

V = TypeVar("V")

NONE: Final = "none"
"""The word for the empty list in options and in the environment."""

MAX_ELEMENTS: Final = 64
"""Elements in one list. Real lists are far shorter, and each server costs an attempt."""

_WEIGHT: Final = ";weight="
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")
_HANDSHAKE: Final = ("connection", "content-length", "host", "transfer-encoding", "upgrade")
_URL_KEYS: Final = ("urls", "url", "server")
_PASSWORD_KEYS: Final = ("password", "credential")


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


def ws_servers() -> Kind[tuple[WsServer, ...]]:
    """Return the kind of `ws_servers`: text, `{ws_uri, weight}`, or a list of both."""
    one = "ws://HOST or wss://HOST, with optional :PORT, path and ;weight=N"

    def from_word(word: str) -> WsServer:
        uri, mark, weight = word.rpartition(_WEIGHT)
        if not mark:
            return WsServer(ws_uri(word))
        try:
            return WsServer(ws_uri(uri), number_of_text(weight))
        except Unacceptable as fault:
            raise Unacceptable(fault.reason or "its weight is not a number") from None

    def from_element(value: object) -> WsServer:
        if isinstance(value, str):
            return from_word(value)
        table = fields(value, ("ws_uri", "weight"), "a string or { ws_uri, weight }")
        if "ws_uri" not in table:
            raise Unacceptable("ws_uri is missing", accepts="{ ws_uri, weight }")
        uri = _at("ws_uri", one, lambda: ws_uri(string(table["ws_uri"])))
        number = "a number such as 10 or 0.5"
        return WsServer(uri, _at("weight", number, lambda: number_of_toml(table.get("weight", 0))))

    return Kind(
        accepts=f"{one}; or none",
        metavar="URI[;weight=N]",
        from_toml=lambda value: _one_or_more(value, from_element),
        from_words=lambda words: words_or_none(words, from_word),
        plain=lambda servers: [
            {"ws_uri": str(server), "weight": shortest(server.weight)}
            if server.weight
            else str(server)
            for server in servers
        ],
        split=str.split,
        many=True,
    )


def stun_servers() -> Kind[tuple[str, ...]]:
    """Return the kind of `stun_servers`: text or a list of texts."""
    return Kind(
        accepts="stun:HOST or stuns:HOST, with optional :PORT; or none",
        metavar="URI",
        from_toml=lambda value: _one_or_more(value, lambda item: stun_uri(string(item))),
        from_words=lambda words: words_or_none(words, stun_uri),
        plain=list,
        split=str.split,
        many=True,
    )


def turn_servers() -> Kind[tuple[TurnServer, ...]]:
    """Return the kind of `turn_servers`: `{urls, username, password}` or a list of them."""
    return Kind(
        accepts="turn:HOST or turns:HOST with optional :PORT and ?transport=udp or =tcp, "
        "then ,USER,PASSWORD (in the file: { urls, username, password }); or none",
        metavar="URI,USER,PASSWORD",
        from_toml=lambda value: _one_or_more(value, _turn_of_table),
        from_words=lambda words: words_or_none(words, _turn_of_word),
        plain=lambda servers: [_plain_turn(server) for server in servers],
        split=str.split,
        many=True,
    )


def _turn_of_word(word: str) -> TurnServer:
    url, comma, credentials = word.partition(",")
    username, second_comma, password = credentials.partition(",")
    if comma and not (username and second_comma and password):
        raise Unacceptable("it needs a user and a password after the first comma")
    uri = _shown_url(url)
    return TurnServer((uri,), clean(username), clean(password)) if comma else TurnServer((uri,))


def _turn_of_table(value: object) -> TurnServer:
    accepts = "{ urls, username, password }"
    table = fields(value, (*_URL_KEYS, "username", *_PASSWORD_KEYS), accepts)
    url_key = _only_one(table, _URL_KEYS, accepts)
    if url_key is None:
        raise Unacceptable("urls is missing", accepts=accepts)
    url_form = "turn:HOST or turns:HOST, with optional :PORT and ?transport=udp or =tcp"
    urls = _at(
        url_key,
        url_form,
        lambda: _one_or_more(table[url_key], lambda item: _shown_url(string(item))),
    )
    if not urls:
        raise Unacceptable("it is empty", accepts=url_form, at=(url_key,))
    password_key = _only_one(table, _PASSWORD_KEYS, accepts)
    if ("username" in table) != (password_key is not None):
        raise Unacceptable("username and password go together", accepts=accepts)
    if password_key is None:
        return TurnServer(urls)
    username = _at("username", "a string", lambda: clean(string(table["username"])))
    password = _at(password_key, "a string", lambda: clean(string(table[password_key])))
    return TurnServer(urls, username, password)


def _shown_url(url: str) -> str:
    """Read a TURN URI; an error may show it, unlike the credentials beside it."""
    try:
        return turn_uri(url)
    except Unacceptable as fault:
        if url[:4].lower() == "turn":
            fault.shown = wrong_value(url)
        raise


def _plain_turn(server: TurnServer) -> dict[str, object]:
    plain: dict[str, object] = {"urls": list(server.urls)}
    if server.username is not None:
        plain |= {"username": server.username, "password": HIDDEN}
    return plain


def headers() -> Kind[tuple[tuple[str, str], ...]]:
    """Return the kind of `ws_headers`: a table in the file, `Name: value` lines elsewhere."""

    def from_word(word: str) -> tuple[str, str]:
        name, colon, value = word.partition(":")
        if not colon:
            raise Unacceptable("it has no colon")
        return _header_name(name.strip()), clean(value.strip())

    def contents(content: object) -> tuple[str, ...]:
        return _one_or_more(content, lambda item: clean(string(item)))

    def from_toml(value: object) -> tuple[tuple[str, str], ...]:
        if not isinstance(value, dict):
            raise Unacceptable(accepts='a table such as { X-Tenant = "blue" }')
        pairs: list[tuple[str, str]] = []
        for name, content in value.items():
            _at(name, "another header", partial(_header_name, name))
            texts = _at(name, "a string or a list of strings", partial(contents, content))
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
        from_toml=lambda value: checked(_one_or_more(value, lambda item: read(string(item)))),
        from_words=lambda words: checked(
            tuple(read(name) for word in words for name in word.replace(",", " ").split())
        ),
        plain=list,
        split=str.split,
        many=True,
    )


def _one_or_more(value: object, read: Callable[[object], T]) -> tuple[T, ...]:
    """Read a list of elements, or a single element."""
    return elements(value, read) if isinstance(value, list) else (read(value),)


def _at(name: str, accepts: str, read: Callable[[], T]) -> T:
    """Read the part called `name`; an error names it, and says what it accepts."""
    try:
        return read()
    except Unacceptable as fault:
        fault.at = (name, *fault.at)
        fault.accepts = fault.accepts or accepts
        raise


def _only_one(table: dict[str, object], names: Sequence[str], accepts: str) -> str | None:
    """Return which of several synonymous names is used; None if none is."""
    used = [name for name in names if name in table]
    if len(used) > 1:
        raise Unacceptable(f"{' and '.join(used)} mean the same", accepts=accepts)
    return used[0] if used else None
